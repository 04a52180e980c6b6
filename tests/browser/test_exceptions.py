"""What people do with exceptions in the real admin, in a real browser: ask, question, decide, and look."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from exceptions.models import PolicyException
from exceptions.rules.vocabulary import State
from gates.models import GateDecision
from stellapolicy.kernel.clock import now
from stellapolicy.tenancy.scope import tenant_scope
from tests.admin_pages import HIGH, Inhabited
from tests.browser.conftest import Visit, Windows
from tests.exceptions.desk import DAY, WHY, fresh
from tests.exceptions.evidence import signed_review
from tests.reports import HARMLESS, KEV_CRITICAL, LOG4SHELL, Vuln, trivy

pytestmark = pytest.mark.browser

LIST = reverse("admin:exceptions_policyexception_changelist")
_CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")
_PHONE = {"width": 390, "height": 844}
_MEDIUM = Vuln("CVE-2022-0001", "middling", "2.0.0", "", "MEDIUM", 5.0)


def asked(acme: Inhabited, vulnerability: str = HIGH.id) -> PolicyException:
    """Return what ada asks for, or has asked for already."""
    with tenant_scope(acme.tenant.pk):
        known = PolicyException.objects.filter(vulnerabilities=[vulnerability]).first()
        return known or acme.desk.ask(vulnerability=vulnerability, at=acme.at)


def page_of(row: PolicyException, verb: str = "change") -> str:
    """Return where an exception is, or one of its deeds."""
    return reverse(f"admin:exceptions_policyexception_{verb}", args=[row.pk])


def state_of(acme: Inhabited, row: PolicyException) -> str:
    """Return where an exception stands."""
    with tenant_scope(acme.tenant.pk):
        return str(fresh(row).state)


def test_from_a_blocked_release_to_one_that_may_ship(acme: Inhabited, window: Windows) -> None:
    report = trivy("acme/web", [KEV_CRITICAL], scanned_at=acme.at - timedelta(hours=1))
    blocked = acme.ask("acme/web", report)
    ada, sam, kit = (window(who=who) for who in ("ada", "sam", "kit"))

    row = _ask_from_the_decision(acme, ada, blocked)
    _question_and_answer(sam.page, ada.page, sam, ada, row)
    _attach_a_signed_review(ada, row)
    for visit in (sam, kit):
        _approve(visit, row)

    expect(kit.page.get_by_text("holds from now on")).to_be_visible()
    assert state_of(acme, row) == State.ACTIVE
    allowed = acme.ask("acme/web", report, at=now())
    ada.open(reverse("admin:gates_gatedecision_change", args=[allowed.pk]))
    expect(ada.page.get_by_role("link", name=row.number).first).to_be_visible()
    assert (blocked.decision, allowed.decision) == ("block", "warn")


def _ask_from_the_decision(acme: Inhabited, visit: Visit, blocked: GateDecision) -> PolicyException:
    page = visit.page
    visit.open(reverse("admin:gates_gatedecision_change", args=[blocked.pk]))
    page.get_by_role("link", name="Request an exception").first.click()
    expect(page.get_by_label("Vulnerabilities")).to_have_value(LOG4SHELL)
    expect(page.get_by_label("Packages")).to_have_value("pkg:npm/log4j")
    expect(page.get_by_label("Production")).to_be_checked()
    page.get_by_label("Because of").select_option("accepted_risk")
    page.get_by_label("Until (UTC)").fill((acme.at + 5 * DAY).date().isoformat())
    page.get_by_label("Why it may be so").fill("Too short.")
    expect(page.get_by_text("10 / 50")).to_be_visible()
    page.get_by_label("Why it may be so").fill(WHY)
    page.get_by_role("button", name="Look first").click()
    expect(page.get_by_text("A ticket is needed")).to_be_visible()
    expect(page.get_by_text("2 people must agree")).to_be_visible()
    expect(page.locator("#looked").get_by_text("1 decision of")).to_be_visible()
    page.get_by_label("Ticket").fill("SEC-7")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_text("waits for a decision.")).to_be_visible()
    with tenant_scope(acme.tenant.pk):
        return PolicyException.objects.get(vulnerabilities=[LOG4SHELL])


def _question_and_answer(asker: Page, answerer: Page, sam: Visit, ada: Visit, row: PolicyException) -> None:
    sam.open(f"{LIST}?queue=mine_to_decide")
    asker.get_by_role("link", name=row.number).click()
    asker.get_by_label("Say something").fill("Is the lookup reachable from outside?")
    asker.get_by_role("button", name="Question").click()
    expect(asker.get_by_text("It is said.")).to_be_visible()
    ada.open(f"{LIST}?queue=questions_for_me")
    answerer.get_by_role("link", name=row.number).click()
    expect(answerer.get_by_text("Is the lookup reachable from outside?")).to_be_visible()
    answerer.get_by_label("Say something").fill("Only from the internal network.")
    answerer.get_by_role("button", name="Answer").click()
    expect(answerer.get_by_text("It is said.")).to_be_visible()


def _attach_a_signed_review(visit: Visit, row: PolicyException) -> None:
    page = visit.page
    visit.open(page_of(row))
    page.get_by_text("Attach", exact=True).click()
    page.get_by_role("link", name="Security review").click()
    page.get_by_label("A signed statement").fill(json.dumps(signed_review(row, at=now())))
    page.get_by_role("button", name="Attach it").click()
    expect(page.get_by_text("its signature: verified")).to_be_visible()


def _approve(visit: Visit, row: PolicyException) -> None:
    visit.open(page_of(row))
    visit.page.get_by_role("link", name="Approve", exact=True).click()
    expect(visit.page.get_by_text("The vulnerability is CVE-2021-44228.")).to_be_visible()
    visit.page.get_by_label("Comment").fill("Looked at the review and at the network.")
    visit.page.get_by_role("button", name="Approve").click()
    expect(visit.page.get_by_text(row.number).first).to_be_visible()


def test_a_reviewer_decides_several_at_once_after_looking_at_each(acme: Inhabited, window: Windows) -> None:
    acme.ask("acme/web", trivy("acme/web", [_MEDIUM, HARMLESS], scanned_at=acme.at - timedelta(hours=1)))
    row, own = asked(acme, _MEDIUM.id), None
    with tenant_scope(acme.tenant.pk):
        own = acme.desk.ask(by="riley", vulnerability="CVE-2022-0002", at=acme.at)
    visit = window(who="riley")
    page = visit.page
    visit.open(LIST)

    for one in (row, own):
        page.get_by_role("row", name=one.number).get_by_role("checkbox").check()
    page.locator("select[name=action]").select_option(label="Approve")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("You may do it to 1 of them")).to_be_visible()
    expect(page.get_by_text("nobody decides what they asked for themselves")).to_be_visible()
    expect(page.get_by_label(own.number, exact=True)).to_be_disabled()
    expect(page.get_by_text("is decided …")).to_have_count(0)
    page.get_by_label("Comment").fill("Looked at each.")
    page.get_by_role("button", name="Approve").click()

    expect(page.get_by_text("Approve: 1 of 1 done").first).to_be_visible()
    assert (state_of(acme, row), state_of(acme, own)) == (State.ACTIVE, State.PROPOSED)


def test_an_approver_approves_less_on_a_phone(acme: Inhabited, window: Windows) -> None:
    row = asked(acme)
    visit = window(who="sam", **_PHONE)
    page = visit.page
    visit.open(page_of(row))
    assert visit.overflow == 0

    page.get_by_role("link", name="Approve less").click()
    assert visit.overflow == 0
    page.get_by_label("Until (UTC)").fill((acme.at + 2 * DAY).date().isoformat())
    page.get_by_label("Comment").fill("Two days are enough to upgrade.")
    page.get_by_role("button", name="Approve exactly this").click()

    expect(page.get_by_text("holds from now on")).to_be_visible()
    with tenant_scope(acme.tenant.pk):
        assert fresh(row).expires_at.date() == (acme.at + 2 * DAY).date()


def test_a_request_is_approved_by_keyboard_alone(acme: Inhabited, window: Windows) -> None:
    row = asked(acme)
    visit = window(who="sam")
    page = visit.page
    visit.open(page_of(row))

    page.get_by_role("link", name="Approve", exact=True).focus()
    page.keyboard.press("Enter")
    page.get_by_label("Comment").focus()
    page.keyboard.type("Seen.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_text("holds from now on")).to_be_visible()


def test_whoever_asked_is_offered_no_approval_and_told_why_at_its_address(acme: Inhabited, window: Windows) -> None:
    row = asked(acme)
    visit = window(who="ada")
    visit.open(page_of(row))
    expect(visit.page.get_by_role("link", name="Withdraw")).to_be_visible()
    expect(visit.page.get_by_role("link", name="Approve", exact=True)).to_have_count(0)

    visit.open(page_of(row, "approve"))

    expect(visit.page.get_by_text("nobody decides what they asked for themselves").first).to_be_visible()


def test_what_would_flip_comes_after_the_page_and_on_demand_where_it_is_much(acme: Inhabited, window: Windows) -> None:
    row = asked(acme)
    visit = window(who="sam")
    page = visit.page

    visit.open(page_of(row))
    expect(page.locator("#preview").get_by_text("If it were approved now:")).to_be_visible()
    with tenant_scope(acme.tenant.pk):
        PolicyException.objects.filter(pk=row.pk).update(artifact_count=1_000)
    visit.open(page_of(row))
    page.get_by_role("button", name="Decide 1,000 artifacts again").click()

    expect(page.locator("#preview").get_by_text("If it were approved now:")).to_be_visible()


def test_one_that_is_revoked_ends_at_once(acme: Inhabited, window: Windows) -> None:
    with tenant_scope(acme.tenant.pk):
        row = PolicyException.objects.get(vulnerabilities=[HARMLESS.id])
    visit = window(who="riley")
    page = visit.page
    visit.open(page_of(row))

    page.get_by_role("link", name="Revoke").click()
    expect(page.get_by_text("It ends at once and for good")).to_be_visible()
    page.get_by_label("Comment").fill("It is used after all.")
    page.get_by_role("button", name="Revoke").click()

    expect(page.get_by_text("it applies to nothing from now on")).to_be_visible()
    assert state_of(acme, row) == State.REVOKED


def test_paper_has_the_whole_exception_and_no_buttons(acme: Inhabited, window: Windows) -> None:
    row = asked(acme)
    visit = window(who="sam")
    visit.open(page_of(row))

    visit.page.emulate_media(media="print")

    expect(visit.page.get_by_role("link", name="Approve", exact=True)).to_be_hidden()
    expect(visit.page.get_by_label("Say something")).to_be_hidden()
    expect(visit.page.get_by_text(f"/{row.number}/change/").first).to_be_visible()
    expect(visit.page.get_by_text("What makes it void")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_about_exceptions_can_be_read(acme: Inhabited, window: Windows, dark: object) -> None:
    row = asked(acme)
    visit = window(who="sam", dark=bool(dark))
    named = ("request", "groups", "reports", "effects")
    addresses = [LIST, page_of(row), page_of(row, "narrow"), page_of(row, "change_terms")]
    addresses += [reverse(f"admin:exceptions_policyexception_{name}") for name in named]

    faint = {address: _faint(visit, address) for address in addresses}

    assert faint == {address: [] for address in addresses}


def test_the_pages_of_exceptions_fit_a_phone(acme: Inhabited, window: Windows) -> None:
    row = asked(acme)
    visit = window(who="sam", **_PHONE)
    verbs = ("change", "approve", "narrow", "attach", "preview")
    addresses = [LIST, *(page_of(row, verb) for verb in verbs), f"{LIST}by-vulnerability/?name={HIGH.id}"]
    addresses += [f"{LIST}{name}/" for name in ("request", "by-vulnerability", "reports", "effects")]

    wider = {}
    for address in addresses:
        visit.open(address)
        expect(visit.page.locator("[aria-busy]")).to_have_count(0)
        wider[address] = visit.overflow

    assert wider == dict.fromkeys(addresses, 0)


def _faint(visit: Visit, address: str) -> list[str]:
    visit.open(address)
    expect(visit.page.locator("[aria-busy]")).to_have_count(0)
    faint: list[str] = visit.page.evaluate(_CONTRAST)
    return faint
