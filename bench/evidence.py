"""What a large Grype report costs: read, posted, and posted beside another scanner's; time, peak memory, queries."""

import json
import time
import tracemalloc
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench.tables import print_table
from policies.importers.registry import import_report
from policies.services.evidence import ArtifactReference, Upload, receive_evidence
from stellapolicy.access.roles import Scope
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.tenancy.bootstrap import seed_tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.real_data import real_data
from tests.reports import digest_of, trivy

_REPORT = "scans/anchore_grype/many_vulns_with_epss_values.json"
_SIZES = (1_000, 10_000, 20_000)


def run() -> None:
    """Print a table: a row for each size and step."""
    now = datetime.now(tz=UTC)
    tenant = seed_tenant(slug="bench-evidence", name="Bench", at=now)
    actor = Actor(tenant_id=tenant.pk, subject="system:bench", scopes=frozenset(Scope))
    original = json.loads(real_data(_REPORT).read_bytes())
    rows = []
    for size in _SIZES:
        image = f"bench/grype-{size}"
        report = scaled(original, size, image=image, at=now - timedelta(hours=1))
        scan = trivy(image, scanned_at=now - timedelta(hours=1))
        mebibytes = f"{len(report) / 2**20:.1f} MiB"
        rows.append((f"read, {size:,} findings", mebibytes, *_read(report), "0"))
        rows.append((f"posted, {size:,} findings", mebibytes, *_posted(actor, image, report, now)))
        rows.append((f"another tool beside it, {size:,}", mebibytes, *_posted(actor, image, scan, now)))
    print_table("A Grype report, scaled", ("", "size", "time", "peak memory", "queries"), rows)


def _read(report: bytes) -> tuple[str, str]:
    return _measured(lambda: import_report(report))


def scaled(original: dict[str, Any], size: int, *, image: str, at: datetime) -> bytes:
    """Return the report with its matches repeated to `size`, each under a vulnerability and version of its own."""
    report = {**original, "descriptor": {**original["descriptor"], "timestamp": rfc3339(at)}}
    digest = digest_of(image)
    target = {**original["source"]["target"], "userInput": image, "imageID": digest, "tags": [f"{image}:1"]}
    target |= {"manifestDigest": digest, "repoDigests": [f"{image}@{digest}"]}
    report["source"] = {**original["source"], "target": target}
    report["matches"] = [_copy(original["matches"][n % len(original["matches"])], n) for n in range(size)]
    return json.dumps(report).encode()


def _copy(match: dict[str, Any], number: int) -> dict[str, Any]:
    copied = deepcopy(match)
    copied["vulnerability"]["id"] = f"CVE-2020-{100_000 + number}"
    copied["relatedVulnerabilities"] = []
    artifact = copied["artifact"]
    artifact["purl"] = artifact["purl"].partition("@")[0] + f"@1.{number % 997}"
    artifact["version"] = f"1.{number % 997}"
    return copied


def _posted(actor: Actor, image: str, report: bytes, at: datetime) -> tuple[str, str, str]:
    def post() -> None:
        with tenant_scope(actor.tenant_id):
            receive_evidence(
                actor=actor,
                artifact=ArtifactReference(digest_of(image), image),
                uploads=[Upload("report.json", report)],
                at=at,
            )

    with CaptureQueriesContext(connection) as queries:
        elapsed, memory = _measured(post)
    asked = [query for query in queries if not query["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))]
    return elapsed, memory, str(len(asked))


def _measured(act: Callable[[], object]) -> tuple[str, str]:
    """Return time and peak memory of one run; counting memory makes Python up to twice as slow, so time is a bound."""
    tracemalloc.start()
    began = time.perf_counter()
    act()
    elapsed = time.perf_counter() - began
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return f"{elapsed:.2f} s", f"{peak / 2**20:,.0f} MiB"
