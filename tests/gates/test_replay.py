"""A decision can be made again, and explained, from what it froze."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from gates.errors import FindingUnknown
from gates.models import GateDecision
from gates.services.replay import ReplayOutcome, explain_finding, replay
from policies.errors import SnapshotTampered
from policies.services.feeds import load_feed
from tests.factories import NOON
from tests.gates.conftest import Shop
from tests.reports import KEV_CRITICAL, LOG4SHELL, epss_day, kev_catalogue, many, trivy

REPORT = trivy("shop/api", [KEV_CRITICAL, *many(30)], scanned_at=NOON - timedelta(hours=1))


def test_a_month_later_with_other_feeds_the_replay_is_byte_for_byte_equal(in_shop: Shop) -> None:
    decision = in_shop.ask("shop/api", REPORT)
    later = NOON + timedelta(days=30)
    load_feed(
        actor=in_shop.actor,
        content=epss_day({LOG4SHELL: 0.01, "CVE-2000-0001": 0.9}, day=later.date().isoformat()),
        at=later,
    )
    load_feed(
        actor=in_shop.actor, content=kev_catalogue("CVE-2000-0001", released_at="2026-04-01T00:00:00.000Z"), at=later
    )

    result = replay(GateDecision.objects.get(pk=decision.pk))

    assert result.outcome is ReplayOutcome.EXACT
    assert result.replayed_digest == decision.body_digest


def test_a_replay_of_another_answer_names_every_difference(in_shop: Shop) -> None:
    decision = in_shop.ask("shop/api", REPORT)
    decision.body["decision"] = "pass"
    decision.body["counts"]["findings"] = 0

    result = replay(decision)

    assert result.outcome is ReplayOutcome.MISMATCH
    assert result.differences == (("/counts/findings", 0, 31), ("/decision", "pass", "block"))


@pytest.mark.parametrize(
    "column, value",
    [("decision", "pass"), ("exit_code", 0), ("mode", "observe"), ("blocked_by", ""), ("body_digest", "sha256:0")],
)
def test_a_column_that_says_something_else_than_the_body_is_named(in_shop: Shop, column: str, value: object) -> None:
    decision = in_shop.ask("shop/api", REPORT)
    kept = getattr(decision, column)
    setattr(decision, column, value)

    result = replay(decision)

    assert result.outcome is ReplayOutcome.MISMATCH
    assert result.differences == ((f"/row/{column}", value, kept),)


def test_a_gate_that_judged_keeps_what_it_was(in_shop: Shop) -> None:
    in_shop.ask("shop/api", REPORT)

    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE gates_gate SET chain = '[]'")


def test_evidence_that_was_changed_behind_our_back_is_noticed(in_shop: Shop) -> None:
    decision = in_shop.ask("shop/api", REPORT)
    tamper('UPDATE policies_snapshotfinding SET facts = facts || \'{"severity.normalized": "low"}\'')

    with pytest.raises(SnapshotTampered):
        replay(GateDecision.objects.select_related("snapshot").get(pk=decision.pk))


def tamper(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL ROLE stella_owner")
        cursor.execute("ALTER TABLE policies_snapshotfinding DISABLE TRIGGER append_only")
        cursor.execute(statement)
        cursor.execute("SET LOCAL ROLE stella_app")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE gates_gatedecision SET decision = 'pass'",
        "DELETE FROM gates_gatedecision",
        "UPDATE policies_snapshotfinding SET severity = 'low'",
        "DELETE FROM policies_report",
    ],
)
def test_history_cannot_be_rewritten_even_in_sql(in_shop: Shop, statement: str) -> None:
    in_shop.ask("shop/api", REPORT)

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_an_explanation_says_which_rule_and_which_atoms(in_shop: Shop) -> None:
    decision = in_shop.ask("shop/api", REPORT)
    blocking = next(finding for finding in decision.body["findings"] if finding["id"] == LOG4SHELL)

    explained = explain_finding(decision, blocking["key"])

    assert explained.verdict.status.value == blocking["status"]
    assert blocking["rule"] in explained.trace.to_text()
    assert explained.facts["kev.listed"] is True


def test_a_finding_the_decision_never_saw_cannot_be_explained(in_shop: Shop) -> None:
    decision = in_shop.ask("shop/api", REPORT)

    with pytest.raises(FindingUnknown):
        explain_finding(decision, "vulnerability|CVE-0|nothing|")
