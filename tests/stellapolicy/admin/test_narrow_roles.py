"""A role held for one service opens the pages of that service, and nothing of the tenant as such."""

from http import HTTPStatus

import pytest
from django.test import Client
from django.urls import reverse

from policies.models import Artifact
from stellapolicy.access.models import ApiToken, User
from stellapolicy.access.roles import Role
from stellapolicy.admin.base import PageAdmin
from stellapolicy.tenancy.models import Service, Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.admin_pages import list_address, pages
from tests.factories import NOON, ServiceFactory, TenantFactory, UserFactory, give_roles, person_with, token_for
from tests.reports import digest_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant() -> Tenant:
    return TenantFactory()


@pytest.fixture
def mine(tenant: Tenant) -> Service:
    with tenant_scope(tenant.pk):
        return ServiceFactory(slug="mine")


@pytest.fixture
def narrow(tenant: Tenant, mine: Service) -> User:
    """Somebody whose every role is held for one service."""
    return person_with(tenant, *Role, service=mine)


def browser_of(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def artifact(tenant: Tenant, name: str, service: Service | None) -> Artifact:
    with tenant_scope(tenant.pk):
        return Artifact.objects.create(digest=digest_of(name), name=name, service=service, first_seen_at=NOON)


def test_every_list_is_narrowed_by_service_closed_or_a_catalogue(narrow: User) -> None:
    browser = browser_of(narrow)

    answers = {page.opts.label_lower: browser.get(list_address(page)).status_code for page in pages()}

    open_pages = {page.opts.label_lower for page in pages() if has_service_path(page) or page.is_catalogue}
    assert {name for name, status in answers.items() if status == HTTPStatus.OK} == open_pages
    assert set(answers.values()) == {HTTPStatus.OK, HTTPStatus.FORBIDDEN}


def has_service_path(page: PageAdmin) -> bool:  # type: ignore[type-arg]  # a page of any model
    return bool(getattr(page.model, "service_path", ""))


@pytest.mark.parametrize(
    "closed", ["audit_entry", "access_user", "governance_governancesetting", "outbox_webhooksubscription"]
)
def test_pages_of_the_tenant_as_such_stay_closed(closed: str, narrow: User) -> None:
    assert browser_of(narrow).get(reverse(f"admin:{closed}_changelist")).status_code == HTTPStatus.FORBIDDEN


def test_only_rows_of_the_service_are_listed_and_opened(tenant: Tenant, narrow: User, mine: Service) -> None:
    with tenant_scope(tenant.pk):
        other = ServiceFactory(slug="other")
    seen, hidden, nobodys = (
        artifact(tenant, name, service) for name, service in (("seen", mine), ("hidden", other), ("nobodys", None))
    )
    browser = browser_of(narrow)

    listed = browser.get(reverse("admin:policies_artifact_changelist")).content.decode()
    opened = {
        row.name: browser.get(reverse("admin:policies_artifact_change", args=[row.pk])).status_code
        for row in (seen, hidden, nobodys)
    }

    assert seen.digest in listed or "seen" in listed
    assert hidden.digest not in listed
    assert opened == {"seen": 200, "hidden": 404, "nobodys": 404}


def test_a_service_is_listed_to_those_who_hold_a_role_for_it(tenant: Tenant, narrow: User, mine: Service) -> None:
    with tenant_scope(tenant.pk):
        ServiceFactory(slug="other", name="Somebody else's")

    listed = browser_of(narrow).get(reverse("admin:tenancy_service_changelist")).content.decode()

    assert mine.name in listed
    assert "Somebody else" not in listed


def test_tokens_are_narrowed_to_those_of_the_service(tenant: Tenant, narrow: User, mine: Service) -> None:
    token_for(narrow, tenant, "gate:read", name="for-mine", service_id=mine.pk)
    token_for(person_with(tenant, Role.VIEWER), tenant, "gate:read", name="for-all")

    listed = browser_of(narrow).get(reverse("admin:access_apitoken_changelist")).content.decode()

    assert ApiToken.objects.count() == 2
    assert "for-mine" in listed
    assert "for-all" not in listed


def test_a_role_for_the_tenant_widens_only_what_it_opens_itself(tenant: Tenant, mine: Service) -> None:
    person = UserFactory()
    give_roles(person, tenant, Role.VIEWER)
    give_roles(person, tenant, Role.AUDITOR, service=mine)
    everybodys = artifact(tenant, "everybodys", None)
    browser = browser_of(person)

    listed = browser.get(reverse("admin:policies_artifact_changelist")).content.decode()

    assert "everybodys" in listed or everybodys.digest in listed
    assert browser.get(reverse("admin:audit_entry_changelist")).status_code == HTTPStatus.FORBIDDEN


def test_a_role_for_a_team_opens_the_services_of_the_team(tenant: Tenant, mine: Service) -> None:
    artifact(tenant, "seen", mine)
    person = person_with(tenant, Role.VIEWER, team=mine.team)

    listed = browser_of(person).get(reverse("admin:policies_artifact_changelist")).content.decode()

    assert "seen" in listed


def test_a_superuser_sees_every_row(tenant: Tenant) -> None:
    artifact(tenant, "nobodys", None)

    listed = browser_of(UserFactory(is_superuser=True)).get(reverse("admin:policies_artifact_changelist"))

    assert "nobodys" in listed.content.decode()
