"""An estate that tests fill with reports of their own, and what a scope covers of it."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from exceptions import ports
from exceptions.matching.scope import Scope
from exceptions.ports import Coverage
from exceptions.rules.vocabulary import ExceptionType
from policies.services.evidence import ArtifactReference, Upload, receive_evidence
from stellapolicy.kernel.actor import Actor
from stellapolicy.management.seeding import seed_contents
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, TenantFactory, almighty
from tests.reports import Vuln, digest_of, trivy

HOUR = timedelta(hours=1)
GHSA = "GHSA-jfh8-c2jp-5v3q"


@pytest.fixture
def actor(db: None) -> Iterator[Actor]:
    tenant = TenantFactory()
    seed_contents(tenant, at=NOON)
    with tenant_scope(tenant.pk):
        yield almighty(tenant)


def keep(actor: Actor, image: str, *reports: bytes, **labels: str) -> None:
    uploads = [Upload(f"{number}.json", report) for number, report in enumerate(reports)]
    receive_evidence(actor=actor, artifact=ArtifactReference(digest_of(image), image, labels), uploads=uploads, at=NOON)


def scan(actor: Actor, image: str, *vulns: Vuln, hours: int = 1, **labels: str) -> None:
    keep(actor, image, trivy(image, vulns, scanned_at=NOON - hours * HOUR), **labels)


def covered(scope: Scope, kind: ExceptionType = ExceptionType.VULNERABILITY) -> Coverage:
    return ports.covered(scope, type=kind, at=NOON)


def found(coverage: Coverage) -> list[tuple[str, str]]:
    return [(one.artifact.name, one.seen.vulnerability) for one in coverage.findings]


def names(coverage: Coverage) -> list[str]:
    return [one.artifact.name for one in coverage.findings]


def with_alias(image: str, alias: str, *vulns: Vuln) -> bytes:
    report: dict[str, Any] = json.loads(trivy(image, vulns, scanned_at=NOON - HOUR))
    for row in report["Results"][0]["Vulnerabilities"]:
        row["VendorIDs"] = [alias]
    return json.dumps(report).encode()
