"""POST /gates/evaluations, and what can be read of the answer."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from jsonschema import Draft202012Validator
from rest_framework.test import APIClient

from gates.models import GateDecision, GateJob
from policies.models import Artifact, Snapshot
from stellapolicy.tenancy.scope import tenant_scope
from tests.clients import client_of, question
from tests.gates.conftest import Shop, make_shop
from tests.processes import ROOT
from tests.reports import HARMLESS, KEV_CRITICAL, LOG4SHELL, digest_of, trivy

URL = "/api/v1/gates/evaluations"
PIPELINE = ("evidence:write", "gate:evaluate", "gate:read", "findings:read")


def report(*vulns: Any) -> bytes:
    return trivy("shop/api", vulns, scanned_at=datetime.now(tz=UTC) - timedelta(minutes=5))


@pytest.fixture
def shop(db: None) -> Shop:
    """Return a shop of today: over HTTP the present is the instant of a question."""
    return make_shop(at=datetime.now(tz=UTC))


@pytest.fixture
def client(shop: Shop) -> APIClient:
    return client_of(shop.tenant, *PIPELINE)


def kept(shop: Shop) -> int:
    with tenant_scope(shop.tenant.pk):
        return GateDecision.objects.count() + Snapshot.objects.count() + Artifact.objects.count()


def test_a_block_is_an_answer_and_carries_its_exit_code(client: APIClient) -> None:
    response = client.post(URL, question("shop/api", report(KEV_CRITICAL)), format="json")

    answer = response.json()
    assert response.status_code == 200
    assert (answer["decision"], answer["exit_code"]) == ("block", 2)
    assert answer["findings"][0]["id"] == LOG4SHELL


def test_the_answer_fits_its_published_schema(client: APIClient) -> None:
    schema = json.loads((ROOT / "docs" / "schemas" / "gate-decision.json").read_text(encoding="utf-8"))

    answer = client.post(URL, question("shop/api", report(KEV_CRITICAL, HARMLESS)), format="json").json()

    Draft202012Validator(schema).validate(answer)


def test_a_report_may_come_as_a_form(client: APIClient) -> None:
    form = {
        "artifact_digest": digest_of("shop/api"),
        "artifact_name": "shop/api",
        "environment": "production",
        "report": SimpleUploadedFile("report.json.gz", gzip.compress(report(HARMLESS), mtime=0)),
    }

    response = client.post(URL, form, format="multipart")

    assert response.status_code == 200, response.content
    assert response.json()["decision"] == "pass"


def test_a_decision_is_found_again_by_its_link_and_in_the_list(client: APIClient) -> None:
    answer = client.post(URL, question("shop/api", report(KEV_CRITICAL)), format="json").json()

    assert client.get(answer["links"]["self"]).json() == answer
    (row,) = client.get("/api/v1/gates/decisions?decision=block&environment=production").json()["items"]
    assert row["id"] == answer["id"]
    assert client.get("/api/v1/gates/decisions?decision=pass").json()["items"] == []


def test_a_replay_over_http_is_exact(client: APIClient) -> None:
    answer = client.post(URL, question("shop/api", report(KEV_CRITICAL)), format="json").json()

    assert client.post(answer["links"]["replay"]).json()["outcome"] == "exact"


def test_a_decision_reads_as_text_for_people(client: APIClient) -> None:
    answer = client.post(URL, question("shop/api", report(KEV_CRITICAL)), format="json").json()

    response = client.get(answer["links"]["report"] + "?format=text")

    assert response["Content-Type"].startswith("text/plain")
    assert response.content.decode().startswith("BLOCK: shop/api to production")


def test_another_format_is_refused(client: APIClient) -> None:
    answer = client.post(URL, question("shop/api", report(HARMLESS)), format="json").json()

    response = client.get(answer["links"]["report"] + "?format=pdf")

    assert (response.status_code, response.json()["code"]) == (400, "report.format_unknown")


def test_a_finding_is_explained_rule_by_rule(client: APIClient) -> None:
    answer = client.post(URL, question("shop/api", report(KEV_CRITICAL)), format="json").json()
    finding = answer["findings"][0]

    explained = client.get(answer["links"]["explain"], {"finding": finding["key"]}).json()

    assert explained["verdict"]["rule"] == finding["rule"]
    assert explained["facts"]["kev.listed"] is True


def test_the_same_key_gets_the_same_answer_and_another_body_is_a_conflict(shop: Shop, client: APIClient) -> None:
    body = question("shop/api", report(KEV_CRITICAL))

    first = client.post(URL, body, format="json", headers={"Idempotency-Key": "build-1"})
    again = client.post(URL, body, format="json", headers={"Idempotency-Key": "build-1"})
    other = client.post(URL, question("shop/b"), format="json", headers={"Idempotency-Key": "build-1"})

    assert again.json() == first.json()
    assert again["Idempotent-Replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (409, "idempotency.key_reused")
    with tenant_scope(shop.tenant.pk):
        assert GateDecision.objects.count() == 1


@pytest.mark.parametrize(
    "content,code,status",
    [
        (b'{"SchemaVersion": 2, "Results": [', "evidence.json_invalid", 422),
        (b'{"hello": "world"}', "evidence.format_unknown", 422),
        (b"", "evidence.empty", 422),
        (gzip.compress(b" " * 40_000_000, mtime=0), "evidence.bomb", 413),
        (b'{"SchemaVersion": 2, "Results": ' + b"[" * 5000 + b"]" * 5000 + b"}", "evidence.too_deep", 422),
        (trivy("shop/other", scanned_at=datetime(2026, 3, 1, tzinfo=UTC)), "evidence.subject_mismatch", 422),
    ],
)
def test_a_report_that_cannot_be_used_is_refused_with_code_and_place(
    shop: Shop, client: APIClient, content: bytes, code: str, status: int
) -> None:
    response = client.post(URL, question("shop/api", content), format="json")

    problem = response.json()
    assert (response.status_code, problem["code"]) == (status, code)
    assert problem["errors"][0]["pointer"].startswith("/reports/0")
    assert kept(shop) == 0


@pytest.mark.parametrize(
    "change,code,status",
    [
        ({"environment": "moon"}, "environment.unknown", 404),
        ({"gate": "back-door"}, "gate.unknown", 404),
        ({"snapshot": "ksm:sha256:" + "0" * 64}, "snapshot.unknown", 404),
        ({"artifact": {"digest": "latest"}}, "artifact.digest_invalid", 422),
        ({"artifact": {}}, "body.invalid", 422),
        ({"at": "yesterday"}, "body.invalid", 422),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(
    shop: Shop, client: APIClient, change: dict[str, Any], code: str, status: int
) -> None:
    response = client.post(URL, {**question("shop/api"), **change}, format="json")

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert kept(shop) == 0


def test_content_that_is_no_base64_is_refused_with_its_place(client: APIClient) -> None:
    body = {**question("shop/api"), "reports": [{"filename": "r.json", "content_base64": "%%%"}]}

    problem = client.post(URL, body, format="json").json()

    assert problem["code"] == "evidence.upload_malformed"
    assert problem["errors"][0]["pointer"] == "/reports/0/content_base64"


def test_a_token_without_the_scope_is_refused(shop: Shop) -> None:
    response = client_of(shop.tenant, "gate:read").post(URL, question("shop/api"), format="json")

    assert (response.status_code, response.json()["code"]) == (403, "scope.missing")


def test_a_token_of_another_tenant_sees_nothing_of_ours(shop: Shop, client: APIClient) -> None:
    answer = client.post(URL, question("shop/api", report(KEV_CRITICAL)), format="json").json()
    job = client.post("/api/v1/gates/jobs", question("shop/api", report(KEV_CRITICAL)), format="json").json()
    rival = client_of(make_shop("rival", at=datetime.now(tz=UTC)).tenant, *PIPELINE)

    for address in (answer["links"]["self"], answer["links"]["report"], job["status_url"]):
        assert rival.get(address).status_code == 404
    assert rival.post(answer["links"]["replay"]).status_code == 404
    assert rival.get("/api/v1/gates/decisions").json()["items"] == []
    assert rival.get("/api/v1/gates/jobs").json()["items"] == []
    assert rival.get("/api/v1/snapshots").json()["items"] == []


def test_a_job_is_accepted_with_its_status_address(client: APIClient) -> None:
    response = client.post("/api/v1/gates/jobs", question("shop/api", report(KEV_CRITICAL)), format="json")

    job = response.json()
    assert (response.status_code, job["status"]) == (202, "queued")
    assert response["Location"] == job["status_url"]
    assert client.get(job["status_url"]).json()["decision"] is None


def test_nothing_is_queued_by_a_refused_question(client: APIClient) -> None:
    response = client.post("/api/v1/gates/jobs", question("shop/api", environment="moon"), format="json")

    assert response.status_code == 404
    assert not GateJob.objects.exists()


def test_the_client_is_served_as_one_file(client: APIClient) -> None:
    response = client.get("/clients/stellagate.py")

    assert response.status_code == 200
    assert response.content.startswith((b"#!", b'"""'))
