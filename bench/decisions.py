"""Decisions per second, and what ten thousand findings cost in time and memory; real PostgreSQL, one process."""

import resource
import statistics
import time
import tracemalloc
from datetime import UTC, datetime, timedelta

from bench.tables import print_table
from gates.models import GateMode
from gates.requests import GateRequest
from gates.services.evaluation import evaluate_gate
from policies.services.feeds import load_feed
from stellapolicy.access.roles import Scope
from stellapolicy.kernel.actor import Actor
from stellapolicy.management.seeding import seed_contents
from stellapolicy.tenancy.bootstrap import seed_tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.reports import epss_day, many, trivy
from tests.shop import asked, enforce

ROUNDS = {50: 60, 500: 30, 10_000: 5}


def run() -> None:
    """Seed a tenant, ask its gate, print the table."""
    now = datetime.now(tz=UTC)
    tenant = seed_tenant(slug="bench", name="Bench", at=now)
    seed_contents(tenant, at=now)
    actor = Actor(tenant_id=tenant.pk, subject="system:bench", scopes=frozenset(Scope))
    with tenant_scope(tenant.pk):
        enforce(actor, GateMode.ENFORCE)
        scores = {vuln.id: 0.01 for vuln in many(max(ROUNDS))}
        load_feed(actor=actor, content=epss_day(scores, day=now.date().isoformat()), at=now)
    rows = []
    for size, rounds in ROUNDS.items():
        rows.append(_row(f"posted, {size:,} findings", [_post(actor, size, n, now) for n in range(rounds)]))
        stored = asked(f"bench/{size}/0")
        rows.append(_row(f"stored, {size:,} findings", [_ask(actor, stored, now) for _ in range(rounds)]))
    print_table("Gate decisions, one process, database on the same machine", ("", "rate", "p50", "p95"), rows)
    tracemalloc.start()
    _post(actor, 10_000, -1, now)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\nPeak Python memory of posting and deciding 10,000 findings: {peak / 2**20:,.0f} MiB")
    print(f"Peak resident memory of the process: {resident:,.0f} MiB")


def _post(actor: Actor, size: int, number: int, now: datetime) -> float:
    image = f"bench/{size}/{number}"
    report = trivy(image, many(size), scanned_at=now - timedelta(hours=1))
    return _ask(actor, asked(image, report), now)


def _ask(actor: Actor, request: GateRequest, now: datetime) -> float:
    """Return the seconds of one decision, its transaction included."""
    began = time.perf_counter()
    with tenant_scope(actor.tenant_id):
        evaluate_gate(actor=actor, request=request, at=now)
    return time.perf_counter() - began


def _row(name: str, seconds: list[float]) -> tuple[str, ...]:
    ordered = sorted(seconds)
    return (
        name,
        f"{1 / statistics.mean(seconds):,.1f}/s",
        f"{statistics.median(seconds) * 1000:,.1f} ms",
        f"{ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))] * 1000:,.1f} ms",
    )
