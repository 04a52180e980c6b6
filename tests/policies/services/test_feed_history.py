"""The history of EPSS: whatever the order in which days arrive, each day reads as it was published."""

from collections.abc import Iterator
from itertools import permutations

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from policies.models import EpssHistory, EpssScore, FeedChange, FeedName, FeedState, IntelligenceEvent
from policies.services.feeds import LoadedFeed, load_feed
from stellapolicy.kernel.actor import Actor
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, TenantFactory, almighty
from tests.reports import epss_day

A, B, C = "CVE-1999-0001", "CVE-1999-0002", "CVE-1999-0003"
DAYS = {
    "2026-02-27": {A: 0.1, B: 0.2},
    "2026-02-28": {A: 0.5, B: 0.2},
    "2026-03-01": {A: 0.1, C: 0.7},
    "2026-03-02": {A: 0.1, B: 0.3},
}


@pytest.fixture
def actor(db: None) -> Iterator[Actor]:
    tenant = TenantFactory()
    with tenant_scope(tenant.pk):
        yield almighty(tenant)


def load(actor: Actor, rows: dict[str, float], day: str, model: bytes = b"v2025.03.14") -> LoadedFeed:
    content = epss_day(rows, day=day).replace(b"v2025.03.14", model)
    return load_feed(actor=actor, content=content, at=NOON)


def as_of(day: str) -> dict[str, float]:
    """Return what the history says of a day."""
    known: dict[str, int | None] = {}
    for row in EpssHistory.objects.filter(model_date__lte=day).order_by("model_date", "load"):
        known[row.cve] = row.score
    return {cve: score / 100_000 for cve, score in known.items() if score is not None}


@pytest.mark.parametrize("order", list(permutations(DAYS)))
def test_days_loaded_in_any_order_read_as_they_were_published(actor: Actor, order: tuple[str, ...]) -> None:
    for day in order:
        load(actor, DAYS[day], day)

    assert {day: as_of(day) for day in DAYS} == DAYS
    assert {row.cve: row.score / 100_000 for row in EpssScore.objects.all()} == DAYS["2026-03-02"]
    state = FeedState.objects.get(pk=FeedName.EPSS)
    assert (str(state.model_date), state.row_count) == ("2026-03-02", 2)


def test_an_older_day_never_replaces_what_is_current(actor: Actor) -> None:
    load(actor, {A: 0.9}, "2026-03-02")

    loaded = load(actor, {A: 0.1}, "2026-02-01")

    assert loaded.is_past
    assert EpssScore.objects.get(pk=A).score == 90_000
    assert not IntelligenceEvent.objects.filter(change=loaded.change).exists()


def test_a_day_adds_rows_only_for_what_it_changed(actor: Actor) -> None:
    load(actor, {A: 0.1, B: 0.2}, "2026-03-01")

    load(actor, {A: 0.1, B: 0.3}, "2026-03-02")

    assert list(EpssHistory.objects.of(A).values_list("score", flat=True)) == [10_000]
    assert list(EpssHistory.objects.of(B).values_list("score", flat=True)) == [30_000, 20_000]


@pytest.mark.parametrize("day", ["2026-03-02", "2026-02-01"])
def test_the_same_day_twice_changes_nothing(actor: Actor, day: str) -> None:
    load(actor, {A: 0.1}, "2026-03-02")
    load(actor, {A: 0.2}, day)
    before = EpssHistory.objects.count(), FeedChange.objects.count()

    again = load(actor, {A: 0.2}, day)

    assert (again.changed, again.change) == (0, None)
    assert (EpssHistory.objects.count(), FeedChange.objects.count()) == before


def test_a_day_published_again_is_remembered_beside_the_first(actor: Actor) -> None:
    load(actor, {A: 0.1}, "2026-03-02")

    load(actor, {A: 0.4}, "2026-03-02")

    assert list(EpssHistory.objects.of(A).values_list("score", flat=True)) == [40_000, 10_000]
    assert as_of("2026-03-02") == {A: 0.4}


def test_the_history_is_never_changed(actor: Actor) -> None:
    load(actor, {A: 0.1}, "2026-03-02")

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        EpssHistory.objects.filter(cve=A).update(score=0)


def test_a_day_takes_the_same_number_of_statements_whatever_its_size(actor: Actor) -> None:
    few = {f"CVE-1999-{number:05d}": 0.5 for number in range(10)}
    many = {f"CVE-1999-{number:05d}": 0.1 for number in range(10_000)}
    load(actor, few, "2026-02-27")

    with CaptureQueriesContext(connection) as small:
        load(actor, dict.fromkeys(few, 0.2), "2026-02-28")
    load(actor, many, "2026-03-01")
    with CaptureQueriesContext(connection) as large:
        load(actor, dict.fromkeys(many, 0.2), "2026-03-02")

    assert len(large) == len(small)
    assert EpssScore.objects.filter(score=20_000).count() == 10_000
