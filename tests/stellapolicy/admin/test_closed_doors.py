"""Nobody changes anything by a form: not even a superuser, who has no approval power and read-only models."""

from http import HTTPStatus

import orjson
from django.contrib import admin
from django.core import serializers
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from stellapolicy.access.models import User
from stellapolicy.access.sign_in import SESSION_KEY
from stellapolicy.admin.base import PageAdmin
from stellapolicy.kernel import digest
from stellapolicy.tenancy.models import Tenant
from tests.admin_pages import Inhabited, addresses_of, list_address, page_address, pages, rows_of

REFUSED = {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}
_TAMPERING: dict[str, object] = {
    "state": "active",
    "decision": "pass",
    "mode": "observe",
    "name": "changed",
    "role": "ciso",
    "_save": "1",
}


def test_every_page_has_a_row_to_try_it_on(acme: Inhabited) -> None:
    empty = [page.opts.label for page in pages() if not rows_of(page, acme.tenant)]

    assert empty == []


def test_posting_every_form_of_django_as_a_superuser_changes_nothing(acme: Inhabited, root: User) -> None:
    client = _working_in(acme, root)
    before = contents(acme.tenant)

    answers = {address: client.post(address, data).status_code for address, data in _doors(acme)}

    assert {address: status for address, status in answers.items() if status not in REFUSED} == {}
    assert contents(acme.tenant) == before


def test_posting_every_form_of_ours_as_a_superuser_without_a_role_changes_nothing(acme: Inhabited, root: User) -> None:
    client = _working_in(acme, root)
    before = contents(acme.tenant)

    for page in pages():
        for row in rows_of(page, acme.tenant)[:1]:
            for address in addresses_of(page, row):
                client.post(address, {**_TAMPERING, "reason": "because I can", "scopes": ["gate:bypass"]})

    assert contents(acme.tenant) == before


def test_a_superuser_sees_every_page_and_is_offered_no_button_that_needs_a_scope(acme: Inhabited, root: User) -> None:
    client = _working_in(acme, root)

    shown = [client.get(list_address(page)) for page in pages()]

    assert {response.status_code for response in shown} == {HTTPStatus.OK}
    assert not any(reverse("admin:access_apitoken_issue") in response.content.decode() for response in shown)


def test_a_superuser_cannot_issue_a_token(acme: Inhabited, root: User) -> None:
    client = _working_in(acme, root)

    assert client.get(reverse("admin:access_apitoken_issue")).status_code == HTTPStatus.FORBIDDEN


def test_pages_that_libraries_bring_are_not_taken() -> None:
    registered = {model._meta.label for model in admin.site._registry}

    assert "auth.Group" not in registered
    assert not any(label.startswith(("knox.", "django_celery_beat.")) for label in registered)
    assert all(isinstance(page, PageAdmin) for page in admin.site._registry.values())


def _working_in(acme: Inhabited, person: User) -> Client:
    """Sign a superuser in and choose the tenant: theirs are all."""
    client = acme.sign_in(person)
    session = client.session
    session[SESSION_KEY] = str(acme.tenant.pk)
    session.save()
    return client


def _doors(acme: Inhabited) -> list[tuple[str, dict[str, object]]]:
    """Return every address of Django's own forms with something to post there."""
    doors: list[tuple[str, dict[str, object]]] = []
    for page in pages():
        label = f"admin:{page.opts.app_label}_{page.opts.model_name}"
        doors.append((reverse(f"{label}_add"), _TAMPERING))
        for row in rows_of(page, acme.tenant)[:3]:
            doors += [
                (page_address(page, row), _TAMPERING),
                (page_address(page, row, "delete"), {"post": "yes"}),
                (list_address(page), _deletion(row)),
            ]
    return doors


def _deletion(row: Model) -> dict[str, object]:
    return {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes"}


def contents(tenant: Tenant) -> str:
    """Return a digest over every row of every page."""
    rows = [row for page in pages() for row in rows_of(page, tenant)]
    return digest.of_bytes(orjson.dumps(serializers.serialize("python", rows), default=str))
