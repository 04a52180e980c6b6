"""Evidence, statements, runs, builds and deployments over HTTP."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from policies.models import Artifact, Build, Deployment, Report, Run, Snapshot, SnapshotFinding
from policies.services import runs
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.management.seeding import seed_contents
from stellapolicy.outbox.models import OutboxEvent
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.clients import client_of
from tests.factories import NOON, ServiceFactory, TenantFactory
from tests.reports import HARMLESS, KEV_CRITICAL, digest_of, trivy

SCANNED = datetime(2026, 3, 1, tzinfo=UTC)
REPORT = trivy("shop/api", [KEV_CRITICAL, HARMLESS], scanned_at=SCANNED)
DIGEST = digest_of("shop/api")


@pytest.fixture
def tenant(db: None) -> Tenant:
    tenant = TenantFactory(slug="shop")
    seed_contents(tenant, at=NOON)
    with tenant_scope(tenant.pk):
        ServiceFactory(slug="api", repositories=["shop/*"])
    return tenant


@pytest.fixture
def client(tenant: Tenant) -> APIClient:
    return client_of(tenant, "evidence:write", "findings:read", "vex:read", "governance:write")


def body(*reports: bytes, **more: Any) -> dict[str, Any]:
    listed = [{"filename": "r.json", "content_base64": base64.b64encode(one).decode()} for one in reports]
    return {"artifact": {"digest": DIGEST, "name": "shop/api"}, "reports": listed, **more}


def openvex(product: str) -> bytes:
    statement = {
        "vulnerability": {"name": KEV_CRITICAL.id},
        "products": [{"@id": product}],
        "status": "not_affected",
        "justification": "vulnerable_code_not_present",
    }
    return json.dumps(
        {
            "@context": "https://openvex.dev/ns/v0.2.0",
            "@id": "https://example.org/vex/1",
            "author": "Example",
            "timestamp": rfc3339(SCANNED),
            "version": 1,
            "statements": [statement],
        }
    ).encode()


def reachability(state: str) -> bytes:
    head = {"format": "stella-reachability@1", "tool": {"name": "probe"}, "analysed_at": rfc3339(SCANNED)}
    return b"\n".join(
        json.dumps(line).encode()
        for line in (head, {"vulnerability": KEV_CRITICAL.id, "purl": "pkg:npm/log4j@2.14.1", "state": state})
    )


def test_an_artifact_says_whose_it_is_and_why(client: APIClient) -> None:
    client.post("/api/v1/evidence", body(REPORT), format="json")

    (artifact,) = client.get("/api/v1/artifacts").json()["items"]

    assert (artifact["service"], artifact["basis"]) == ("api", "stated")
    assert artifact["joined_because"] == "repository shop/*"


def test_a_contradicted_name_is_refused_at_its_place(client: APIClient) -> None:
    asked = body(REPORT)
    asked["artifact"]["name"] = "pay/api"

    problem = client.post("/api/v1/evidence", asked, format="json")

    assert (problem.status_code, problem.json()["code"]) == (422, "evidence.name_contradicted")
    assert problem.json()["errors"][0]["pointer"] == "/artifact/name"


def test_who_does_not_wait_gets_a_run_and_finds_the_snapshot_there(client: APIClient, tenant: Tenant) -> None:
    answer = client.post("/api/v1/evidence", body(REPORT, wait=False), format="json")
    assert answer.status_code == 202
    assert answer.json()["status"] == "queued"
    runs.drain(clock=lambda: datetime.now(tz=UTC))

    run = client.get(answer["Location"]).json()

    assert (run["status"], run["failure"]) == ("succeeded", {})
    with tenant_scope(tenant.pk):
        assert run["result"]["snapshot"] == Snapshot.objects.get().name
    assert [one["id"] for one in client.get("/api/v1/runs").json()["items"]] == [run["id"]]


def test_a_broken_report_that_nobody_waited_for_fails_with_its_place(client: APIClient) -> None:
    answer = client.post("/api/v1/evidence", body(b"<xml/>", wait=False), format="json")
    runs.drain(clock=lambda: datetime.now(tz=UTC))

    run = client.get(answer["Location"]).json()

    assert run["status"] == "failed"
    assert run["failure"]["errors"][0]["pointer"].startswith("/reports/0")


def test_a_run_is_cancelled_once(client: APIClient) -> None:
    run = client.post("/api/v1/evidence", body(REPORT, wait=False), format="json").json()

    first = client.post(f"/api/v1/runs/{run['id']}:cancel")
    second = client.post(f"/api/v1/runs/{run['id']}:cancel")

    assert (first.status_code, first.json()["status"]) == (200, "cancelled")
    assert (second.status_code, second.json()["code"]) == (409, "run.ended")
    assert runs.drain(clock=lambda: datetime.now(tz=UTC)) == 0


def test_a_pipeline_sees_its_own_run_and_no_other(client: APIClient, tenant: Tenant) -> None:
    other = client.post("/api/v1/evidence", body(REPORT, wait=False), format="json").json()
    pipeline = client_of(tenant, "evidence:write")
    own = pipeline.post("/api/v1/evidence", body(REPORT, wait=False), format="json").json()

    assert pipeline.get(f"/api/v1/runs/{own['id']}").status_code == 200
    assert pipeline.get(f"/api/v1/runs/{other['id']}").json()["code"] == "run.unknown"


def test_a_statement_about_an_artifact_makes_a_new_snapshot_of_it(client: APIClient) -> None:
    first = client.post("/api/v1/evidence", body(REPORT), format="json").json()["snapshot"]

    answer = client.post("/api/v1/vex", body(openvex(f"pkg:oci/api@{DIGEST}")), format="json")

    assert answer.status_code == 201
    snapshot = answer.json()["snapshot"]
    assert snapshot["name"] != first["name"]
    assert {source["type"] for source in snapshot["manifest"]["sources"]} == {"scan", "vex"}


def test_a_statement_about_products_joins_and_is_listed(client: APIClient, tenant: Tenant) -> None:
    client.post("/api/v1/evidence", body(REPORT), format="json")
    asked = {"reports": body(openvex("pkg:npm/log4j@2.14.1"))["reports"]}

    (published,) = client.post("/api/v1/vex", asked, format="json").json()["items"]
    runs.drain(clock=lambda: datetime.now(tz=UTC))

    assert (published["is_new"], published["artifacts_touched"]) == (True, 1)
    assert client.get(published["run"]).json()["result"]["joined"] == 1
    (listed,) = client.get("/api/v1/vex").json()["items"]
    assert listed["document_id"] == "https://example.org/vex/1"
    with tenant_scope(tenant.pk):
        assert OutboxEvent.objects.filter(name="vex.published").count() == 1


def test_a_scan_posted_as_a_statement_is_refused(client: APIClient) -> None:
    problem = client.post("/api/v1/vex", body(REPORT), format="json")

    assert (problem.status_code, problem.json()["code"]) == (422, "evidence.wrong_type")


def test_reachability_becomes_facts_of_the_findings_it_is_about(client: APIClient, tenant: Tenant) -> None:
    client.post("/api/v1/evidence", body(REPORT), format="json")

    answer = client.post("/api/v1/reachability", body(reachability("unreachable")), format="json")

    assert answer.status_code == 201, answer.content
    with tenant_scope(tenant.pk):
        snapshot = Snapshot.objects.get(name=answer.json()["snapshot"]["name"])
        facts = dict(SnapshotFinding.objects.filter(snapshot=snapshot).values_list("identifier", "facts"))
    assert facts[KEV_CRITICAL.id]["reachability.state"] == "unreachable"
    assert "reachability.state" not in facts[HARMLESS.id]


def test_builds_are_recorded_once_and_found_by_commit(client: APIClient, tenant: Tenant) -> None:
    client.post("/api/v1/evidence", body(REPORT), format="json")
    build = {"artifact": DIGEST, "commit": "c0ffee", "branch": "main", "pipeline_url": "https://ci.example/1"}

    first = client.post("/api/v1/builds", build, format="json")
    second = client.post("/api/v1/builds", build, format="json")

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert len(client.get("/api/v1/builds", {"commit": "c0ffee"}).json()["items"]) == 1
    with tenant_scope(tenant.pk):
        assert Build.objects.get().said_by.startswith("token:")


def test_a_build_of_an_unknown_artifact_is_refused(client: APIClient) -> None:
    problem = client.post("/api/v1/builds", {"artifact": DIGEST, "commit": "c0ffee"}, format="json")

    assert (problem.status_code, problem.json()["code"]) == (404, "artifact.unknown")


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://example.org/\u00fc", "ftp://example", "https://a b"])
def test_an_address_that_is_no_plain_web_address_is_refused(client: APIClient, url: str) -> None:
    problem = client.post("/api/v1/builds", {"artifact": DIGEST, "commit": "c", "pipeline_url": url}, format="json")

    assert problem.status_code in {400, 422}


def test_the_last_deployment_is_the_current_one(client: APIClient, tenant: Tenant) -> None:
    client.post("/api/v1/evidence", body(REPORT), format="json")
    said = {"artifact": DIGEST, "environment": "production"}
    for hours in (3, 1, 2):
        moment = datetime.now(tz=UTC) - timedelta(hours=hours)
        answer = client.post("/api/v1/deployments", {**said, "deployed_at": rfc3339(moment)}, format="json")
        assert answer.status_code == 201

    (current,) = client.get("/api/v1/deployments", {"current": "true"}).json()["items"]

    assert current["service"] == "api"
    with tenant_scope(tenant.pk):
        assert Deployment.objects.count() == 3
        assert str(Deployment.objects.latest_first()[0].pk) == current["id"]
        assert OutboxEvent.objects.filter(name="deployment.recorded").count() == 3


@pytest.mark.parametrize(
    "changed,code",
    [
        ({"environment": "moon"}, "deployment.environment_unknown"),
        ({"deployed_at": "2999-01-01T00:00:00Z"}, "deployment.in_future"),
        ({"artifact": "latest"}, "artifact.unknown"),
    ],
)
def test_a_deployment_that_cannot_be_is_refused(client: APIClient, changed: dict[str, str], code: str) -> None:
    client.post("/api/v1/evidence", body(REPORT), format="json")

    problem = client.post(
        "/api/v1/deployments", {"artifact": DIGEST, "environment": "production", **changed}, format="json"
    )

    assert problem.json()["code"] == code


def test_the_same_deployment_said_twice_is_one(client: APIClient) -> None:
    client.post("/api/v1/evidence", body(REPORT), format="json")
    said = {"artifact": DIGEST, "environment": "production", "deployed_at": "2026-03-01T10:00:00Z"}

    codes = [client.post("/api/v1/deployments", said, format="json").status_code for _ in range(2)]

    assert codes == [201, 200]


def test_an_artifact_is_assigned_by_who_may_govern(client: APIClient, tenant: Tenant) -> None:
    client.post("/api/v1/evidence", body(REPORT), format="json")
    with tenant_scope(tenant.pk):
        pk = Artifact.objects.get().pk
        ServiceFactory(slug="edge")

    answer = client.post(f"/api/v1/artifacts/{pk}:assign", {"service": "edge", "reason": "it moved"}, format="json")
    missing = client.post(f"/api/v1/artifacts/{pk}:assign", {"service": "moon", "reason": "?"}, format="json")
    refused = client_of(tenant, "evidence:write").post(
        f"/api/v1/artifacts/{pk}:assign", {"service": "edge", "reason": "mine"}, format="json"
    )

    assert (answer.json()["service"], answer.json()["basis"]) == ("edge", "assigned")
    assert (missing.status_code, missing.json()["code"]) == (422, "artifact.service_unknown")
    assert refused.status_code == 403


@pytest.mark.parametrize(
    "labels",
    [
        {str(number): "x" for number in range(51)},
        {"x" * 101: "x"},
        {str(number): "x" * 255 for number in range(50)} | {"y" * 100: "x" * 255},
        {"x": "y" * 256},
    ],
)
def test_labels_beyond_measure_are_refused(client: APIClient, tenant: Tenant, labels: dict[str, str]) -> None:
    asked = body(REPORT)
    asked["artifact"]["labels"] = labels

    assert client.post("/api/v1/evidence", asked, format="json").status_code in {400, 422}
    with tenant_scope(tenant.pk):
        assert not Report.objects.exists()


def test_nothing_of_another_tenant_is_seen(client: APIClient, tenant: Tenant) -> None:
    client.post("/api/v1/evidence", body(REPORT, wait=False), format="json")
    client.post("/api/v1/evidence", body(REPORT), format="json")
    client.post("/api/v1/builds", {"artifact": DIGEST, "commit": "c0ffee"}, format="json")
    client.post("/api/v1/deployments", {"artifact": DIGEST, "environment": "production"}, format="json")
    stranger = client_of(TenantFactory(), "findings:read", "vex:read")

    for address in ("runs", "builds", "deployments", "vex", "artifacts", "snapshots"):
        assert stranger.get(f"/api/v1/{address}").json()["items"] == []
    assert stranger.get(f"/api/v1/runs/{Run.objects.get().pk}").status_code == 404
