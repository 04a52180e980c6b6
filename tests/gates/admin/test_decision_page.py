"""The page of a decision: verdict first, why, what is in the way, what would clear it, and the proof."""

from datetime import timedelta
from http import HTTPStatus
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from gates.admin.decision_page import ROWS, DecisionPage, headline, page_of
from gates.models import GateDecision, GateMode
from gates.selectors import decision_by_id
from stellapolicy.tenancy.scope import tenant_scope
from tests.admin_pages import HIGH, Inhabited
from tests.reports import HARMLESS, KEV_CRITICAL, LOG4SHELL, Vuln, many, trivy
from tests.shop import enforce


def shown(acme: Inhabited, decision: GateDecision) -> str:
    """Return the page as a browser gets it."""
    answer = acme.sign_in().get(reverse("admin:gates_gatedecision_change", args=[decision.pk]))
    assert answer.status_code == HTTPStatus.OK
    return answer.content.decode()


def read(acme: Inhabited, decision: GateDecision) -> DecisionPage:
    """Return what the page is made from."""
    with tenant_scope(acme.tenant.pk):
        return page_of(decision_by_id(decision.pk, actor=acme.actor))


def blocked(acme: Inhabited, *vulns: Vuln, hidden: tuple[Vuln, ...] = ()) -> GateDecision:
    """Return a production block."""
    report = trivy("acme/web", vulns or [KEV_CRITICAL], hidden=hidden, scanned_at=acme.at - timedelta(hours=1))
    return acme.ask("acme/web", report)


def test_a_block_says_so_in_words_with_mode_and_exit_code(acme: Inhabited) -> None:
    page = shown(acme, blocked(acme))

    assert "st-verdict--block" in page
    assert "Blocked" in page
    assert "2, the pipeline stops" in page
    assert ">enforce</a>" in page


def test_a_gate_that_only_observes_speaks_in_the_conditional(acme: Inhabited) -> None:
    with tenant_scope(acme.tenant.pk):
        enforce(acme.actor, GateMode.OBSERVE)

    page = read(acme, blocked(acme))

    assert page.headline == "Would be blocked"
    assert page.exit_words == "0, the pipeline goes on"


def test_a_pass_says_that_it_passes_as_it_is(acme: Inhabited) -> None:
    decision = acme.ask("acme/clean", trivy("acme/clean", [], scanned_at=acme.at - timedelta(hours=1)))
    page = shown(acme, decision)

    assert decision.decision == "pass"
    assert "May ship" in page
    assert "It passes as it is." in page


def test_why_is_at_most_three_lines_heaviest_first_one_a_check(acme: Inhabited) -> None:
    why = read(acme, blocked(acme, KEV_CRITICAL, HIGH)).why

    assert len(why) == 3
    assert len({line.check for line in why}) == 3
    assert {line.outcome for line in why} == {"block"}


def test_a_blocking_finding_shows_everything_that_is_known_of_it(acme: Inhabited) -> None:
    page = shown(acme, blocked(acme))

    for part in (LOG4SHELL, "log4j 2.14.1", "critical", "CVSS 10", "97.0 %", "exploited", "due 2021-12-24", "2.15.0"):
        assert part in page
    assert f'href="https://www.cve.org/CVERecord?id={LOG4SHELL}"' in page
    assert "baseline/" in page


def test_an_address_in_a_report_that_is_a_script_becomes_no_link(acme: Inhabited) -> None:
    report = trivy("acme/evil", [KEV_CRITICAL], scanned_at=acme.at - timedelta(hours=1))
    report = report.replace(b'"Title"', b'"PrimaryURL": "javascript:alert(1)", "Title"')

    page = shown(acme, acme.ask("acme/evil", report))

    assert 'href="javascript' not in page


def test_markup_in_a_report_is_text(acme: Inhabited) -> None:
    page = shown(acme, blocked(acme, Vuln(LOG4SHELL, "<img src=x onerror=alert(1)>", "1", "2", "CRITICAL", 9.8)))

    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_upgrades_are_grouped_by_component_the_most_useful_first(acme: Inhabited) -> None:
    openssl = [Vuln(f"CVE-2024-000{n}", "openssl", "3.0.1", f"3.0.{n}", "CRITICAL", 9.8) for n in (2, 3, 3)]
    openssl[2] = Vuln("CVE-2024-0009", "openssl", "3.0.1", "3.0.3", "CRITICAL", 9.8)

    remedies = read(acme, blocked(acme, KEV_CRITICAL, *openssl)).remedies

    assert remedies[0].what == "openssl 3.0.1"
    assert remedies[0].versions == (("3.0.2", ("CVE-2024-0002",)), ("3.0.3", ("CVE-2024-0003", "CVE-2024-0009")))
    assert remedies[1].what == "log4j 2.14.1"


def test_what_is_missing_is_a_remedy_too(acme: Inhabited) -> None:
    page = read(acme, acme.ask("acme/unscanned"))

    assert page.view.evidence.scan == "unscanned"
    assert page.remedies[0].what == "Scan the artifact and submit the report."


def test_what_the_scanner_was_told_to_hide_is_shown_with_who_hid_it(acme: Inhabited) -> None:
    page = shown(acme, blocked(acme, HARMLESS, hidden=(KEV_CRITICAL,)))

    assert "Suppressed on the scanner&#x27;s side" in page or "Suppressed on the scanner's side" in page
    assert ".trivyignore" in page
    assert "we do not like to see it" in page


def test_long_lists_are_capped_and_say_where_the_rest_is(acme: Inhabited) -> None:
    severe = [Vuln(f"CVE-2024-1{n:04}", f"lib-{n}", "1", "2", "CRITICAL", 9.8) for n in range(ROWS + 30)]
    decision = blocked(acme, *severe)

    page = shown(acme, decision)

    assert page.count("/explain/?finding=") == ROWS
    assert f"The worst {ROWS} of {ROWS + 30}." in page
    assert f"/api/v1/gates/decisions/{decision.pk}" in page


def test_the_page_takes_as_many_queries_for_a_thousand_findings_as_for_one(acme: Inhabited) -> None:
    small, large = blocked(acme), blocked(acme, KEV_CRITICAL, *many(1000))

    assert queries(acme, small) == queries(acme, large)


def test_json_is_one_click_away_and_opens_with_the_session_of_the_admin(acme: Inhabited) -> None:
    decision = blocked(acme)

    answer = acme.sign_in().get(f"/api/v1/gates/decisions/{decision.pk}")

    assert answer.status_code == HTTPStatus.OK
    assert answer.json()["decision"] == "block"


def test_digests_stand_in_the_order_of_the_evaluation_with_the_command_that_repeats_it(acme: Inhabited) -> None:
    decision = blocked(acme)
    page = read(acme, decision)

    assert [name for name, _ in page.digests][:5] == ["artifact", "snapshot", "findings", "program", "gate"]
    assert page.replay_command == f"manage.py replay {decision.pk}"


def test_a_replay_that_is_exact_says_so(acme: Inhabited) -> None:
    decision = blocked(acme)

    answer = acme.sign_in().post(reverse("admin:gates_gatedecision_replay", args=[decision.pk]))

    assert "the answer is the same, byte for byte" in answer.content.decode()


def test_a_replay_over_changed_evidence_says_what_was_changed(acme: Inhabited) -> None:
    decision = blocked(acme)
    tamper(acme)

    client = acme.sign_in()
    replayed = client.post(reverse("admin:gates_gatedecision_replay", args=[decision.pk])).content.decode()
    key = quote(decision.body["findings"][0]["key"], safe="")
    explained = client.get(reverse("admin:gates_gatedecision_explain", args=[decision.pk]) + f"?finding={key}")

    assert "The evidence is no longer what was judged." in replayed
    assert "The evidence is no longer what was judged." in explained.content.decode()


def test_a_replay_is_posted_never_linked_to(acme: Inhabited) -> None:
    answer = acme.sign_in().get(reverse("admin:gates_gatedecision_replay", args=[blocked(acme).pk]))

    assert answer.status_code == HTTPStatus.FORBIDDEN


def test_the_trace_of_a_finding_shows_conditions_with_their_truth_and_the_decisive_rule(acme: Inhabited) -> None:
    decision = blocked(acme)
    key = quote(decision.body["findings"][0]["key"], safe="")

    answer = acme.sign_in().get(reverse("admin:gates_gatedecision_explain", args=[decision.pk]) + f"?finding={key}")
    shown = answer.content.decode()

    assert answer.status_code == HTTPStatus.OK
    assert "decisive" in shown
    assert 'class="st-truth st-truth--true"' in shown
    assert 'class="st-truth st-truth--false"' in shown
    assert "kev.listed" in shown
    assert "rat:sha256:" in shown


def test_a_finding_the_decision_does_not_have_is_not_found(acme: Inhabited) -> None:
    answer = acme.sign_in().get(
        reverse("admin:gates_gatedecision_explain", args=[blocked(acme).pk]), {"finding": "vulnerability|CVE-1|x|"}
    )

    assert answer.status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("mode, said", [(GateMode.ENFORCE, "Blocked"), (GateMode.WARN, "Would be blocked")])
def test_the_headline_follows_the_mode(acme: Inhabited, mode: GateMode, said: str) -> None:
    with tenant_scope(acme.tenant.pk):
        enforce(acme.actor, mode)

    assert headline(read(acme, blocked(acme)).view) == said


def queries(acme: Inhabited, decision: GateDecision) -> int:
    client = acme.sign_in()
    address = reverse("admin:gates_gatedecision_change", args=[decision.pk])
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    return len(captured)


def tamper(acme: Inhabited) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL ROLE stella_owner")
        cursor.execute("ALTER TABLE policies_snapshotfinding DISABLE TRIGGER append_only")
        cursor.execute("SELECT set_config('app.tenant', %s, true)", [str(acme.tenant.pk)])
        cursor.execute('UPDATE policies_snapshotfinding SET facts = facts || \'{"severity.normalized": "low"}\'')
        cursor.execute("SET LOCAL ROLE stella_app")
