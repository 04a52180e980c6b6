from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from stellapolicy.access import errors
from stellapolicy.access.models import ApiToken
from stellapolicy.access.roles import POWERS, Role, Scope
from stellapolicy.access.selectors import authenticate_token
from stellapolicy.access.services.tokens import issue_token, revoke_token, rotate_token
from stellapolicy.audit.models import Entry
from stellapolicy.kernel.actor import Actor, ScopeMissing
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, ServiceFactory, UserFactory, person_with, token_for

LATER = NOON + timedelta(hours=1)


@pytest.fixture(autouse=True)
def scope(tenant: Tenant) -> Iterator[None]:
    with tenant_scope(tenant.pk):
        yield


def test_a_token_is_kept_as_a_digest_only(tenant: Tenant) -> None:
    issued = token_for(person_with(tenant, Role.VIEWER), tenant, "gate:read", at=NOON)

    stored = ApiToken.objects.values().get()

    assert issued.secret not in repr(stored)
    assert stored["token_key"] == issued.secret[:15]
    assert authenticate_token(issued.secret, at=LATER) == issued.token


def test_issuing_is_audited(tenant: Tenant) -> None:
    issued = token_for(person_with(tenant, Role.VIEWER), tenant, "gate:read", at=NOON)

    entry = Entry.objects.get()

    assert (entry.action, entry.target_id, entry.at) == ("token.issued", str(issued.token.pk), NOON)


def test_a_token_lives_90_days_unless_said_otherwise(tenant: Tenant) -> None:
    usual = token_for(person_with(tenant, Role.VIEWER), tenant, "gate:read", at=NOON).token
    short = token_for(person_with(tenant, Role.VIEWER), tenant, at=NOON, lifetime=timedelta(days=1)).token

    assert usual.expiry == NOON + timedelta(days=90)
    assert short.expiry == NOON + timedelta(days=1)


@pytest.mark.parametrize("lifetime", [timedelta(0), timedelta(days=-1), timedelta(days=367)])
def test_a_token_without_an_end_in_sight_is_refused(lifetime: timedelta, tenant: Tenant) -> None:
    with pytest.raises(errors.LifetimeRefused):
        token_for(person_with(tenant, Role.VIEWER), tenant, lifetime=lifetime, at=NOON)


def test_nobody_gives_scopes_they_do_not_hold(tenant: Tenant, actor: Actor) -> None:
    admin = replace(actor, scopes=frozenset({Scope.GOVERNANCE_WRITE}))

    with pytest.raises(errors.ScopesExceeded):
        issue_token(actor=admin, user=person_with(tenant, *Role), name="ci", scopes=["gate:bypass"], at=NOON)

    assert not ApiToken.objects.exists()


def test_an_admin_gives_a_machine_what_only_machines_hold(tenant: Tenant, actor: Actor) -> None:
    admin = replace(actor, scopes=POWERS[Role.ADMIN].scopes)
    machine = person_with(tenant, Role.SERVICE)

    issued = issue_token(actor=admin, user=machine, name="runtime", scopes=["effective:write"], at=NOON)

    assert issued.token.scopes == ["effective:write"]


def test_nobody_else_is_given_what_only_machines_hold(tenant: Tenant, actor: Actor) -> None:
    admin = replace(actor, scopes=POWERS[Role.ADMIN].scopes)
    person = person_with(tenant, *(role for role in Role if role is not Role.SERVICE))

    with pytest.raises(errors.ScopesExceeded):
        issue_token(actor=admin, user=person, name="runtime", scopes=["effective:write"], at=NOON)


def test_no_token_is_given_scopes_that_its_person_does_not_hold(tenant: Tenant, actor: Actor) -> None:
    with pytest.raises(errors.ScopesExceeded):
        issue_token(actor=actor, user=person_with(tenant, Role.VIEWER), name="ci", scopes=["gate:bypass"], at=NOON)


def test_a_scope_held_for_one_service_makes_no_token_for_the_tenant(tenant: Tenant, actor: Actor) -> None:
    service = ServiceFactory()
    person = person_with(tenant, Role.REVIEWER, service=service)

    limited = token_for(person, tenant, "exception:approve", service_id=service.pk, at=NOON)
    with pytest.raises(errors.ScopesExceeded):
        issue_token(actor=actor, user=person, name="wide", scopes=["exception:approve"], at=NOON)

    assert limited.token.service_id == service.pk


def test_an_unknown_scope_is_refused_with_its_place(tenant: Tenant, actor: Actor) -> None:
    with pytest.raises(errors.ScopeUnknown) as refused:
        issue_token(actor=actor, user=person_with(tenant, *Role), name="ci", scopes=["gate:read", "all"], at=NOON)

    assert [fault.pointer for fault in refused.value.faults] == ["/scopes/1"]
    assert refused.value.detail == "there is no scope all"


def test_a_living_name_is_taken(tenant: Tenant) -> None:
    person = person_with(tenant, Role.VIEWER)
    token_for(person, tenant, name="ci", at=NOON)

    with pytest.raises(errors.TokenNameTaken):
        token_for(person, tenant, name="ci", at=NOON)


def test_the_service_of_another_tenant_is_not_found(tenant: Tenant) -> None:
    with pytest.raises(errors.ServiceNotFound):
        token_for(person_with(tenant, Role.SERVICE), tenant, service_id=uuid4(), at=NOON)


def test_somebody_without_a_role_gets_no_token(tenant: Tenant) -> None:
    with pytest.raises(errors.PersonNotFound):
        token_for(UserFactory(), tenant, at=NOON)


def test_a_disabled_person_gets_no_token(tenant: Tenant) -> None:
    person = person_with(tenant, Role.VIEWER)
    person.is_active = False

    with pytest.raises(errors.PersonDisabled):
        token_for(person, tenant, at=NOON)


def test_issuing_needs_its_scope(tenant: Tenant, actor: Actor) -> None:
    powerless = replace(actor, scopes=frozenset({Scope.GATE_READ}))

    with pytest.raises(ScopeMissing):
        issue_token(actor=powerless, user=person_with(tenant, *Role), name="ci", scopes=["gate:read"], at=NOON)


def test_rotating_ends_the_old_secret_at_once(tenant: Tenant, actor: Actor) -> None:
    old = token_for(person_with(tenant, Role.VIEWER), tenant, "gate:read", name="ci", at=NOON)

    new = rotate_token(actor=actor, pk=old.token.pk, at=LATER)

    assert authenticate_token(new.secret, at=LATER).replaces == old.token
    assert (new.token.name, new.token.scopes) == ("ci", ["gate:read"])
    assert new.token.expiry - LATER == old.token.expiry - NOON
    with pytest.raises(errors.TokenRevoked):
        authenticate_token(old.secret, at=LATER)


def test_a_revoked_token_stays_and_names_who_ended_it(tenant: Tenant, actor: Actor) -> None:
    issued = token_for(person_with(tenant, Role.VIEWER), tenant, at=NOON)

    revoke_token(actor=actor, pk=issued.token.pk, at=LATER, reason="leaked")

    token = ApiToken.objects.get()
    assert (token.revoked_at, token.revoked_by) == (LATER, "system:test")
    assert Entry.objects.get(action="token.revoked").reason == "leaked"


@pytest.mark.parametrize("verb", [rotate_token, revoke_token])
def test_what_has_ended_cannot_be_ended_again(verb: object, tenant: Tenant, actor: Actor) -> None:
    issued = token_for(person_with(tenant, Role.VIEWER), tenant, at=NOON)
    revoke_token(actor=actor, pk=issued.token.pk, at=LATER)

    with pytest.raises(errors.TokenEnded):
        verb(actor=actor, pk=issued.token.pk, at=LATER)  # type: ignore[operator]  # both take the same


@pytest.mark.parametrize("verb", [rotate_token, revoke_token])
def test_the_tokens_of_another_tenant_are_not_found(
    verb: object, tenant: Tenant, actor: Actor, other_tenant: Tenant
) -> None:
    issued = token_for(person_with(tenant, Role.VIEWER), tenant, at=NOON)
    stranger = replace(actor, tenant_id=other_tenant.pk)

    with pytest.raises(errors.TokenNotFound):
        verb(actor=stranger, pk=issued.token.pk, at=LATER)  # type: ignore[operator]  # both take the same
