from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client, RequestFactory

from stellapolicy.access.errors import ReauthenticationNeeded
from stellapolicy.access.reauthentication import AUTHENTICATED_AT, EXEMPTION, require_recent
from stellapolicy.access.roles import Role
from stellapolicy.access.selectors import Membership
from stellapolicy.access.sign_in import SignIn, actor_for
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, person_with, token_for


def somebody(**extra: str) -> Actor:
    return Actor(tenant_id=uuid4(), subject="user:alice", extra=extra)


@pytest.mark.parametrize("age", [timedelta(0), timedelta(minutes=15)])
def test_a_sign_in_of_the_last_15_minutes_suffices(age: timedelta) -> None:
    require_recent(somebody(authenticated_at=rfc3339(NOON - age)), at=NOON)


def test_an_older_sign_in_is_refused_with_the_way_out() -> None:
    actor = somebody(authenticated_at=rfc3339(NOON - timedelta(minutes=15, seconds=1)))

    with pytest.raises(ReauthenticationNeeded) as refused:
        require_recent(actor, at=NOON)

    assert refused.value.code == "access.reauthentication_needed"
    assert "/admin/reauthenticate/" in refused.value.detail


@pytest.mark.parametrize("said", [{}, {AUTHENTICATED_AT: ""}, {AUTHENTICATED_AT: "2026-03-02T12:00:00"}])
def test_whoever_cannot_say_when_they_signed_in_is_refused(said: dict[str, str]) -> None:
    with pytest.raises(ReauthenticationNeeded):
        require_recent(somebody(**said), at=NOON)


def test_a_session_says_when_it_began(tenant: Tenant) -> None:
    person = person_with(tenant, Role.REVIEWER)
    client = Client()
    before = datetime.now(tz=UTC)
    client.force_login(person)

    request = RequestFactory().get("/")
    request.session = client.session
    with tenant_scope(tenant.pk):
        actor = actor_for(SignIn(person, Membership(tenant.pk, tenant.slug, tenant.name)), request, at=NOON)

    assert datetime.fromisoformat(actor.extra[AUTHENTICATED_AT]) >= before
    require_recent(actor, at=datetime.now(tz=UTC))


def test_a_token_is_exempt_and_says_so(tenant: Tenant) -> None:
    person = person_with(tenant, Role.REVIEWER)
    token = token_for(person, tenant, "exception:approve").token

    with tenant_scope(tenant.pk):
        actor = actor_for(
            SignIn(person, Membership(tenant.pk, tenant.slug, tenant.name), token),
            RequestFactory().get("/"),
            at=datetime.now(tz=UTC),
        )

    assert EXEMPTION.items() <= actor.extra.items()
    require_recent(actor, at=NOON)
