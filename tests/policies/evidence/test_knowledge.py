"""What is frozen of the feeds comes back as it was; a feed that never delivered knows nothing."""

from datetime import UTC, date, datetime

import pytest

from policies.evidence.assembly import assemble
from policies.evidence.knowledge import EpssKnowledge, FeedKnowledge, KevKnowledge, Knowledge

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DIGEST = "sha256:" + "a" * 64


def knowing(feed: FeedKnowledge) -> Knowledge:
    return Knowledge(
        epss={"CVE-1999-0001": EpssKnowledge(97_000, 99_000)},
        kev={"CVE-1999-0001": KevKnowledge(date(2026, 4, 1), ransomware=None)},
        feeds={"kev": feed},
    )


@pytest.mark.parametrize(
    "feed",
    [
        FeedKnowledge(NOON, date(2026, 3, 1), "1", DIGEST),
        FeedKnowledge(NOON, None, "1", DIGEST, is_failed=True),
        FeedKnowledge(None, None, "", "", is_failed=True),
    ],
)
def test_what_was_frozen_comes_back(feed: FeedKnowledge) -> None:
    frozen = knowing(feed).to_json()

    assert Knowledge.from_json(frozen) == knowing(feed)  # type: ignore[arg-type]  # JSON as it is stored


def test_a_feed_in_good_order_is_frozen_in_the_words_of_earlier_decisions() -> None:
    frozen = knowing(FeedKnowledge(NOON, date(2026, 3, 1), "1", DIGEST)).to_json()

    assert frozen["feeds"] == {
        "kev": {"checked_at": "2026-03-02T12:00:00Z", "model_date": "2026-03-01", "version": "1", "digest": DIGEST}
    }


def test_the_silence_of_a_catalogue_that_never_delivered_means_nothing() -> None:
    never = Knowledge(epss={}, kev={}, feeds={"kev": FeedKnowledge(None, None, "", "", is_failed=True)})

    facts = assemble({"vuln.id": "CVE-1999-0001"}, circumstances={}, knowledge=never)

    assert "kev.listed" not in facts


def test_the_silence_of_a_catalogue_that_fails_now_still_means_not_listed() -> None:
    failing = Knowledge(epss={}, kev={}, feeds={"kev": FeedKnowledge(NOON, None, "1", DIGEST, is_failed=True)})

    facts = assemble({"vuln.id": "CVE-1999-0001"}, circumstances={}, knowledge=failing)

    assert facts["kev.listed"] is False
