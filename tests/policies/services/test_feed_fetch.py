"""Fetching: conditional, whole or kept aside, every failure recorded and told once; from real servers on loopback."""

import gzip
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from django.db import connection, connections
from django.test import override_settings

from policies.models import EpssScore, FeedChange, FeedName, FeedState, HeldFeed
from policies.services.feed_fetch import Fetched, FetchOutcome, fetch_feed
from stellapolicy.egress import factory
from stellapolicy.egress.errors import Sealed
from stellapolicy.egress.models import ConnectionMode, ConnectionState
from stellapolicy.outbox.models import OutboxEvent
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, TenantFactory
from tests.loopback import Answer, Asked, Script, loopback
from tests.reports import epss_day

DAY = epss_day({f"CVE-1999-{number:04d}": 0.5 for number in range(100)}, day="2026-03-02")
SHRUNK = epss_day({f"CVE-1999-{number:04d}": 0.5 for number in range(89)}, day="2026-03-03")
TAGGED = {"ETag": '"one"', "Last-Modified": "Mon, 02 Mar 2026 00:00:00 GMT"}


@dataclass
class Feed:
    """A server of EPSS, and what it answers now."""

    tenant: Tenant
    answer: Answer = field(default_factory=lambda: Answer(200, gzip.compress(DAY, mtime=0), TAGGED))
    asked: list[Asked] = field(default_factory=list)

    def serve(self, asked: Asked) -> Answer:
        """Answer 304 to whoever has it."""
        if asked.headers.get("If-None-Match") == self.answer.headers.get("ETag", "none"):
            return Answer(304)
        return self.answer

    def fetch(self, at: datetime = NOON) -> Fetched:
        return fetch_feed(name=FeedName.EPSS, at=at)

    def events(self, name: str) -> list[dict[str, object]]:
        with tenant_scope(self.tenant.pk):
            return list(OutboxEvent.objects.filter(name=name).values_list("data", flat=True))


@pytest.fixture
def feed(db: None) -> Iterator[Feed]:
    yield from serving()


def serving() -> Iterator[Feed]:
    feed = Feed(TenantFactory(slug="house"))
    with (
        loopback(feed.serve) as server,
        override_settings(
            INSTALLATION_TENANT="house",
            FEED_URLS={"epss": server.url("/epss.csv.gz"), "kev": ""},
            EGRESS_INTERNAL_HOSTS={"feeds": [f"127.0.0.1:{server.port}"]},
        ),
    ):
        feed.asked = server.asked
        yield feed


def state() -> FeedState:
    return FeedState.objects.get(pk=FeedName.EPSS)


def test_a_feed_is_fetched_and_loaded(feed: Feed) -> None:
    fetched = feed.fetch()

    assert (fetched.outcome, EpssScore.objects.count()) == (FetchOutcome.LOADED, 100)
    assert (state().etag, state().last_modified, state().checked_at) == ('"one"', TAGGED["Last-Modified"], NOON)


def test_what_did_not_change_is_a_successful_check_and_no_load(feed: Feed) -> None:
    feed.fetch()

    fetched = feed.fetch(NOON + timedelta(hours=1))

    assert fetched.outcome is FetchOutcome.UNCHANGED
    assert feed.asked[1].headers["If-None-Match"] == '"one"'
    assert feed.asked[1].headers["If-Modified-Since"] == TAGGED["Last-Modified"]
    assert (state().checked_at, FeedChange.objects.count()) == (NOON + timedelta(hours=1), 1)


def test_the_same_content_under_another_name_is_no_load(feed: Feed) -> None:
    feed.fetch()
    feed.answer = Answer(200, DAY, {"ETag": '"two"'})

    fetched = feed.fetch(NOON + timedelta(hours=1))

    assert (fetched.outcome, state().etag) == (FetchOutcome.UNCHANGED, '"two"')
    assert FeedChange.objects.count() == 1


@pytest.mark.parametrize(
    "answer, code, is_kept",
    [
        (Answer(404, b"not here"), "feed.unavailable", False),
        (Answer(500, b"oh"), "feed.unavailable", False),
        (Answer(304), "feed.unavailable", False),
        (Answer(200, gzip.compress(DAY, mtime=0)[:-40]), "evidence.compression_invalid", True),
        (Answer(200, b"<!DOCTYPE html><html><body>Sign in</body></html>"), "evidence.format_unsupported", True),
        (Answer(200, b"{"), "evidence.json_invalid", True),
        (Answer(200, b""), "evidence.empty", True),
        (Answer(200, DAY[:-20]), "feed.row_invalid", True),
        (Answer(200, epss_day({"CVE-1999-0001": 0.5}, day="2099-01-01")), "feed.dated_ahead", True),
        (Answer(200, DAY, {"Content-Encoding": "gzip"}), "egress.failed", False),
        (Answer(302, b"", {"Location": "http://10.0.0.1/epss.csv"}), "egress.not_allowed", False),
    ],
)
def test_an_answer_that_is_no_feed_leaves_everything_and_is_told_once(
    feed: Feed, answer: Answer, code: str, *, is_kept: bool
) -> None:
    feed.answer = answer

    first, second = feed.fetch(), feed.fetch(NOON + timedelta(hours=1))

    assert (first.code, second.code) == (code, code)
    assert not EpssScore.objects.exists()
    assert (state().failures, state().error_code, state().checked_at) == (2, code, None)
    assert [event["code"] for event in feed.events("feed.failed")] == [code]
    assert HeldFeed.objects.count() == (1 if is_kept else 0)


def test_a_shrunken_feed_is_kept_aside_and_the_last_one_stands(feed: Feed) -> None:
    feed.fetch()
    feed.answer = Answer(200, SHRUNK, {"ETag": '"two"'})

    fetched = feed.fetch(NOON + timedelta(days=1))

    held = HeldFeed.objects.get()
    assert (fetched.outcome, fetched.code) == (FetchOutcome.KEPT_ASIDE, "feed.shrunk")
    assert (held.code, held.row_count, held.is_readable, held.kept_by) == ("feed.shrunk", 89, True, "system:feeds")
    assert (state().checked_at, state().etag, EpssScore.objects.count()) == (NOON, '"one"', 100)
    assert len(feed.events("feed.kept_aside")) == 1


def test_a_check_that_succeeds_again_clears_the_failure(feed: Feed) -> None:
    good, feed.answer = feed.answer, Answer(500)
    feed.fetch()
    feed.answer = good

    feed.fetch(NOON + timedelta(hours=1))

    assert (state().failures, state().error_code, state().is_failed) == (0, "", False)


def test_a_server_that_does_not_answer_in_time_is_a_failure(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(factory, "READ_SECONDS", 0.05)
    release = threading.Event()

    def dawdle(_asked: Asked) -> Answer:
        release.wait(10)
        return Answer()

    with loopback(dawdle) as slow:
        urls = {"epss": slow.url(), "kev": ""}
        with override_settings(FEED_URLS=urls, EGRESS_INTERNAL_HOSTS={"feeds": [f"127.0.0.1:{slow.port}"]}):
            fetched = feed.fetch()
        release.set()

    assert (fetched.outcome, fetched.code) == (FetchOutcome.FAILED, "egress.failed")


def test_an_answer_beyond_the_limit_is_not_read(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policies.services.feed_fetch.LARGEST_ANSWER", 10)

    fetched = feed.fetch()

    assert fetched.code == "egress.too_large"


def test_a_feed_without_an_address_is_never_asked(feed: Feed) -> None:
    fetched = fetch_feed(name=FeedName.KEV, at=NOON)

    assert fetched.outcome is FetchOutcome.NOT_CONFIGURED
    assert not FeedState.objects.filter(pk=FeedName.KEV).exists()


def test_nothing_is_asked_while_sealed_and_no_failure_is_counted(feed: Feed) -> None:
    feed.fetch()
    ConnectionState.objects.create(
        mode=ConnectionMode.SEALED, changed_at=NOON, changed_by="test", reason="sealed for the test"
    )

    with pytest.raises(Sealed):
        feed.fetch(NOON + timedelta(hours=1))

    assert (len(feed.asked), state().failures, state().checked_at) == (1, 0, NOON)


@pytest.mark.django_db(transaction=True)
def test_two_fetches_at_once_load_once() -> None:
    for feed in serving():
        both = threading.Barrier(2)
        with loopback(together(feed, both)) as server:
            urls = {"epss": server.url(), "kev": ""}
            with override_settings(FEED_URLS=urls, EGRESS_INTERNAL_HOSTS={"feeds": [f"127.0.0.1:{server.port}"]}):
                outcomes = in_threads(feed)

        assert sorted(outcomes) == [FetchOutcome.LOADED, FetchOutcome.UNCHANGED]
        assert FeedChange.objects.count() == 1


def together(feed: Feed, both: threading.Barrier) -> Script:
    """Answer two requests only once both are there."""

    def serve(_asked: Asked) -> Answer:
        both.wait(10)
        return feed.answer

    return serve


def in_threads(feed: Feed) -> list[FetchOutcome]:
    outcomes: list[FetchOutcome] = []

    def run() -> None:
        try:
            outcomes.append(feed.fetch().outcome)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert connection.is_usable()
    return outcomes
