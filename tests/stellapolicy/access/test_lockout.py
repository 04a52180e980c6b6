"""Wrong passwords close the door for a while, to one name from one address."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import pytest
from axes.handlers.proxy import AxesProxyHandler
from django.core.cache.backends.redis import RedisCache
from django.test import Client
from pytest_django.fixtures import Settings

from stellapolicy import settings as shipped
from stellapolicy.access.errors import NotLocked, PersonNotFound
from stellapolicy.access.locks import locked_addresses
from stellapolicy.access.models import User
from stellapolicy.access.roles import Role
from stellapolicy.access.services.lockout import unlock_sign_in
from stellapolicy.audit.models import Entry
from stellapolicy.kernel.actor import Actor
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import UserFactory, give_roles

LOGIN = "/admin/login/"
PASSWORD = "correct horse battery"
HOME, CAFE = "192.0.2.7", "198.51.100.9"


@pytest.fixture(autouse=True)
def cheap(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def alice(tenant: Tenant, cheap: None) -> User:
    return knowing_the_password(tenant)


def knowing_the_password(tenant: Tenant) -> User:
    """Return somebody whom no other test has locked: the counts outlive a test."""
    person = UserFactory(username=f"alice-{uuid4().hex}")
    person.set_password(PASSWORD)
    person.save()
    give_roles(person, tenant, Role.VIEWER)
    return person


def tried(name: str, password: str, *, at: str = HOME) -> Any:
    return Client(REMOTE_ADDR=at).post(LOGIN, {"username": name, "password": password})


def is_in(answer: Any) -> bool:
    return bool(answer.status_code == HTTPStatus.FOUND)


def test_after_five_wrong_passwords_the_right_one_is_refused_too(alice: User) -> None:
    wrong = [tried(alice.username, "wrong") for _ in range(5)]

    right = tried(alice.username, PASSWORD)

    assert wrong[-1].status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert right.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert right["Retry-After"] == "900"
    assert "locked from your address for 15 minutes" in right.content.decode()


def test_four_wrong_passwords_are_forgotten_with_the_right_one(alice: User) -> None:
    for _ in range(2):
        for _ in range(4):
            tried(alice.username, "wrong")
        assert is_in(tried(alice.username, PASSWORD))


def test_a_stranger_elsewhere_locks_nobody_out(alice: User) -> None:
    for _ in range(6):
        tried(alice.username, "wrong", at=CAFE)

    assert is_in(tried(alice.username, PASSWORD, at=HOME))


def test_a_colleague_behind_the_same_address_signs_in(alice: User, tenant: Tenant) -> None:
    bob = knowing_the_password(tenant)
    for _ in range(6):
        tried(alice.username, "wrong")

    assert is_in(tried(bob.username, PASSWORD))


def test_a_lock_is_recorded_once_with_its_address(alice: User, tenant: Tenant) -> None:
    for _ in range(8):
        tried(alice.username, "wrong")

    with tenant_scope(tenant.pk):
        entry = Entry.objects.get(action="person.sign_in_locked")
    assert entry.target_id == str(alice.pk)
    assert HOME in entry.reason


def test_an_unknown_name_is_locked_like_a_known_one(tenant: Tenant) -> None:
    nobody = f"nobody-{uuid4().hex}"

    answers = [tried(nobody, "wrong").status_code for _ in range(6)]

    assert answers[4:] == [HTTPStatus.TOO_MANY_REQUESTS] * 2


def test_an_administrator_unlocks(alice: User, actor: Actor, tenant: Tenant) -> None:
    for _ in range(5):
        tried(alice.username, "wrong")
    locked = locked_addresses(alice.username)
    with tenant_scope(tenant.pk):
        unlock_sign_in(actor=actor, user=alice, at=datetime.now(tz=UTC), reason="called me")

    assert locked == (HOME,)
    assert is_in(tried(alice.username, PASSWORD))
    with tenant_scope(tenant.pk):
        assert Entry.objects.get(action="person.sign_in_unlocked").reason == "called me"


def test_what_is_not_locked_cannot_be_unlocked(alice: User, actor: Actor, tenant: Tenant) -> None:
    with tenant_scope(tenant.pk), pytest.raises(NotLocked):
        unlock_sign_in(actor=actor, user=alice, at=datetime.now(tz=UTC), reason="")


def test_nobody_unlocks_a_stranger(actor: Actor, tenant: Tenant) -> None:
    with tenant_scope(tenant.pk), pytest.raises(PersonNotFound):
        unlock_sign_in(actor=actor, user=UserFactory(), at=datetime.now(tz=UTC), reason="")


def test_where_nobody_can_count_nobody_signs_in_with_a_password(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AxesProxyHandler.get_implementation(), "cache", RedisCache("redis://127.0.0.1:1/0", {}))

    answer = tried(alice.username, PASSWORD)

    assert answer.status_code == HTTPStatus.OK
    assert "Nobody can sign in with a password at the moment" in answer.content.decode()


def test_passwords_can_be_switched_off(alice: User, settings: Settings) -> None:
    settings.LOCAL_PASSWORD_SIGN_IN = False
    settings.OIDC_ISSUER = "https://sso.example.org"

    page = Client().get(LOGIN).content.decode()

    assert not is_in(tried(alice.username, PASSWORD))
    assert "Sign in with your organisation" in page
    assert 'name="password"' not in page


def test_without_a_provider_the_page_offers_none() -> None:
    page = Client().get(LOGIN).content.decode()

    assert "Sign in with your organisation" not in page
    assert 'name="password"' in page


def test_passwords_are_kept_with_scrypt() -> None:
    assert shipped.PASSWORD_HASHERS[0] == "django.contrib.auth.hashers.ScryptPasswordHasher"
