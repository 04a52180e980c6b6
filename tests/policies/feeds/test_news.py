"""Which changes are news, and how fresh a feed is: values only."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from policies.feeds.freshness import Freshness, standing_of
from policies.feeds.news import Listing, NewsRule, band_of, compare_catalogues

DAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LISTED = Listing("CVE-2021-44228", "Log4j", date(2021, 12, 10), date(2021, 12, 24), ransomware=None)


@pytest.mark.parametrize(
    "score, band",
    [
        (0, "very_low"),
        (9_999, "very_low"),
        (10_000, "low"),
        (30_000, "medium"),
        (59_999, "medium"),
        (60_000, "high"),
        (90_000, "critical"),
        (100_000, "critical"),
    ],
)
def test_a_band_begins_with_its_lower_bound(score: int, band: str) -> None:
    assert band_of(score) == band


def test_thresholds_are_written_as_decimals_in_any_order() -> None:
    assert NewsRule.of(["0.6", "0.3", "0.3"], "0.25") == NewsRule((30_000, 60_000), 25_000)


@pytest.mark.parametrize("thresholds, distance", [(["0"], "0.1"), (["1.2"], "0.1"), (["0.5"], "0"), (["high"], "0.1")])
def test_a_threshold_that_is_no_probability_is_refused(thresholds: list[str], distance: str) -> None:
    with pytest.raises(ValueError, match=r"lie above 0|not a decimal"):
        NewsRule.of(thresholds, distance)


def test_a_catalogue_is_compared_entry_by_entry() -> None:
    gone = replace(LISTED, cve="CVE-2020-0001")
    new = replace(LISTED, cve="CVE-2026-0001")
    later = replace(LISTED, due_date=date(2022, 1, 10), ransomware=True)

    difference = compare_catalogues([LISTED, gone], [later, new])

    assert difference.listed == (new,)
    assert difference.amended == {
        "CVE-2021-44228": {"due_date": ["2021-12-24", "2022-01-10"], "ransomware": [None, True]}
    }
    assert difference.removed == ("CVE-2020-0001",)
    assert difference.size == 3


def test_the_same_catalogue_differs_in_nothing() -> None:
    assert compare_catalogues([LISTED], [LISTED]).size == 0


@pytest.mark.parametrize(
    "hours, freshness",
    [
        (0, Freshness.FRESH),
        (48, Freshness.FRESH),
        (49, Freshness.STALE),
        (96, Freshness.STALE),
        (97, Freshness.EXPIRED),
    ],
)
def test_a_catalogue_ages_from_the_last_successful_check(hours: int, freshness: Freshness) -> None:
    standing = standing_of(
        by_model=False,
        checked_at=NOON - timedelta(hours=hours),
        model_date=DAY - timedelta(days=90),
        is_failed=False,
        at=NOON,
    )

    assert (standing.freshness, standing.age_seconds) == (freshness, hours * 3600)


def test_epss_ages_from_the_day_of_its_model_however_often_it_is_checked() -> None:
    standing = standing_of(by_model=True, checked_at=NOON, model_date=DAY - timedelta(days=4), is_failed=False, at=NOON)

    assert standing.freshness is Freshness.EXPIRED


def test_a_feed_that_never_delivered_has_no_age() -> None:
    standing = standing_of(by_model=False, checked_at=None, model_date=None, is_failed=True, at=NOON)

    assert (standing.freshness, standing.age_seconds, standing.is_failed) == (Freshness.NEVER_READ, None, True)
