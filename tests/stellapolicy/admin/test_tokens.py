"""Tokens in the admin: issued and shown once, given a new secret, revoked with a reason, all through the services."""

from http import HTTPStatus

import pytest
from django.test import Client
from django.urls import reverse

from stellapolicy.access.models import ApiToken, User
from stellapolicy.access.roles import Role
from stellapolicy.access.selectors import authenticate_token
from stellapolicy.audit.models import Entry
from stellapolicy.kernel.clock import now
from stellapolicy.tenancy.scope import tenant_scope
from tests.admin_pages import Inhabited
from tests.factories import person_with

_SCOPES = ["gate:evaluate", "gate:read"]


@pytest.fixture
def admin_person(acme: Inhabited) -> User:
    """An administrator of the tenant."""
    return person_with(acme.tenant, Role.ADMIN)


@pytest.fixture
def pipeline(acme: Inhabited) -> User:
    """The person a pipeline's token speaks for."""
    return person_with(acme.tenant, Role.SERVICE)


@pytest.fixture
def browser(acme: Inhabited, admin_person: User) -> Client:
    """A browser in which the administrator is signed in."""
    return acme.sign_in(admin_person)


def test_a_token_is_issued_and_its_secret_shown_in_this_answer_alone(browser: Client, pipeline: User) -> None:
    shown = browser.post(reverse("admin:access_apitoken_issue"), _asked(pipeline))
    secret = shown.context["secret"]

    token = authenticate_token(secret, at=now())
    again = browser.get(reverse("admin:access_apitoken_change", args=[token.pk]))

    assert "no-store" in shown["Cache-Control"]
    assert secret in shown.content.decode()
    assert (token.name, token.user, sorted(token.scopes)) == ("ci-checkout", pipeline, _SCOPES)
    assert secret not in again.content.decode()


def test_only_scopes_of_the_one_who_asks_are_offered(browser: Client) -> None:
    offered = browser.get(reverse("admin:access_apitoken_issue")).content.decode()

    assert 'value="gate:evaluate"' in offered
    assert 'value="gate:bypass"' not in offered


def test_a_refusal_of_the_service_is_told_in_the_form_and_leaves_nothing_behind(
    acme: Inhabited, browser: Client, pipeline: User
) -> None:
    before = ApiToken.objects.count()

    answer = browser.post(reverse("admin:access_apitoken_issue"), {**_asked(pipeline), "scopes": ["governance:write"]})

    assert answer.status_code == HTTPStatus.OK
    assert "These scopes are not yours to give" in answer.content.decode()
    assert ApiToken.objects.count() == before


def test_a_name_that_lives_already_is_told(acme: Inhabited, browser: Client, pipeline: User) -> None:
    asked = {**_asked(pipeline), "name": acme.token.name}

    answer = browser.post(reverse("admin:access_apitoken_issue"), asked)

    assert "The name is taken" in answer.content.decode()


def test_a_form_left_empty_says_what_is_missing(browser: Client) -> None:
    answer = browser.post(reverse("admin:access_apitoken_issue"), {})

    assert answer.content.decode().count("This field is required") >= 3


def test_people_of_other_tenants_cannot_be_spoken_for(browser: Client, outsider: User) -> None:
    answer = browser.post(reverse("admin:access_apitoken_issue"), _asked(outsider))

    assert answer.status_code == HTTPStatus.OK
    assert "Select a valid choice" in answer.content.decode()


def test_a_token_is_revoked_with_a_reason_that_stays(acme: Inhabited, browser: Client) -> None:
    address = reverse("admin:access_apitoken_revoke", args=[acme.token.pk])

    answer = browser.post(address, {"reason": "its repository became public"}, follow=True)

    with tenant_scope(acme.tenant.pk):
        entry = Entry.objects.get(action="token.revoked")
    assert ApiToken.objects.get(pk=acme.token.pk).revoked_at is not None
    assert entry.reason == "its repository became public"
    assert "is revoked" in answer.content.decode()
    assert "revoked" in answer.content.decode()


def test_a_revocation_without_a_reason_is_refused(acme: Inhabited, browser: Client) -> None:
    answer = browser.post(reverse("admin:access_apitoken_revoke", args=[acme.token.pk]), {"reason": ""})

    assert "This field is required" in answer.content.decode()
    assert ApiToken.objects.get(pk=acme.token.pk).revoked_at is None


def test_a_new_secret_ends_the_old_token(acme: Inhabited, browser: Client, pipeline: User) -> None:
    issued = browser.post(reverse("admin:access_apitoken_issue"), _asked(pipeline))
    old = authenticate_token(issued.context["secret"], at=now())

    shown = browser.post(reverse("admin:access_apitoken_rotate", args=[old.pk]))

    assert authenticate_token(shown.context["secret"], at=now()).replaces == old
    assert ApiToken.objects.get(pk=old.pk).revoked_at is not None


def test_an_ended_token_has_no_buttons(acme: Inhabited, browser: Client) -> None:
    browser.post(reverse("admin:access_apitoken_revoke", args=[acme.token.pk]), {"reason": "over"})

    page = browser.get(reverse("admin:access_apitoken_change", args=[acme.token.pk])).content.decode()

    assert reverse("admin:access_apitoken_revoke", args=[acme.token.pk]) not in page


@pytest.mark.parametrize("door", ["issue", "rotate", "revoke"])
def test_somebody_who_does_not_govern_is_refused_at_every_door(acme: Inhabited, door: str) -> None:
    arguments = [] if door == "issue" else [acme.token.pk]
    browser = acme.sign_in(person_with(acme.tenant, Role.AUDITOR, Role.CISO, Role.SECURITY))

    answers = [
        browser.get(reverse(f"admin:access_apitoken_{door}", args=arguments)).status_code,
        browser.post(reverse(f"admin:access_apitoken_{door}", args=arguments), {"reason": "no"}).status_code,
    ]

    assert answers == [HTTPStatus.FORBIDDEN] * 2


@pytest.mark.parametrize("state, is_shown", [("live", True), ("ended", False), ("", True)])
def test_tokens_are_narrowed_to_those_that_live(acme: Inhabited, browser: Client, state: str, is_shown: object) -> None:
    shown = browser.get(reverse("admin:access_apitoken_changelist"), {"state": state}).content.decode()

    assert (str(acme.token.pk) in shown) is is_shown


def _asked(person: User) -> dict[str, object]:
    return {"name": "ci-checkout", "user": str(person.pk), "scopes": _SCOPES, "lifetime": "30"}
