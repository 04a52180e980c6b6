"""People in the admin: made known with a role, given another, withdrawn from, locked out."""

from http import HTTPStatus

import pytest
from django.test import Client
from django.urls import reverse

from stellapolicy.access.models import RoleAssignment, User
from stellapolicy.access.roles import Role
from stellapolicy.tenancy.models import Service, Team
from stellapolicy.tenancy.scope import tenant_scope
from tests.admin_pages import Inhabited
from tests.factories import person_with


@pytest.fixture
def admin_person(acme: Inhabited) -> User:
    """An administrator of the tenant."""
    return person_with(acme.tenant, Role.ADMIN)


@pytest.fixture
def browser(acme: Inhabited, admin_person: User) -> Client:
    """A browser in which the administrator is signed in."""
    return acme.sign_in(admin_person)


def test_a_new_person_has_a_role_and_can_sign_in(acme: Inhabited, browser: Client) -> None:
    asked = {"username": "robin", "email": "robin@example.org", "password": "a long enough one", "role": "requester"}

    answer = browser.post(reverse("admin:access_user_new"), asked, follow=True)

    person = User.objects.get(username="robin")
    assert person.check_password("a long enough one")
    assert roles_of(acme, person) == {Role.REQUESTER}
    assert "robin is now requester." in answer.content.decode()


def test_a_role_that_opens_something_waits_for_somebody_else(acme: Inhabited, browser: Client) -> None:
    answer = browser.post(reverse("admin:access_user_role", args=[acme.person.pk]), {"role": "ciso"}, follow=True)

    assert "once somebody else confirms it" in answer.content.decode()
    assert Role.CISO not in roles_of(acme, acme.person)


def test_a_new_person_whose_first_role_waits_is_nobody_of_the_tenant_yet(acme: Inhabited, browser: Client) -> None:
    answer = browser.post(
        reverse("admin:access_user_new"), {"username": "robin", "password": "", "role": "reviewer"}, follow=True
    )

    assert answer.redirect_chain[-1][0] == reverse("admin:access_user_changelist")
    assert roles_of(acme, User.objects.get(username="robin")) == set()


def test_a_weak_password_is_told_and_nobody_is_made_known(browser: Client) -> None:
    answer = browser.post(
        reverse("admin:access_user_new"), {"username": "robin", "password": "short", "role": "reviewer"}
    )

    assert "too short" in answer.content.decode()
    assert not User.objects.filter(username="robin").exists()


def test_a_name_that_is_taken_is_told(browser: Client, admin_person: User) -> None:
    answer = browser.post(reverse("admin:access_user_new"), {"username": admin_person.username, "role": "viewer"})

    assert "The name or address is taken" in answer.content.decode()


def test_a_role_is_given_for_one_service(acme: Inhabited, browser: Client) -> None:
    with tenant_scope(acme.tenant.pk):
        service = Service.objects.get()

    browser.post(reverse("admin:access_user_role", args=[acme.person.pk]), {"role": "requester", "service": service.pk})

    with tenant_scope(acme.tenant.pk):
        assert RoleAssignment.objects.get(user=acme.person, role=Role.REQUESTER).service == service


def test_a_role_is_not_given_for_a_team_and_a_service_at_once(acme: Inhabited, browser: Client) -> None:
    with tenant_scope(acme.tenant.pk):
        asked = {"role": "viewer", "service": Service.objects.get().pk, "team": Team.objects.get().pk}

    answer = browser.post(reverse("admin:access_user_role", args=[acme.person.pk]), asked)

    assert "Choose a team or a service, not both." in answer.content.decode()


def test_nobody_gives_a_role_to_themselves(acme: Inhabited, browser: Client, admin_person: User) -> None:
    answer = browser.post(reverse("admin:access_user_role", args=[admin_person.pk]), {"role": "ciso"})

    assert "Not for oneself" in answer.content.decode()
    assert roles_of(acme, admin_person) == {Role.ADMIN}


def test_a_role_is_withdrawn_with_a_reason(acme: Inhabited, browser: Client) -> None:
    with tenant_scope(acme.tenant.pk):
        held = RoleAssignment.objects.get(user=acme.person, role=Role.AUDITOR)

    browser.post(reverse("admin:access_roleassignment_withdraw", args=[held.pk]), {"reason": "moved on"})

    assert Role.AUDITOR not in roles_of(acme, acme.person)


def test_somebody_locked_out_is_out_at_their_next_request(acme: Inhabited, browser: Client) -> None:
    theirs = acme.sign_in()
    assert theirs.get(reverse("admin:index")).status_code == HTTPStatus.OK

    browser.post(reverse("admin:access_user_lock", args=[acme.person.pk]), {"reason": "left the company"})

    assert theirs.get(reverse("admin:index")).status_code == HTTPStatus.FOUND
    assert not User.objects.get(pk=acme.person.pk).is_active


@pytest.mark.parametrize("door", ["new", "role", "lock"])
def test_somebody_who_does_not_govern_is_refused_at_every_door(acme: Inhabited, door: str) -> None:
    arguments = [] if door == "new" else [acme.person.pk]

    answer = acme.sign_in().post(reverse(f"admin:access_user_{door}", args=arguments), {"reason": "no"})

    assert answer.status_code == HTTPStatus.FORBIDDEN


def roles_of(acme: Inhabited, person: User) -> set[str]:
    with tenant_scope(acme.tenant.pk):
        return set(RoleAssignment.objects.of(person).values_list("role", flat=True))
