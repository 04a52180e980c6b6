"""A GitHub run signs in by its own token and posts what three scanners said of one image: no finding counts twice."""

import base64
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from policies.importers.registry import import_report
from policies.models import Snapshot, SnapshotFinding
from stellapolicy.management.seeding import seed_contents
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import ServiceFactory, TenantFactory
from tests.issuer import Issuer, issuer
from tests.real_data import real_data
from tests.reports import HARMLESS, digest_of, trivy
from tests.stellapolicy.access.workloads import DOOR, GITHUB_RUN, believe, trust

DIGEST = "sha256:13d22ec63300e16014d4a42aed735207a8b33c223cff19627dd3042e5a10a3a0"
SCANNERS = ("grype", "snyk", "trivy")


@pytest.fixture
def tenant(db: None) -> Tenant:
    tenant = TenantFactory(slug="acme")
    seed_contents(tenant, at=datetime.now(tz=UTC))
    return tenant


@pytest.fixture
def pipeline(settings: Settings, tenant: Tenant) -> Iterator[APIClient]:
    """Return a client with the token that a run of acme/api got for the web service, for a quarter of an hour."""
    with issuer() as github:
        believe(settings, github)
        with tenant_scope(tenant.pk):
            web = ServiceFactory(slug="web", repositories=["nginx"])
        trust(tenant, web)
        yield _signed_in(github)


def _signed_in(github: Issuer) -> APIClient:
    client = APIClient()
    told = client.post(DOOR, {"token": github.sign(GITHUB_RUN), "tenant": "acme"}, format="json")
    assert told.status_code == 201, told.content
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {told.json()['access_token']}")
    return client


def report(scanner: str) -> bytes:
    return real_data(f"scans/sarif-nginx-3-scanners/nginx-{scanner}.sarif.json").read_bytes()


def post(client: APIClient, *scanners: str) -> Any:
    reports = [
        {"filename": f"{scanner}.sarif", "content_base64": base64.b64encode(report(scanner)).decode()}
        for scanner in scanners
    ]
    body = {"artifact": {"digest": DIGEST, "name": "nginx"}, "reports": reports}
    answer = client.post("/api/v1/evidence", body, format="json")
    assert answer.status_code in {200, 201}, answer.content
    return answer.json()["snapshot"]


def found(tenant: Tenant, snapshot: str) -> list[SnapshotFinding]:
    with tenant_scope(tenant.pk):
        return list(SnapshotFinding.objects.filter(snapshot__name=snapshot, kind="vulnerability"))


def test_three_scanners_of_one_image_are_one_list_without_doubles(pipeline: APIClient, tenant: Tenant) -> None:
    snapshot = post(pipeline, *SCANNERS)

    findings = found(tenant, snapshot["name"])
    rows = sum(len(import_report(report(scanner)).findings) for scanner in SCANNERS)
    agreed = Counter(len(finding.origin["sources"]) for finding in findings)
    assert (rows, len(findings)) == (263, 100)
    assert agreed == {3: 64, 2: 35, 1: 1}
    assert len({(finding.identifier, finding.purl) for finding in findings}) == len(findings)


def test_it_makes_no_difference_whether_they_are_posted_together_or_one_after_another(
    pipeline: APIClient, tenant: Tenant
) -> None:
    names = [post(pipeline, scanner)["name"] for scanner in SCANNERS]

    assert len(found(tenant, names[-1])) == 100
    assert post(pipeline, *SCANNERS)["name"] == names[-1]


@pytest.mark.parametrize("order", list(permutations(SCANNERS))[1:3], ids="-".join)
def test_it_makes_no_difference_in_which_order(pipeline: APIClient, tenant: Tenant, order: tuple[str, ...]) -> None:
    straight = post(pipeline, *SCANNERS)

    assert post(pipeline, *order)["name"] == straight["name"]
    with tenant_scope(tenant.pk):
        assert Snapshot.objects.count() == 1


def test_the_gate_judges_what_all_three_found(pipeline: APIClient, tenant: Tenant) -> None:
    snapshot = post(pipeline, *SCANNERS)

    question = {"artifact": {"digest": DIGEST, "name": "nginx"}, "environment": "production"}
    answer = pipeline.post("/api/v1/gates/evaluations", question, format="json").json()

    assert answer["digests"]["snapshot"] == snapshot["name"]
    assert answer["counts"]["findings"] == 100
    assert answer["decision"] == "block"


def test_the_token_of_a_run_reaches_no_other_service(pipeline: APIClient) -> None:
    foreign = trivy("shop/api", [HARMLESS], scanned_at=datetime.now(tz=UTC))
    body = {
        "artifact": {"digest": digest_of("shop/api"), "name": "shop/api"},
        "reports": [{"content_base64": base64.b64encode(foreign).decode()}],
    }

    answer = pipeline.post("/api/v1/evidence", body, format="json")

    assert answer.status_code == 403
    assert answer.json()["code"] == "scope.missing"
