"""A feed whose checks fail is judged by its last good check, and the decision says that they fail."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from gates.deciding.decide import Decided
from policies.evidence.knowledge import FeedKnowledge
from tests.factories import NOON
from tests.gates.decided import decide_report, knowing
from tests.reports import HARMLESS, trivy

REPORT = trivy("registry.example/shop", [HARMLESS], scanned_at=NOON - timedelta(hours=1))


def decided(kev: FeedKnowledge) -> Decided:
    known = knowing(NOON, epss={HARMLESS.id: 1_000})
    return decide_report(REPORT, at=NOON, knowledge=replace(known, feeds={**known.feeds, "kev": kev}))


def failed_kev(checked_at: datetime | None) -> FeedKnowledge:
    digest = "sha256:" + "f" * 64 if checked_at else ""
    return FeedKnowledge(checked_at, date(2026, 3, 1) if checked_at else None, "1", digest, is_failed=True)


@pytest.mark.parametrize(
    "hours, code, outcome",
    [
        (2, "evidence.feed_failed", "pass_with_note"),
        (49, "evidence.feed_stale", "warn"),
        (97, "evidence.feed_stale", "block"),
    ],
)
def test_a_failing_feed_counts_from_its_last_good_check(hours: int, code: str, outcome: str) -> None:
    decision = decided(failed_kev(NOON - timedelta(hours=hours)))

    body: Any = decision.body
    assert (code, outcome) in {(one["code"], one["outcome"]) for check in body["checks"] for one in check["reasons"]}
    assert body["feeds"]["kev"]["failed"] is True


def test_a_feed_that_never_delivered_blocks_production() -> None:
    body: Any = decided(failed_kev(None)).body

    assert body["decision"] == "block"
    assert "evidence.feed_undated" in {one["code"] for check in body["checks"] for one in check["reasons"]}
