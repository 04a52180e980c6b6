"""The page of a decision under exceptions: what it is without them, which there are, and where to ask for one."""

from datetime import timedelta
from http import HTTPStatus
from urllib.parse import quote

import pytest
from django.urls import reverse

from exceptions.rules.vocabulary import Reason
from gates.models import GateDecision
from stellapolicy.access.roles import Role
from stellapolicy.tenancy.scope import tenant_scope
from tests.admin_pages import HIGH, Inhabited
from tests.factories import person_with
from tests.reports import HARMLESS, KEV_CRITICAL, Vuln, trivy

WARNED = Vuln("CVE-2023-0002", "middling", "2.0.0", "2.1.0", "MEDIUM", 5.0)
BAD = Vuln("CVE-2020-8203", "lodash", "4.17.20", "4.18.1", "CRITICAL", 9.8)


def ask(acme: Inhabited, *vulns: Vuln) -> GateDecision:
    """Ask about a fresh scan."""
    return acme.ask("acme/web", trivy("acme/web", vulns or [BAD], scanned_at=acme.at - timedelta(hours=1)))


def excepted(acme: Inhabited, **said: object) -> tuple[GateDecision, str]:
    """Return a decision about a finding that people excepted, and the number of the exception."""
    ask(acme)
    with tenant_scope(acme.tenant.pk):
        exception = acme.desk.in_force(**{"vulnerability": BAD.id, "at": acme.at, **said})  # type: ignore[arg-type]  # as a test says it
    return ask(acme), exception.number


def shown(acme: Inhabited, decision: GateDecision, *roles: Role) -> str:
    person = person_with(acme.tenant, *roles) if roles else None
    answer = acme.sign_in(person).get(reverse("admin:gates_gatedecision_change", args=[decision.pk]))
    assert answer.status_code == HTTPStatus.OK
    return answer.content.decode()


def test_the_raw_answer_stands_beside_the_one_with_exceptions(acme: Inhabited) -> None:
    decision, number = excepted(acme)

    page = shown(acme, decision)

    assert page.count(number) >= 2
    assert f'href="{reverse("admin:exceptions_policyexception_change", args=[number])}"' in page
    assert "without any" in page
    assert "blocked" in page
    assert "deferred" in page


def test_the_time_that_is_left_is_said_in_words(acme: Inhabited) -> None:
    decision, _ = excepted(acme, days=9)

    page = shown(acme, decision)

    assert page.count("(8 days left)") == 2


def test_a_finding_whose_word_stays_the_same_says_that_limits_count_it_no_longer(acme: Inhabited) -> None:
    ask(acme, WARNED)
    with tenant_scope(acme.tenant.pk):
        acme.desk.in_force(vulnerability=WARNED.id, at=acme.at)

    decision = ask(acme, WARNED)

    (found,) = decision.body["findings"]
    assert found["raw_status"] == found["status"]
    assert "no longer counted by the limits" in shown(acme, decision)


def test_the_link_of_an_exception_leads_to_its_page(acme: Inhabited) -> None:
    _, number = excepted(acme)
    address = reverse("admin:exceptions_policyexception_change", args=[number])

    answer = acme.sign_in(person_with(acme.tenant, *Role)).get(address, follow=True)

    assert answer.status_code == HTTPStatus.OK
    assert number in answer.content.decode()


def test_the_trace_of_a_finding_says_what_the_exception_then_made_of_it(acme: Inhabited) -> None:
    decision, number = excepted(acme)
    key = next(one["key"] for one in decision.body["findings"] if one["id"] == BAD.id)
    address = reverse("admin:gates_gatedecision_explain", args=[decision.pk])

    page = acme.sign_in().get(address, {"finding": key}).content.decode()

    assert number in page
    assert "under it the finding is <strong>deferred</strong>" in page


def test_a_downgraded_finding_shows_both_severities(acme: Inhabited) -> None:
    decision, _ = excepted(acme, reason=Reason.NETWORK_ISOLATION)

    page = shown(acme, decision)

    assert "st-severity--medium" in page
    assert "raw <span" in page


def test_without_exceptions_there_is_no_word_of_them(acme: Inhabited) -> None:
    page = shown(acme, ask(acme, BAD, HIGH))

    assert "without any" not in page


@pytest.mark.parametrize("role, is_offered", [(Role.REQUESTER, True), (Role.AUDITOR, False)])
def test_whoever_may_ask_for_an_exception_is_led_there_from_what_blocks(
    acme: Inhabited,
    role: Role,
    is_offered: bool,  # noqa: FBT001 - a column of the table
) -> None:
    decision = ask(acme, BAD, HARMLESS)
    blocking = next(one for one in decision.body["findings"] if one["outcome"] == "block")
    place = f"{reverse('admin:exceptions_policyexception_request')}?decision={decision.pk}&amp;finding="

    page = shown(acme, decision, role)

    assert (f"{place}{quote(blocking['key'], safe='')}" in page) is is_offered
    assert page.count(place) == is_offered


def test_the_request_begins_with_the_finding(acme: Inhabited) -> None:
    decision = ask(acme, KEV_CRITICAL)
    finding = decision.body["findings"][0]
    address = reverse("admin:exceptions_policyexception_request")
    browser = acme.sign_in(person_with(acme.tenant, Role.REQUESTER))

    answer = browser.get(address, {"decision": str(decision.pk), "finding": finding["key"]})

    assert answer.status_code == HTTPStatus.OK
    assert finding["id"] in answer.content.decode()
