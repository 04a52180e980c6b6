"""Feeds: whole or not at all, only changes written."""

import gzip
from collections.abc import Iterator

import pytest

from policies.errors import FeedAhead, FeedOlder, FeedShrunk, NotAFeed
from policies.importers.refusals import ImportRefused
from policies.models import EpssScore, FeedName, FeedState, KevEntry
from policies.services.feeds import LoadedFeed, load_feed
from stellapolicy.kernel.actor import Actor
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, TenantFactory, almighty
from tests.real_data import real_data
from tests.reports import epss_day, kev_catalogue, trivy

DAY = "2026-03-02"


@pytest.fixture
def actor(db: None) -> Iterator[Actor]:
    tenant = TenantFactory()
    with tenant_scope(tenant.pk):
        yield almighty(tenant)


def load(actor: Actor, content: bytes) -> LoadedFeed:
    return load_feed(actor=actor, content=content, at=NOON)


def test_a_day_of_epss_is_kept_in_hundred_thousandths(actor: Actor) -> None:
    loaded = load(actor, epss_day({"CVE-2021-44228": 0.97565}, day=DAY))

    assert (loaded.name, loaded.row_count, loaded.changed) == (FeedName.EPSS, 1, 1)
    assert EpssScore.objects.get(pk="CVE-2021-44228").score == 97_565


def test_the_same_day_again_changes_nothing(actor: Actor) -> None:
    load(actor, epss_day({"CVE-1999-0001": 0.1, "CVE-1999-0002": 0.2}, day=DAY))

    again = load(actor, gzip.compress(epss_day({"CVE-1999-0001": 0.1, "CVE-1999-0002": 0.2}, day=DAY), mtime=0))

    assert again.changed == 0


def test_a_catalogue_older_than_the_loaded_one_is_refused(actor: Actor) -> None:
    load(actor, kev_catalogue("CVE-2020-0001", released_at="2026-03-01T00:00:00.000Z"))

    with pytest.raises(FeedOlder, match="2026-03-01 is loaded, this one is of 2026-02-01"):
        load(actor, kev_catalogue("CVE-2020-0002", released_at="2026-02-01T00:00:00.000Z"))

    assert list(KevEntry.objects.values_list("cve", flat=True)) == ["CVE-2020-0001"]


def test_a_score_that_a_later_day_leaves_out_is_withdrawn(actor: Actor) -> None:
    load(actor, epss_day({"CVE-1999-0001": 0.9, "CVE-1999-0002": 0.1}, day=DAY))

    loaded = load(actor, epss_day({"CVE-1999-0002": 0.1, "CVE-1999-0003": 0.2}, day="2026-03-03"))

    assert loaded.changed == 2
    assert list(EpssScore.objects.values_list("cve", flat=True)) == ["CVE-1999-0002", "CVE-1999-0003"]


def test_a_feed_that_lost_more_than_a_tenth_of_its_rows_is_kept_out(actor: Actor) -> None:
    load(actor, epss_day({f"CVE-1999-{number:04d}": 0.5 for number in range(100)}, day=DAY))

    with pytest.raises(FeedShrunk, match="100 rows and now has 89"):
        load(actor, epss_day({f"CVE-1999-{number:04d}": 0.1 for number in range(89)}, day="2026-03-03"))

    assert EpssScore.objects.get(pk="CVE-1999-0001").score == 50_000


def test_an_entry_withdrawn_from_the_catalogue_goes(actor: Actor) -> None:
    cves = [f"CVE-2020-{number:04d}" for number in range(20)]
    load(actor, kev_catalogue(*cves, released_at="2026-03-01T00:00:00.000Z"))

    loaded = load(actor, kev_catalogue(*cves[1:], released_at="2026-03-02T00:00:00.000Z"))

    assert loaded.changed == 1
    assert not KevEntry.objects.filter(pk=cves[0]).exists()


def test_a_report_is_no_feed(actor: Actor) -> None:
    with pytest.raises(NotAFeed):
        load(actor, trivy("shop", scanned_at=NOON))


def test_one_feed_posted_as_the_other_is_refused(actor: Actor) -> None:
    with pytest.raises(NotAFeed, match="KEV"):
        load_feed(actor=actor, content=epss_day({"CVE-1999-0001": 0.1}, day=DAY), expected=FeedName.KEV, at=NOON)


@pytest.mark.parametrize("name", ["intel/epss-vunnel-invalid-header.csv", "intel/epss-vunnel-missing-date.csv"])
def test_a_broken_day_loads_nothing(actor: Actor, name: str) -> None:
    with pytest.raises(ImportRefused):
        load(actor, real_data(name).read_bytes())

    assert not EpssScore.objects.exists()
    assert not FeedState.objects.exists()


def test_the_real_catalogue_and_the_real_day_load(actor: Actor) -> None:
    kev = load(actor, real_data("intel/kev-2025-08.json").read_bytes())
    epss = load(actor, real_data("intel/epss_scores-2026-01-30-excerpt.csv").read_bytes())

    assert kev.row_count == KevEntry.objects.count() == 1404
    assert epss.row_count == EpssScore.objects.count() == 14_257


def test_a_sample_makes_way_for_any_real_feed_and_leaves_nothing(actor: Actor) -> None:
    sample = epss_day({"CVE-2000-0001": 0.9, "CVE-2000-0002": 0.9}, day=DAY).replace(b"v2025.03.14", b"sample")
    load_feed(actor=actor, content=sample, is_sample=True, at=NOON)

    load(actor, epss_day({"CVE-1999-0001": 0.1}, day="2025-01-01"))

    assert list(EpssScore.objects.values_list("cve", flat=True)) == ["CVE-1999-0001"]


def test_nobody_uploads_a_sample_to_make_the_next_load_unconditional(actor: Actor) -> None:
    load(actor, epss_day({"CVE-2000-0001": 0.9}, day=DAY))

    with pytest.raises(NotAFeed, match="sample"):
        load(actor, epss_day({"CVE-2000-0001": 0.0}, day=DAY).replace(b"v2025.03.14", b"sample"))


def test_a_feed_of_days_to_come_is_refused(actor: Actor) -> None:
    with pytest.raises(FeedAhead):
        load(actor, epss_day({"CVE-2000-0001": 0.9}, day="2099-01-01"))
