"""Feeds and what they say over HTTP."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from policies.models import EpssScore, HeldFeed
from policies.services.feeds import load_feed
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.clients import client_of
from tests.factories import NOON, TenantFactory, almighty
from tests.feed_uploads import let_one_person_upload
from tests.reports import epss_day, kev_catalogue

A, B = "CVE-1999-0001", "CVE-1999-0002"
SCORES = {f"CVE-1999-{number:04d}": 0.2 for number in range(1, 101)}


@pytest.fixture
def tenant(db: None) -> Iterator[Tenant]:
    tenant = TenantFactory(slug="house")
    with override_settings(INSTALLATION_TENANT="house"):
        yield tenant


@pytest.fixture
def loaded(tenant: Tenant) -> Tenant:
    with tenant_scope(tenant.pk):
        for day, score in (("2026-03-01", 0.2), ("2026-03-02", 0.97)):
            load_feed(actor=almighty(tenant), content=epss_day({**SCORES, A: score}, day=day), at=NOON)
        for day, cves in (("2026-03-01", [A]), ("2026-03-02", [A, B])):
            content = kev_catalogue(*cves, released_at=f"{day}T00:00:00.000Z")
            load_feed(actor=almighty(tenant), content=content, at=NOON)
    return tenant


def post(client: APIClient, content: bytes, feed: str = "epss"):  # type: ignore[no-untyped-def]  # noqa: ANN201 - the test client's own answer
    return client.post(f"/api/v1/feeds/{feed}", {"file": SimpleUploadedFile("feed", content)}, "multipart")


def test_a_feed_says_how_fresh_it_is(tenant: Tenant) -> None:
    at = datetime.now(tz=UTC)
    with tenant_scope(tenant.pk):
        load_feed(actor=almighty(tenant), content=epss_day({A: 0.1}, day=at.date().isoformat()), at=at)
        old = kev_catalogue(A, released_at="2026-01-01T00:00:00.000Z")
        load_feed(actor=almighty(tenant), content=old, at=at - timedelta(days=3))
    client = client_of(tenant, "policy:read")

    epss, kev = (client.get(f"/api/v1/feeds/{name}").json() for name in ("epss", "kev"))

    assert (epss["freshness"], epss["failures"]) == ("fresh", 0)
    assert (kev["freshness"], kev["age_seconds"] // 86_400) == ("stale", 3)


def test_a_feed_never_connected_is_not_found(tenant: Tenant) -> None:
    answer = client_of(tenant, "policy:read").get("/api/v1/feeds/kev")

    assert (answer.status_code, answer.json()["code"]) == (404, "feed.unknown")


def test_another_tenant_cannot_load_what_counts_for_all(tenant: Tenant) -> None:
    answer = post(client_of(TenantFactory(), "governance:write"), epss_day({A: 0.1}, day="2026-03-01"))

    assert (answer.status_code, answer.json()["code"]) == (403, "feed.installation_only")
    assert not EpssScore.objects.exists()


def test_an_upload_waits_for_a_second_person(loaded: Tenant) -> None:
    answer = post(client_of(loaded, "governance:write"), epss_day(dict.fromkeys(SCORES, 0.0), day="2026-03-03"))

    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
    assert answer.json()["approval"]
    assert not EpssScore.objects.filter(score=0).exists()


def test_a_shrunken_upload_is_refused_kept_aside_and_listed(loaded: Tenant) -> None:
    let_one_person_upload(loaded, at=NOON)
    client = client_of(loaded, "governance:write")

    answer = post(client, epss_day({A: 0.1}, day="2026-03-03"))

    (held,) = client.get("/api/v1/feeds/epss/held").json()["items"]
    assert (answer.status_code, answer.json()["code"]) == (422, "feed.shrunk")
    assert held["id"] in answer.json()["detail"]
    assert (held["state"], held["row_count"], EpssScore.objects.count()) == ("held", 1, 100)


def test_a_shrunken_file_waits_for_a_second_person_once_somebody_wants_it(loaded: Tenant) -> None:
    let_one_person_upload(loaded, at=NOON)
    client = client_of(loaded, "governance:write")
    post(client, epss_day({A: 0.1}, day="2026-03-03"))
    held = HeldFeed.objects.get()

    answer = client.post(f"/api/v1/feeds/epss/held/{held.pk}:load", {"reason": "the list was cleaned"}, "json")

    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
    assert answer.json()["approval"]


def test_a_file_that_is_kept_aside_can_be_given_up(loaded: Tenant) -> None:
    let_one_person_upload(loaded, at=NOON)
    client = client_of(loaded, "governance:write")
    post(client, epss_day({A: 0.1}, day="2026-03-03"))
    held = HeldFeed.objects.get()

    answer = client.post(f"/api/v1/feeds/epss/held/{held.pk}:discard", {"reason": "a test"}, "json")

    assert (answer.status_code, answer.json()["state"]) == (200, "discarded")


def test_files_kept_aside_are_hidden_from_other_tenants(loaded: Tenant) -> None:
    client = client_of(TenantFactory(), "governance:write")

    answers = [
        client.get("/api/v1/feeds/epss/held"),
        client.post(f"/api/v1/feeds/epss/held/{loaded.pk}:load", {"reason": "x"}, "json"),
        client.post(f"/api/v1/feeds/epss/held/{loaded.pk}:discard", {"reason": "x"}, "json"),
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(403, "feed.installation_only")] * 3


def test_a_prediction_is_read_with_its_history(loaded: Tenant) -> None:
    client = client_of(loaded, "policy:read")

    score = client.get(f"/api/v1/epss/{A}").json()
    history = client.get(f"/api/v1/epss/{A}/history").json()["items"]

    assert (score["score"], score["percentile"], score["band"]) == ("0.97", "0.5", "critical")
    assert [(row["model_date"], row["score"]) for row in history] == [("2026-03-02", "0.97"), ("2026-03-01", "0.2")]


def test_what_is_news_is_listed(loaded: Tenant) -> None:
    client = client_of(loaded, "policy:read")

    events = client.get("/api/v1/intelligence/events").json()["items"]
    crossed = client.get("/api/v1/intelligence/events?kind=epss_crossed").json()["items"]
    changes = client.get("/api/v1/feeds/epss/changes").json()["items"]

    assert [(event["cve"], event["kind"]) for event in events] == [(B, "kev_listed"), (A, "epss_crossed")]
    assert [(event["before"], event["after"]) for event in crossed] == [("0.2", "0.97")]
    assert [(change["changed"], change["event_count"], change["wholesale"]) for change in changes] == [
        (1, 1, ""),
        (0, 0, "first"),
    ]


def test_an_entry_of_the_catalogue_is_read(loaded: Tenant) -> None:
    client = client_of(loaded, "policy:read")

    assert client.get(f"/api/v1/kev/{A}").json()["due_date"] == "2021-12-24"
    assert client.get("/api/v1/kev/CVE-1999-9999").json()["code"] == "feed.unknown"
    assert client.get("/api/v1/epss/CVE-1999-9999").json()["code"] == "feed.unknown"
    assert client.get("/api/v1/epss/log4shell").status_code == 404
    assert [row["cve"] for row in client.get("/api/v1/kev").json()["items"]] == [A, B]


def test_pages_of_predictions_take_the_same_queries_and_meet(loaded: Tenant) -> None:
    client = client_of(loaded, "policy:read")
    client.get("/api/v1/epss?limit=1")

    with CaptureQueriesContext(connection) as few:
        first = client.get("/api/v1/epss?limit=2").json()
    with CaptureQueriesContext(connection) as many:
        rest = client.get(f"/api/v1/epss?limit=98&cursor={first['next_cursor']}").json()

    assert len(few) == len(many)
    assert [row["cve"] for row in (*first["items"], *rest["items"])] == sorted(SCORES)


@pytest.mark.parametrize("content", [b"", b"\x1f\x8bnot gzip", b"<html>", b"{", b"\x00\xff"])
def test_no_content_whatever_makes_a_surprise(tenant: Tenant, content: bytes) -> None:
    for feed in ("epss", "kev"):
        answer = post(client_of(tenant, "governance:write"), content, feed)

        assert answer.status_code == 422, answer.content
