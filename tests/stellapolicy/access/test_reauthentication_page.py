"""Proving again who one is, and going on where one was."""

from datetime import UTC, datetime
from http import HTTPStatus
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from stellapolicy.access.models import User
from stellapolicy.access.reauthentication import AUTHENTICATED_AT
from stellapolicy.access.roles import Role
from stellapolicy.tenancy.models import Tenant
from tests.factories import UserFactory, give_roles

PAGE = "/admin/reauthenticate/"
PASSWORD = "correct horse battery"
LONG_AGO = "2026-01-01T00:00:00Z"


@pytest.fixture
def alice(tenant: Tenant, settings: Settings) -> User:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    person = UserFactory(username=f"alice-{uuid4().hex}")
    person.set_password(PASSWORD)
    person.save()
    give_roles(person, tenant, Role.REVIEWER)
    return person


@pytest.fixture
def browser(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    session = client.session
    session[AUTHENTICATED_AT] = LONG_AGO
    session.save()
    return client


def test_the_password_makes_the_sign_in_fresh_and_leads_back(browser: Client) -> None:
    before = datetime.now(tz=UTC)
    key = browser.session.session_key

    answer = browser.post(PAGE, {"password": PASSWORD, "next": "/admin/gates/gate/"})

    assert (answer.status_code, answer["Location"]) == (HTTPStatus.FOUND, "/admin/gates/gate/")
    assert datetime.fromisoformat(browser.session[AUTHENTICATED_AT]) >= before
    assert browser.session.session_key != key


def test_a_wrong_password_changes_nothing(browser: Client) -> None:
    answer = browser.post(PAGE, {"password": "wrong"})

    assert "This is not your password" in answer.content.decode()
    assert browser.session[AUTHENTICATED_AT] == LONG_AGO


def test_wrong_passwords_lock_here_as_well(browser: Client) -> None:
    answers = [browser.post(PAGE, {"password": "wrong"}).status_code for _ in range(5)]

    assert answers[-1] == HTTPStatus.TOO_MANY_REQUESTS
    assert browser.post(PAGE, {"password": PASSWORD}).status_code == HTTPStatus.TOO_MANY_REQUESTS


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_nobody_is_led_elsewhere(elsewhere: str, browser: Client) -> None:
    answer = browser.post(PAGE, {"password": PASSWORD, "next": elsewhere})

    assert answer["Location"] == "/admin/"


def test_the_page_names_the_person_and_keeps_the_way_back(browser: Client, alice: User) -> None:
    page = browser.get(PAGE, {"next": "/admin/gates/gate/"}).content.decode()

    assert alice.username in page
    assert 'value="/admin/gates/gate/"' in page


def test_whoever_is_not_signed_in_signs_in(db: None) -> None:
    answer = Client().get(PAGE, {"next": "/admin/gates/gate/"})

    assert answer["Location"] == "/admin/login/?next=%2Fadmin%2Fgates%2Fgate%2F"
