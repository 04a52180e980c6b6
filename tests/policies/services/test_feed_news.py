"""What of a load is news: crossings, far moves, first and last words, KEV entries; and never a flood."""

from collections.abc import Iterator

import pytest
from django.test import override_settings

from policies.models import FeedChange, IntelligenceEvent
from policies.services import feeds
from policies.services.feeds import LoadedFeed, load_feed
from stellapolicy.kernel.actor import Actor
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, TenantFactory, almighty
from tests.reports import epss_day, kev_catalogue

A, B, C = "CVE-1999-0001", "CVE-1999-0002", "CVE-1999-0003"


@pytest.fixture
def actor(db: None) -> Iterator[Actor]:
    tenant = TenantFactory()
    with tenant_scope(tenant.pk):
        yield almighty(tenant)


def load(actor: Actor, rows: dict[str, float], day: str, model: bytes = b"v2025.03.14") -> LoadedFeed:
    content = epss_day(rows, day=day).replace(b"v2025.03.14", model)
    return load_feed(actor=actor, content=content, at=NOON)


def told() -> list[tuple[str, str, int | None, int | None]]:
    return list(IntelligenceEvent.objects.order_by("cve").values_list("cve", "kind", "before", "after"))


@pytest.mark.parametrize(
    "before, after, kind",
    [
        (0.29, 0.30, "epss_crossed"),
        (0.30, 0.29, "epss_crossed"),
        (0.31, 0.41, "epss_moved"),
        (0.9, 0.99999, None),
        (0.11, 0.2, None),
    ],
)
def test_a_score_is_news_where_it_crosses_a_threshold_or_moves_far(
    actor: Actor, before: float, after: float, kind: str | None
) -> None:
    load(actor, {A: before, B: 0.5}, "2026-03-01")

    loaded = load(actor, {A: after, B: 0.5}, "2026-03-02")

    assert [event[1] for event in told()] == ([kind] if kind else [])
    assert loaded.news == len(told())


def test_a_first_score_and_a_withdrawn_one_are_news(actor: Actor) -> None:
    load(actor, {A: 0.1, B: 0.2}, "2026-03-01")

    load(actor, {A: 0.1, C: 0.001}, "2026-03-02")

    assert told() == [(B, "epss_withdrawn", 20_000, None), (C, "epss_first", None, 100)]


@override_settings(EPSS_THRESHOLDS=["0.45"], EPSS_DISTANCE="0.5")
def test_the_thresholds_are_what_the_installation_says(actor: Actor) -> None:
    load(actor, {A: 0.44, B: 0.29}, "2026-03-01")

    load(actor, {A: 0.45, B: 0.31}, "2026-03-02")

    assert told() == [(A, "epss_crossed", 44_000, 45_000)]


def test_the_first_day_is_no_news(actor: Actor) -> None:
    loaded = load(actor, {A: 0.9, B: 0.9}, "2026-03-01")

    assert (loaded.wholesale, loaded.news, told()) == ("first", 0, [])


def test_a_new_model_moves_everything_and_is_said_once(actor: Actor) -> None:
    load(actor, {A: 0.1, B: 0.1}, "2026-03-01")

    loaded = load(actor, {A: 0.9, B: 0.9}, "2026-03-02", model=b"v2026.03.01")

    assert (loaded.wholesale, loaded.changed, told()) == ("model", 2, [])


def test_a_flood_of_crossings_is_said_once(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "FLOOD", 1)
    load(actor, {A: 0.1, B: 0.1}, "2026-03-01")

    loaded = load(actor, {A: 0.9, B: 0.9}, "2026-03-02")

    assert (loaded.wholesale, told()) == ("flood", [])


def test_entries_listed_amended_and_removed_are_each_recorded(actor: Actor) -> None:
    others = [f"CVE-2020-{number:04d}" for number in range(20)]
    first = kev_catalogue(*others, A, B, released_at="2026-03-01T00:00:00.000Z")
    second = kev_catalogue(*others, A, C, released_at="2026-03-02T00:00:00.000Z")
    load_feed(actor=actor, content=first, at=NOON)

    head, of_a, tail = second.partition(b'"cveID": "CVE-1999-0001"')
    load_feed(actor=actor, content=head + of_a + tail.replace(b"2021-12-24", b"2022-01-10", 1), at=NOON)

    events = {event.cve: event for event in IntelligenceEvent.objects.all()}
    assert {cve: event.kind for cve, event in events.items()} == {
        A: "kev_changed",
        B: "kev_removed",
        C: "kev_listed",
    }
    assert events[A].said == {"due_date": ["2021-12-24", "2022-01-10"]}


def test_a_catalogue_whose_entries_did_not_change_is_a_change_of_nothing(actor: Actor) -> None:
    load_feed(actor=actor, content=kev_catalogue(A, released_at="2026-03-01T00:00:00.000Z"), at=NOON)

    loaded = load_feed(actor=actor, content=kev_catalogue(A, released_at="2026-03-02T00:00:00.000Z"), at=NOON)

    assert loaded.change is not None
    change = FeedChange.objects.get(pk=loaded.change)
    assert (change.added, change.changed, change.removed, change.event_count) == (0, 0, 0, 0)
