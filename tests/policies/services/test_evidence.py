"""Evidence of several posts is judged together, each report once; its bytes are kept and proven."""

import gzip
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from policies.errors import FileMissing, FileTampered, ScannedInFuture, SnapshotTampered, WrongSourceType
from policies.evidence.content import FACTS_ALONE, content_digest
from policies.importers.records import SourceType
from policies.models import Report, Snapshot, SnapshotComponent, SnapshotFinding
from policies.selectors import checked_content, checked_whole, latest_snapshot
from policies.services import evidence_files
from policies.services.evidence import ArtifactReference, ReceivedEvidence, Upload, receive_evidence
from stellapolicy.kernel.actor import Actor, ScopeMissing
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, TenantFactory, almighty
from tests.real_data import real_data
from tests.reports import HARMLESS, KEV_CRITICAL, digest_of, many, trivy

HOUR = timedelta(hours=1)
SHOP = ArtifactReference(digest_of("shop/api"), "shop/api")
STORAGES: dict[str, dict[str, Any]] = {
    "memory": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "files": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
}


@pytest.fixture
def actor(db: None) -> Iterator[Actor]:
    tenant = TenantFactory()
    with tenant_scope(tenant.pk):
        yield almighty(tenant)


def post(actor: Actor, *reports: bytes, **more: Any) -> ReceivedEvidence:
    uploads = [Upload(f"{index}.json", report) for index, report in enumerate(reports)]
    return receive_evidence(actor=actor, artifact=SHOP, uploads=uploads, at=NOON, **more)


def found(received: ReceivedEvidence) -> set[str]:
    rows = SnapshotFinding.objects.filter(snapshot=received.snapshot).exclude(kind__in=["component", "licence"])
    return set(rows.values_list("identifier", flat=True))


def test_reports_of_two_posts_are_judged_together_without_double_findings(actor: Actor) -> None:
    first = trivy("shop/api", [KEV_CRITICAL], scanned_at=NOON - HOUR)
    second = sbom("demo-library")
    post(actor, first)

    both = post(actor, second)

    assert found(both) == {KEV_CRITICAL.id}
    assert len(both.snapshot.manifest["sources"]) == 2
    assert both.snapshot.evidence["scan"] == "complete"
    at_once = post(actor, first, second)
    assert both.snapshot.name == at_once.snapshot.name
    assert at_once.is_new is False


def sbom(*names: str, day: str = "2026-03-01T00:00:00Z") -> bytes:
    return json.dumps(
        {
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
            "metadata": {"timestamp": day, "component": {"type": "container", "name": "shop/api", "bom-ref": "it"}},
            "components": [
                {
                    "type": "library",
                    "name": name,
                    "version": "1.0.0",
                    "purl": f"pkg:npm/{name}@1.0.0",
                    "scope": "required",
                    "licenses": [{"license": {"id": "MIT"}}],
                }
                for name in names
            ],
        }
    ).encode()


def test_a_newer_scan_of_a_tool_takes_the_place_of_its_older_one(actor: Actor) -> None:
    post(actor, trivy("shop/api", [KEV_CRITICAL], scanned_at=NOON - 2 * HOUR))

    newer = post(actor, trivy("shop/api", [HARMLESS], scanned_at=NOON - HOUR))

    assert found(newer) == {HARMLESS.id}


def test_an_older_scan_that_comes_later_changes_nothing_and_the_answer_says_so(actor: Actor) -> None:
    newer = post(actor, trivy("shop/api", [KEV_CRITICAL], scanned_at=NOON - HOUR))

    older = post(actor, trivy("shop/api", [HARMLESS], scanned_at=NOON - 5 * HOUR))

    assert older.snapshot.pk == newer.snapshot.pk
    assert len(older.outdone) == 1
    assert Report.objects.count() == 2


def test_packed_and_plain_are_one_import(actor: Actor) -> None:
    report = trivy("shop/api", [HARMLESS], scanned_at=NOON - HOUR)
    post(actor, report)

    again = post(actor, gzip.compress(report))

    assert again.is_new is False
    assert Report.objects.count() == 1


def test_a_report_of_days_to_come_is_refused(actor: Actor) -> None:
    with pytest.raises(ScannedInFuture) as refused:
        post(actor, trivy("shop/api", [HARMLESS], scanned_at=NOON + timedelta(minutes=6)))

    assert refused.value.faults[0].pointer == "/reports/0"
    assert post(actor, trivy("shop/api", [HARMLESS], scanned_at=NOON + timedelta(minutes=4))).is_new


def test_evidence_of_another_type_than_expected_is_refused(actor: Actor) -> None:
    with pytest.raises(WrongSourceType):
        post(actor, trivy("shop/api", [HARMLESS], scanned_at=NOON), expected=SourceType.VEX)


def test_an_inventory_gives_components_and_licences_that_are_listed_and_not_counted_as_found(actor: Actor) -> None:
    snapshot = post(actor, sbom("left", "right")).snapshot

    assert snapshot.counts["findings"] == 0
    assert snapshot.counts["by_kind"] == {"component": 2, "licence": 2}
    component = SnapshotComponent.objects.order_by("position")[0]
    assert (component.scope, component.licences, component.direct) == ("required", ["MIT"], None)


@pytest.mark.parametrize("name", sorted(STORAGES))
def test_bytes_are_kept_in_the_storage_that_is_configured_and_read_back(
    actor: Actor, name: str, tmp_path: Path, django_capture_on_commit_callbacks: Any
) -> None:
    with override_settings(STORAGES=storages(name, tmp_path)):
        with django_capture_on_commit_callbacks(execute=True):
            post(actor, trivy("shop/api", [KEV_CRITICAL], scanned_at=NOON - HOUR))
        (report,) = Report.objects.all()

        assert evidence_files.storage().exists(report.stored_as)
        both = post(actor, sbom("demo-library"))

    assert found(both) == {KEV_CRITICAL.id}


@pytest.mark.parametrize("name", sorted(STORAGES))
@pytest.mark.parametrize("content,refusal", [(None, FileMissing), (b'{"other": 1}', FileTampered), (b"", FileTampered)])
def test_a_file_that_is_gone_or_changed_is_said_in_words(  # noqa: PLR0917 - a table
    actor: Actor,
    name: str,
    content: bytes | None,
    refusal: type[Exception],
    tmp_path: Path,
    django_capture_on_commit_callbacks: Any,
) -> None:
    with override_settings(STORAGES=storages(name, tmp_path)):
        with django_capture_on_commit_callbacks(execute=True):
            post(actor, trivy("shop/api", [KEV_CRITICAL], scanned_at=NOON - HOUR))
        (report,) = Report.objects.all()
        evidence_files._waiting.clear()
        evidence_files.storage().delete(report.stored_as)
        if content is not None:
            evidence_files.storage().save(report.stored_as, ContentFile(content))

        with pytest.raises(refusal, match="sha256:"):
            post(actor, sbom("demo-library"))


def storages(name: str, folder: Path) -> dict[str, dict[str, Any]]:
    options = {"OPTIONS": {"location": str(folder)}} if name == "files" else {}
    evidence: dict[str, Any] = {**STORAGES[name], **options}
    return {"default": STORAGES["memory"], "staticfiles": STORAGES["memory"], "evidence": evidence}


def _post_and_be_refused(actor: Actor, report: bytes) -> None:
    post(actor, report)
    raise ScopeMissing("the gate is not yours")


@pytest.mark.django_db(transaction=True)
def test_a_refusal_after_the_import_leaves_no_file(tmp_path: Path) -> None:
    tenant = TenantFactory()
    report = trivy("shop/api", [KEV_CRITICAL], scanned_at=NOON - HOUR)

    with override_settings(STORAGES=storages("files", tmp_path)):
        with pytest.raises(ScopeMissing), tenant_scope(tenant.pk):
            _post_and_be_refused(almighty(tenant), report)
        assert list(tmp_path.rglob("*")) == []
        with tenant_scope(tenant.pk):
            post(almighty(tenant), report)

    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_whoever_may_upload_nowhere_is_refused_before_anything_is_read(actor: Actor) -> None:
    with pytest.raises(ScopeMissing):
        post(Actor(actor.tenant_id, "token:reader"), b"not even a report")


@pytest.mark.parametrize("column,value", [("purl", "'pkg:npm/other@1'"), ("origin", "'{}'"), ("severity", "'low'")])
def test_a_change_of_any_column_of_a_finding_is_noticed(actor: Actor, column: str, value: str) -> None:
    received = post(actor, trivy("shop/api", [KEV_CRITICAL], scanned_at=NOON - HOUR))
    tamper("policies_snapshotfinding", column, value, actor)

    with pytest.raises(SnapshotTampered):
        checked_content(received.snapshot)


def test_a_change_of_a_component_is_noticed(actor: Actor) -> None:
    received = post(actor, sbom("left"))
    tamper("policies_snapshotcomponent", "licences", "'[]'", actor)

    with pytest.raises(SnapshotTampered, match="components"):
        checked_whole(received.snapshot)


def test_a_snapshot_of_the_first_digest_version_still_verifies(actor: Actor) -> None:
    received = post(actor, trivy("shop/api", [KEV_CRITICAL], scanned_at=NOON - HOUR))
    composed = received.composed
    old = content_digest(composed.findings, composed.claims, version=FACTS_ALONE)
    tamper("policies_snapshot", "digest_version", f"1, content_digest = '{old}', components_digest = ''", actor)

    whole = checked_whole(Snapshot.objects.get(pk=received.snapshot.pk))

    assert len(whole.findings) == 1


def tamper(table: str, column: str, value: str, actor: Actor) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL ROLE stella_owner")
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
        cursor.execute("SELECT set_config('app.tenant', %s, true)", [str(actor.tenant_id)])
        cursor.execute(f"UPDATE {table} SET {column} = {value}")  # noqa: S608 - words of this file
        cursor.execute("SET LOCAL ROLE stella_app")


@pytest.mark.parametrize("count", [50, 2_000])
def test_a_second_post_takes_the_same_queries_whatever_the_size_of_the_first(actor: Actor, count: int) -> None:
    post(actor, trivy("shop/api", many(count), scanned_at=NOON - HOUR))

    with CaptureQueriesContext(connection) as queries:
        post(actor, sbom("left"))

    assert len(queries) == QUERIES_OF_A_SECOND_POST


QUERIES_OF_A_SECOND_POST = 16


def test_the_last_snapshot_is_the_present_evidence(actor: Actor) -> None:
    post(actor, trivy("shop/api", [KEV_CRITICAL], scanned_at=NOON - HOUR))
    last = post(actor, sbom("left"))

    latest = latest_snapshot(last.artifact.pk)

    assert latest is not None
    assert latest.pk == last.snapshot.pk


def test_a_real_report_of_licences_names_its_image_and_yields_licences(actor: Actor) -> None:
    report = real_data("scans/trivy/license_scheme.json").read_bytes()
    digest = "sha256:bcae378eacedab83da66079d9366c8f5df542d7ed9ab23bf487e3e1a8481375d"
    assert digest.encode() in report

    received = receive_evidence(
        actor=actor, artifact=ArtifactReference(digest, "alpine:3.11"), uploads=[Upload("t", report)], at=NOON
    )

    assert received.artifact.name == "alpine:3.11"
    assert received.snapshot.counts["by_kind"].keys() == {"licence"}
