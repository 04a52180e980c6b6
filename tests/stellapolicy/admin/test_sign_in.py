"""Who gets in, and what they are told otherwise."""

from http import HTTPStatus

import pytest
from django.test import Client
from django.urls import reverse

from stellapolicy.access.models import User
from stellapolicy.access.roles import Role
from tests.factories import TenantFactory, UserFactory, give_roles, person_with

_PASSWORD = "correct horse battery"


def test_somebody_unknown_is_sent_to_the_sign_in_page(db: None) -> None:
    answer = Client().get(reverse("admin:index"))

    assert answer.status_code == HTTPStatus.FOUND
    assert answer["Location"].startswith(reverse("admin:login"))


def test_a_person_signs_in_with_their_password_and_lands_on_the_overview(db: None) -> None:
    person = _with_password(person_with(TenantFactory(name="Acme Corporation"), Role.VIEWER))

    answer = Client().post(reverse("admin:login"), {"username": person.username, "password": _PASSWORD}, follow=True)

    assert answer.redirect_chain == [(reverse("admin:index"), HTTPStatus.FOUND)]
    assert "Acme Corporation" in answer.content.decode()


def test_a_person_needs_no_mark_of_django_to_sign_in(db: None) -> None:
    person = _with_password(person_with(TenantFactory(), Role.VIEWER))
    User.objects.filter(pk=person.pk).update(is_staff=False)

    answer = Client().post(reverse("admin:login"), {"username": person.username, "password": _PASSWORD}, follow=True)

    assert answer.status_code == HTTPStatus.OK
    assert "Gate decisions" in answer.content.decode() or "Ask the first question" in answer.content.decode()


@pytest.mark.parametrize("password", ["wrong", _PASSWORD])
def test_a_wrong_password_and_a_locked_out_person_read_the_same(db: None, password: str) -> None:
    person = _with_password(person_with(TenantFactory(), Role.VIEWER))
    User.objects.filter(pk=person.pk).update(is_active=password != _PASSWORD)

    answer = Client().post(reverse("admin:login"), {"username": person.username, "password": password})

    assert answer.status_code == HTTPStatus.OK
    assert "This name and password do not belong together" in answer.content.decode()


def test_somebody_without_a_role_is_told_whom_to_ask(db: None) -> None:
    client = Client()
    client.force_login(UserFactory(username="newcomer"))

    answer = client.get(reverse("admin:index"))

    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert "newcomer holds no role in any tenant" in answer.content.decode()
    assert "Ask an administrator" in answer.content.decode()


def test_somebody_without_a_role_can_sign_out(db: None) -> None:
    client = Client()
    client.force_login(UserFactory())

    assert client.post(reverse("admin:logout")).status_code == HTTPStatus.OK


def test_a_person_of_two_tenants_chooses_one_for_the_session(db: None) -> None:
    first, second = TenantFactory(slug="aaa", name="Aaa Ltd"), TenantFactory(slug="bbb", name="Bbb Ltd")
    person = person_with(first, Role.VIEWER)
    give_roles(person, second, Role.VIEWER)
    client = Client()
    client.force_login(person)

    before = client.get(reverse("admin:index")).content.decode()
    after = client.post(reverse("admin:access_tenants"), {"tenant": "bbb"}, follow=True).content.decode()

    assert "Aaa Ltd" in before
    assert "You work in Bbb Ltd now." in after


def _with_password(person: User) -> User:
    person.set_password(_PASSWORD)
    person.save()
    return person
