"""Every page opens for whoever may see it, says where it stands, and costs the same however much there is."""

from http import HTTPStatus

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from stellapolicy.access.roles import Role
from stellapolicy.tenancy.scope import tenant_scope
from tests.admin_pages import Inhabited, list_address, page_address, pages, rows_of
from tests.factories import ServiceFactory, TeamFactory, person_with, token_for
from tests.reports import HARMLESS, trivy
from tests.shop import asked

_MORE = 12


def test_every_list_and_every_page_opens(acme: Inhabited) -> None:
    client = acme.sign_in()

    answers = {
        address: client.get(address).status_code
        for page in pages()
        for address in (list_address(page), *(page_address(page, row) for row in rows_of(page, acme.tenant)[:3]))
    }

    assert {address: status for address, status in answers.items() if status != HTTPStatus.OK} == {}


def test_every_list_stands_in_the_sidebar_once(acme: Inhabited) -> None:
    home = acme.sign_in().get(reverse("admin:index")).content.decode()

    assert {page.opts.label: home.count(f'<a href="{list_address(page)}"') for page in pages()} == {
        page.opts.label: 1 for page in pages()
    }


def test_the_sidebar_offers_only_what_a_role_opens(acme: Inhabited) -> None:
    viewer = person_with(acme.tenant, Role.VIEWER)

    home = acme.sign_in(viewer).get(reverse("admin:index")).content.decode()

    assert reverse("admin:gates_gatedecision_changelist") in home
    assert reverse("admin:audit_entry_changelist") not in home
    assert reverse("admin:access_apitoken_changelist") not in home


def test_a_page_a_role_does_not_open_is_refused_kindly(acme: Inhabited) -> None:
    viewer = person_with(acme.tenant, Role.VIEWER)

    refused = acme.sign_in(viewer).get(reverse("admin:audit_entry_changelist"))

    assert refused.status_code == HTTPStatus.FORBIDDEN
    assert "What you may see comes from the roles you hold" in refused.content.decode()


def test_a_row_that_does_not_exist_is_a_kind_404(acme: Inhabited) -> None:
    client = acme.sign_in()

    missing = [client.get(f"{list_address(page)}nothing-of-that-name/change/") for page in pages()]

    assert {response.status_code for response in missing} == {HTTPStatus.NOT_FOUND}
    assert "belongs to another tenant" in missing[0].content.decode()


def test_an_empty_list_says_what_fills_it(acme: Inhabited) -> None:
    empty = acme.sign_in().get(list_address(pages()[0]), {"q": "nobody-is-called-that"})

    assert "Nothing matches" in empty.content.decode()


def test_a_filter_by_day_that_is_no_day_narrows_nothing(acme: Inhabited) -> None:
    shown = acme.sign_in().get(reverse("admin:gates_gatedecision_changelist"), {"created_at_from": "tomorrow"})

    assert shown.status_code == HTTPStatus.OK
    assert "acme/api" in shown.content.decode()


def test_a_filter_by_day_takes_in_the_whole_last_day(acme: Inhabited) -> None:
    client, day = acme.sign_in(), acme.at.date().isoformat()
    address = reverse("admin:gates_gatedecision_changelist")

    within = client.get(address, {"created_at_from": day, "created_at_to": day}).content.decode()
    before = client.get(address, {"created_at_to": "2020-01-01"}).content.decode()

    assert "acme/api" in within
    assert "Nothing matches" in before


def test_every_list_takes_the_same_queries_however_many_rows_it_has(acme: Inhabited) -> None:
    client = acme.sign_in()
    addresses = [list_address(page) for page in pages()] + [reverse("admin:index")]
    for address in addresses:
        client.get(address)
    few = {address: _queries(client, address) for address in addresses}

    _grow(acme)

    assert {address: _queries(client, address) for address in addresses} == few


def _queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    return len(captured)


def _grow(acme: Inhabited) -> None:
    """Add a dozen rows to every list."""
    for number in range(_MORE):
        image = f"acme/more-{number}"
        acme.ask(image, trivy(image, [HARMLESS], scanned_at=acme.at), environment=("production", "staging")[number % 2])
        acme.queue(asked(image, environment="development"))
        person = person_with(acme.tenant, Role.SERVICE, Role.VIEWER)
        token_for(person, acme.tenant, "gate:read", at=acme.at)
        with tenant_scope(acme.tenant.pk):
            ServiceFactory(team=TeamFactory())
