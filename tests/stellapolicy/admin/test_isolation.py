"""Nothing of one tenant is found by a person of another, on no page and under no address."""

from http import HTTPStatus

import pytest
from django.db.models import Model
from django.urls import reverse

from stellapolicy.access.models import User
from stellapolicy.admin.base import PageAdmin
from tests.admin_pages import SHARED, Inhabited, addresses_of, list_address, pages, rows_of
from tests.reports import digest_of

HIDDEN = {HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN}


def test_no_list_shows_a_row_of_another_tenant(acme: Inhabited, outsider: User) -> None:
    client = acme.sign_in(outsider)

    for page in _private_pages():
        theirs = rows_of(page, acme.tenant)
        shown = client.get(list_address(page))
        assert shown.status_code == HTTPStatus.OK, page
        assert not [row for row in theirs if str(row.pk) in shown.content.decode()], page


@pytest.mark.parametrize("method", ["get", "post"])
def test_no_address_of_a_row_opens_to_another_tenant(acme: Inhabited, outsider: User, method: str) -> None:
    client = acme.sign_in(outsider)

    answers = {
        address: getattr(client, method)(address).status_code
        for page in _private_pages()
        for row in rows_of(page, acme.tenant)[:2]
        for address in addresses_of(page, row)
    }

    assert len(answers) > len(_private_pages())
    assert {address: status for address, status in answers.items() if status not in HIDDEN} == {}


def _private_pages() -> list[PageAdmin[Model]]:
    """Return the pages of everything that belongs to a tenant."""
    return [page for page in pages() if page.model not in SHARED]


def test_the_overview_of_another_tenant_counts_nothing_of_ours(acme: Inhabited, outsider: User) -> None:
    ours = acme.sign_in().get(reverse("admin:index")).content.decode()
    theirs = acme.sign_in(outsider).get(reverse("admin:index")).content.decode()

    assert "acme/api" in ours
    assert "acme" not in theirs


def test_a_search_finds_nothing_of_another_tenant(acme: Inhabited, outsider: User) -> None:
    client = acme.sign_in(outsider)

    for page in _private_pages():
        for term in ("acme/api", digest_of("acme/api"), "acme"):
            shown = client.get(list_address(page), {"q": term})
            assert not [row for row in rows_of(page, acme.tenant) if str(row.pk) in shown.content.decode()], page


def test_choosing_a_tenant_that_is_not_yours_is_refused(acme: Inhabited, outsider: User) -> None:
    client = acme.sign_in(outsider)

    answer = client.post(reverse("admin:access_tenants"), {"tenant": acme.tenant.slug})

    assert answer.status_code == HTTPStatus.FORBIDDEN


def test_no_page_without_a_row_shows_a_row_of_another_tenant(acme: Inhabited, outsider: User) -> None:
    client = acme.sign_in(outsider)
    theirs = {str(row.pk) for page in _private_pages() for row in rows_of(page, acme.tenant)}

    shown = {
        pattern.name: client.get(reverse(f"admin:{pattern.name}")).content.decode()
        for page in pages()
        for pattern in page.get_urls()
        if pattern.name and not pattern.pattern.converters
    }

    assert {name: found for name, text in shown.items() if (found := [pk for pk in theirs if pk in text])} == {}


def test_every_address_of_a_private_page_names_one_row_and_is_walked() -> None:
    unwalked = [
        pattern.name for page in _private_pages() for pattern in page.get_urls() if len(pattern.pattern.converters) > 1
    ]

    assert unwalked == [], "let tests/admin_pages.py::addresses_of know what stands for these"
