"""Evidence, feeds and packs over HTTP."""

import base64
from datetime import UTC, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings

from policies.models import PackRevision, Report
from stellapolicy.management.seeding import seed_contents
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.clients import client_of
from tests.factories import NOON, TenantFactory
from tests.feed_uploads import let_one_person_upload
from tests.reports import HARMLESS, digest_of, epss_day, trivy

BROKEN = 'policy "p" syntax "stella-dsl@1" {\n  rule a { when cvs.score > 7 then block because "x" }\n}\n'


@pytest.fixture
def tenant(db: None) -> Tenant:
    tenant = TenantFactory(slug="shop")
    seed_contents(tenant, at=NOON)
    return tenant


def evidence(*reports: bytes) -> dict[str, object]:
    return {
        "artifact": {"digest": digest_of("shop/api"), "name": "shop/api"},
        "reports": [{"filename": "r", "content_base64": base64.b64encode(one).decode()} for one in reports],
    }


def test_the_same_report_twice_is_one_import(tenant: Tenant) -> None:
    client = client_of(tenant, "evidence:write", "findings:read")
    body = evidence(trivy("shop/api", [HARMLESS], scanned_at=datetime(2026, 3, 1, tzinfo=UTC)))

    first = client.post("/api/v1/evidence", body, format="json")
    second = client.post("/api/v1/evidence", body, format="json")

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["snapshot"]["name"] == second.json()["snapshot"]["name"]
    with tenant_scope(tenant.pk):
        assert Report.objects.count() == 1


def test_a_snapshot_can_be_read_verified_and_paged(tenant: Tenant) -> None:
    client = client_of(tenant, "evidence:write", "findings:read")
    body = evidence(trivy("shop/api", [HARMLESS], scanned_at=datetime(2026, 3, 1, tzinfo=UTC)))
    name = client.post("/api/v1/evidence", body, format="json").json()["snapshot"]["name"]

    assert client.get(f"/api/v1/snapshots/{name}").json()["counts"]["findings"] == 1
    assert client.get(f"/api/v1/snapshots/{name}/verify").json()["intact"] is True
    (finding,) = client.get(f"/api/v1/snapshots/{name}/findings").json()["items"]
    assert finding["identifier"] == HARMLESS.id
    assert len(client.get("/api/v1/artifacts").json()["items"]) == 1


def test_one_unreadable_report_keeps_the_readable_ones_out(tenant: Tenant) -> None:
    client = client_of(tenant, "evidence:write")
    good = trivy("shop/api", [HARMLESS], scanned_at=datetime(2026, 3, 1, tzinfo=UTC))

    response = client.post("/api/v1/evidence", evidence(good, b"<xml/>"), format="json")

    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"].startswith("/reports/1")
    with tenant_scope(tenant.pk):
        assert not Report.objects.exists()


def test_a_feed_posted_as_a_report_is_refused(tenant: Tenant) -> None:
    client = client_of(tenant, "evidence:write")

    response = client.post("/api/v1/evidence", evidence(epss_day({"CVE-1999-0001": 0.1}, day="2026-03-01")), "json")

    assert (response.status_code, response.json()["code"]) == (422, "evidence.not_a_report")


@override_settings(INSTALLATION_TENANT="shop")
def test_a_feed_is_loaded_by_who_may_govern(tenant: Tenant) -> None:
    let_one_person_upload(tenant, at=datetime.now(tz=UTC))
    day = SimpleUploadedFile("epss.csv", epss_day({"CVE-1999-0001": 0.1}, day="2026-03-01"))

    response = client_of(tenant, "governance:write").post("/api/v1/feeds/epss", {"file": day}, "multipart")

    assert response.status_code == 201, response.content
    (feed,) = client_of(tenant, "policy:read").get("/api/v1/feeds").json()["items"]
    assert (feed["name"], feed["row_count"]) == ("epss", 1)


def test_a_feed_is_not_loaded_by_a_pipeline(tenant: Tenant) -> None:
    day = SimpleUploadedFile("epss.csv", epss_day({"CVE-1999-0001": 0.1}, day="2026-03-01"))

    response = client_of(tenant, "evidence:write").post("/api/v1/feeds/epss", {"file": day}, "multipart")

    assert response.status_code == 403


def test_a_pack_that_does_not_compile_is_refused_with_line_column_and_hint(tenant: Tenant) -> None:
    client = client_of(tenant, "policy:author", "policy:read")
    files = {"files": [{"path": "p.stella", "text": BROKEN}]}

    for address in ("/api/v1/packs/baseline/revisions", "/api/v1/packs/compile"):
        problem = client.post(address, files, format="json").json()
        assert problem["code"] == "pack.does_not_compile"
        assert any("p.stella:2:" in error["message"] for error in problem["errors"])
    with tenant_scope(tenant.pk):
        assert PackRevision.objects.filter(pack__name="baseline").count() == 1


def test_a_pack_is_read_compiled_formatted_and_tested(tenant: Tenant) -> None:
    client = client_of(tenant, "policy:author", "policy:read")
    revision = client.get("/api/v1/packs/baseline/revisions/1").json()
    files = {"files": revision["sources"]}

    compiled = client.post("/api/v1/packs/compile", files, format="json").json()
    formatted = client.post("/api/v1/packs/format", files, format="json").json()
    tested = client.post("/api/v1/packs/test", files, format="json")
    drafted = client.post("/api/v1/packs/baseline/revisions", files, format="json")

    assert compiled["digest"] == revision["digest"]
    assert formatted["files"] == revision["sources"], "shipped packs are kept in their one format"
    assert tested.status_code == 200
    assert (drafted.status_code, drafted.json()["state"]) == (201, "draft")


def test_the_catalogue_lists_every_fact(tenant: Tenant) -> None:
    facts = client_of(tenant, "policy:read").get("/api/v1/facts").json()

    assert {"severity.normalized", "kev.listed", "epss.score"} <= {fact["path"] for fact in facts}


def test_an_unknown_pack_is_not_found(tenant: Tenant) -> None:
    response = client_of(tenant, "policy:read").get("/api/v1/packs/nobodys/revisions")

    assert (response.status_code, response.json()["code"]) == (404, "pack.unknown")
