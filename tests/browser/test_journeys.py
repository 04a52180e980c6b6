"""What a reviewer does in the real admin, in a real browser."""

from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from gates.models import GateDecision
from policies.models import PackRevision
from stellapolicy.tenancy.scope import tenant_scope
from tests.admin_pages import Inhabited, list_address, page_address, pages, rows_of
from tests.browser.conftest import Visit, Windows

pytestmark = pytest.mark.browser

_CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")
_PHONE = {"width": 390, "height": 844}


def blocked(acme: Inhabited) -> str:
    """Return the page of the decision that blocks."""
    with tenant_scope(acme.tenant.pk):
        decision = GateDecision.objects.get(artifact__name="acme/api")
    return reverse("admin:gates_gatedecision_change", args=[decision.pk])


def test_from_sign_in_to_proof(acme: Inhabited, window: Windows) -> None:
    page = window().page

    page.get_by_role("link", name="acme/api").click()
    assert page.locator(".st-verdict__word").inner_text().endswith("Blocked")
    page.get_by_role("link", name="Explain").first.click()
    expect(page.get_by_text("decisive")).to_be_visible()
    page.get_by_role("link", name="Back to the decision").click()
    page.get_by_role("button", name="Replay now").click()

    expect(page.get_by_text("the answer is the same, byte for byte")).to_be_visible()


def test_a_token_is_issued_copied_and_revoked(acme: Inhabited, window: Windows) -> None:
    visit = window()
    page = visit.page
    visit.open(reverse("admin:access_apitoken_changelist"))

    speaker = acme.token.user
    assert speaker is not None
    page.get_by_role("link", name="Issue a token").click()
    page.get_by_label("Name").fill("ci-checkout")
    page.get_by_label("Speaks for").select_option(label=speaker.username)
    page.get_by_role("button", name="Issue the token").click()
    page.get_by_role("button", name="Copy The secret").click()
    secret = page.evaluate("navigator.clipboard.readText()")
    assert secret.startswith("stella_")
    page.get_by_role("link", name="To all tokens").click()
    page.get_by_role("link", name="ci-checkout").click()
    assert secret not in page.content()
    page.get_by_role("link", name="Revoke").click()
    page.get_by_label("Reason").fill("It was printed in a log.")
    page.get_by_role("button", name="Revoke the token").click()

    expect(page.get_by_text("ci-checkout is revoked.")).to_be_visible()


def test_every_page_runs_without_a_complaint_and_calls_nobody_else(acme: Inhabited, window: Windows) -> None:
    visit = window()

    for page in pages():
        visit.open(list_address(page))
        for row in rows_of(page, acme.tenant)[:1]:
            visit.open(page_address(page, row))
            assert visit.overflow == 0, page

    assert visit.complaints == visit.strangers == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_can_be_read(acme: Inhabited, window: Windows, dark: object) -> None:
    visit = window(dark=bool(dark))
    with tenant_scope(acme.tenant.pk):
        revision = PackRevision.objects.get(pack__name="baseline")
    addresses = [
        reverse("admin:index"),
        blocked(acme),
        reverse("admin:policies_artifact_changelist"),
        reverse("admin:access_apitoken_issue"),
        reverse("admin:policies_packrevision_change", args=[revision.pk]),
        reverse("admin:audit_entry_changelist"),
    ]

    faint = {address: _faint(visit, address) for address in addresses}

    assert faint == {address: [] for address in addresses}


def test_the_decision_fits_a_phone(acme: Inhabited, window: Windows) -> None:
    visit = window(**_PHONE)

    visit.open(blocked(acme))

    assert visit.overflow == 0
    expect(visit.page.locator(".st-verdict__word")).to_be_visible()
    expect(visit.page.get_by_role("link", name="Explain").first).to_be_visible()


def test_the_lists_fit_a_phone(acme: Inhabited, window: Windows) -> None:
    visit = window(**_PHONE)

    for page in pages():
        visit.open(list_address(page))
        assert visit.overflow == 0, page


def test_times_are_in_the_readers_zone_with_utc_on_hover(acme: Inhabited, window: Windows) -> None:
    visit = window()
    visit.open(blocked(acme))

    time = visit.page.locator(".st-verdict time").first

    assert "UTC" not in time.inner_text()
    assert str(time.get_attribute("title")).endswith("UTC")


def test_paper_has_no_navigation_and_no_buttons(acme: Inhabited, window: Windows) -> None:
    visit = window()
    visit.open(blocked(acme))

    visit.page.emulate_media(media="print")

    expect(visit.page.locator("#nav-sidebar")).to_be_hidden()
    expect(visit.page.get_by_role("button", name="Print")).to_be_hidden()
    expect(visit.page.locator(".st-verdict__word")).to_be_visible()


def test_the_sidebar_the_filters_and_the_menu_open_by_keyboard(acme: Inhabited, window: Windows) -> None:
    visit = window()
    visit.open(reverse("admin:gates_gatedecision_changelist"))
    page = visit.page

    page.get_by_role("button", name="Navigation").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#nav-sidebar")).to_be_hidden()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Filters").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Apply Filters")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name=acme.person.username).focus()
    page.keyboard.press("Enter")

    expect(page.get_by_text("Change tenant")).to_be_visible()


def test_the_theme_is_switched_and_stays(acme: Inhabited, window: Windows) -> None:
    visit = window()
    page = visit.page
    page.get_by_role("button", name=acme.person.username).click()

    page.get_by_role("button", name="Dark").click()
    page.reload()

    assert page.evaluate("document.documentElement.classList.contains('dark')")


def _faint(visit: Visit, address: str) -> list[str]:
    visit.open(address)
    faint: list[str] = visit.page.evaluate(_CONTRAST)
    return faint
