"""Tenants hear of the artifacts a change concerns: each once, in parts, and only of what is current."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from policies.importers.registry import import_report
from policies.intelligence import affected_artifacts
from policies.models import FeedChange, FeedNotice, SnapshotAlias
from policies.services import feed_notices
from policies.services.evidence import ArtifactReference, Upload, receive_evidence
from policies.services.feed_notices import tell_tenant, tenants_to_tell
from policies.services.feeds import load_feed
from stellapolicy.kernel.actor import Actor
from stellapolicy.outbox.models import OutboxEvent
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, TenantFactory, almighty
from tests.policies.importers.reports import grype_match, grype_report
from tests.reports import HARMLESS, Vuln, digest_of, epss_day, trivy

A, B = "CVE-1999-0001", "CVE-1999-0002"


def scan(tenant: Tenant, image: str, *cves: str, hours_ago: int = 1) -> None:
    """Let a tenant keep a scan of an image."""
    receive(
        tenant,
        image,
        trivy(image, [Vuln(cve) for cve in cves], scanned_at=NOON - timedelta(hours=hours_ago)),
        hours_ago,
    )


def receive(tenant: Tenant, image: str, report: bytes, hours_ago: int = 1) -> None:
    """Let a tenant keep a report about an image."""
    with tenant_scope(tenant.pk):
        receive_evidence(
            actor=almighty(tenant),
            artifact=ArtifactReference(digest_of(image), image),
            uploads=[Upload("r.json", report)],
            at=NOON - timedelta(hours=hours_ago),
        )


def grype_of_two(image: str, cve: str, other: str) -> bytes:
    """Return a Grype report whose one finding goes by two CVEs, as a distribution's entry does that names another."""
    match = grype_match()
    match["vulnerability"]["id"], match["relatedVulnerabilities"][0]["id"] = cve, other
    report = grype_report(match, source={"type": "image", "target": {"repoDigests": [f"{image}@{digest_of(image)}"]}})
    report["descriptor"] |= {"timestamp": "2026-03-02T10:00:00Z", "db": {}}
    return json.dumps(report).encode()


def load(tenant: Tenant, day: str, **rows: float) -> FeedChange:
    content = epss_day({cve.replace("_", "-"): score for cve, score in rows.items()}, day=day)
    with tenant_scope(tenant.pk):
        loaded = load_feed(actor=Actor(tenant.pk, "command:feeds"), content=content, at=NOON)
    assert loaded.change is not None
    return FeedChange.objects.get(pk=loaded.change)


def crossing(tenant: Tenant) -> FeedChange:
    """Load two days between which A crosses and B does not."""
    first = load(tenant, "2026-03-01", CVE_1999_0001=0.1, CVE_1999_0002=0.1)
    FeedNotice.objects.bulk_create(FeedNotice(tenant=each, change=first, told_at=NOON) for each in Tenant.objects.all())
    return load(tenant, "2026-03-02", CVE_1999_0001=0.9, CVE_1999_0002=0.1)


def told(tenant: Tenant) -> list[dict[str, Any]]:
    with tenant_scope(tenant.pk):
        return list(OutboxEvent.objects.filter(name="feed.affected").order_by("id").values_list("data", flat=True))


@pytest.fixture
def tenants(db: None) -> tuple[Tenant, Tenant]:
    return TenantFactory(slug="one"), TenantFactory(slug="two")


def test_each_tenant_hears_of_its_own_artifacts_alone(tenants: tuple[Tenant, Tenant]) -> None:
    one, two = tenants
    scan(one, "one/api", A)
    scan(one, "one/quiet", B)
    scan(two, "two/api", A, B)
    crossing(one)

    for tenant in tenants:
        tell_tenant(tenant_id=tenant.pk, at=NOON)

    assert [event["artifacts"] for event in told(one)] == [[digest_of("one/api")]]
    assert [event["artifacts"] for event in told(two)] == [[digest_of("two/api")]]
    assert (told(one)[0]["cves"], told(one)[0]["everything"]) == ([A], False)


def test_a_tenant_hears_of_a_change_once(tenants: tuple[Tenant, Tenant]) -> None:
    one, _ = tenants
    scan(one, "one/api", A)
    crossing(one)

    counts = [tell_tenant(tenant_id=one.pk, at=NOON) for _ in range(2)]

    assert (counts, len(told(one))) == ([1, 0], 1)


def test_only_the_latest_scan_of_an_artifact_counts(tenants: tuple[Tenant, Tenant]) -> None:
    one, _ = tenants
    scan(one, "one/fixed", A, hours_ago=9)
    scan(one, "one/fixed", B, hours_ago=2)
    scan(one, "one/broken", B, hours_ago=9)
    scan(one, "one/broken", A, hours_ago=2)
    change = crossing(one)

    with tenant_scope(one.pk):
        assert affected_artifacts(change) == [digest_of("one/broken")]


def test_a_finding_is_found_by_the_other_cve_it_goes_by(tenants: tuple[Tenant, Tenant]) -> None:
    one, _ = tenants
    scan(one, "one/api", B)
    change = crossing(one)
    with tenant_scope(one.pk):
        from policies.models import Snapshot

        SnapshotAlias.objects.create(snapshot=Snapshot.objects.get(), identifier=A)

        assert affected_artifacts(change) == [digest_of("one/api")]


def test_who_is_concerned_is_found_in_one_statement_however_many(tenants: tuple[Tenant, Tenant]) -> None:
    one, _ = tenants
    for number in range(12):
        scan(one, f"one/{number}", A)
    change = crossing(one)

    with tenant_scope(one.pk), CaptureQueriesContext(connection) as captured:
        found = affected_artifacts(change)

    assert (len(found), len(captured)) == (12, 1)


def test_many_artifacts_are_told_in_parts(tenants: tuple[Tenant, Tenant], monkeypatch: pytest.MonkeyPatch) -> None:
    one, _ = tenants
    monkeypatch.setattr(feed_notices, "ARTIFACTS_AT_ONCE", 2)
    for number in range(5):
        scan(one, f"one/{number}", A)
    crossing(one)

    tell_tenant(tenant_id=one.pk, at=NOON)

    assert [(event["part"], event["parts"], len(event["artifacts"])) for event in told(one)] == [
        (1, 3, 2),
        (2, 3, 2),
        (3, 3, 1),
    ]


def test_a_wholesale_change_is_told_as_one_sentence(tenants: tuple[Tenant, Tenant]) -> None:
    one, _ = tenants
    scan(one, "one/api", A)
    load(one, "2026-03-01", CVE_1999_0001=0.1)

    tell_tenant(tenant_id=one.pk, at=NOON)

    assert [(event["everything"], event["wholesale"], event["artifacts"]) for event in told(one)] == [
        (True, "first", [])
    ]


def test_only_tenants_that_have_not_heard_are_told(tenants: tuple[Tenant, Tenant]) -> None:
    one, two = tenants
    load(one, "2026-03-01", CVE_1999_0001=0.1)
    tell_tenant(tenant_id=one.pk, at=NOON)

    with CaptureQueriesContext(connection) as captured:
        waiting = tenants_to_tell(at=NOON)

    assert (waiting, len(captured)) == ([two.pk], 1)


def test_a_tenant_made_later_and_changes_long_past_are_left_alone(tenants: tuple[Tenant, Tenant]) -> None:
    one, _ = tenants
    load(one, "2026-03-01", CVE_1999_0001=0.1)
    late = TenantFactory(slug="late", created_at=NOON + timedelta(minutes=1))

    assert late.pk not in tenants_to_tell(at=NOON)
    assert tenants_to_tell(at=NOON + timedelta(days=8)) == []


def test_a_past_day_is_told_to_nobody(tenants: tuple[Tenant, Tenant]) -> None:
    one, _ = tenants
    crossing(one)
    for tenant in tenants:
        tell_tenant(tenant_id=tenant.pk, at=NOON)

    load(one, "2026-02-01", CVE_1999_0001=0.5)

    assert tenants_to_tell(at=NOON) == []


def test_the_installation_hears_of_the_change_itself(tenants: tuple[Tenant, Tenant]) -> None:
    one, _ = tenants
    change = crossing(one)

    with tenant_scope(one.pk):
        event = OutboxEvent.objects.filter(name="intelligence.changed").order_by("-id")[0]
    assert (event.data["change"], event.data["cves"], event.data["rows"]) == (change.pk, [A], 2)


def test_a_finding_that_goes_by_two_cves_is_kept_under_its_other_one_too(tenants: tuple[Tenant, Tenant]) -> None:
    one, _ = tenants

    receive(one, "one/api", grype_of_two("one/api", "CVE-1998-0001", A))

    change = crossing(one)
    with tenant_scope(one.pk):
        assert list(SnapshotAlias.objects.values_list("identifier", flat=True)) == [A]
        assert affected_artifacts(change) == [digest_of("one/api")]


def test_a_finding_that_goes_by_one_cve_has_no_alias(tenants: tuple[Tenant, Tenant]) -> None:
    one, _ = tenants
    assert import_report(trivy("x", [HARMLESS], scanned_at=NOON)).findings
    scan(one, "one/api", A)

    with tenant_scope(one.pk):
        assert not SnapshotAlias.objects.exists()
