"""A whole day of EPSS: loaded, followed by the next one, and the artifacts it concerns found; real PostgreSQL."""

import random
import resource
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench.tables import print_table
from policies.intelligence import affected_artifacts
from policies.models import FeedChange
from policies.services.evidence import ArtifactReference, Upload, receive_evidence
from policies.services.feeds import load_feed
from stellapolicy.access.roles import Scope
from stellapolicy.kernel.actor import Actor
from stellapolicy.tenancy.bootstrap import seed_tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.reports import Vuln, digest_of, trivy

ROWS = 313_000
MOVED_SHARE = 10
ARTIFACTS = 200
FINDINGS = 300


def run() -> None:
    """Load two days of full size, the second with every tenth score changed, and find whom that concerns."""
    now = datetime.now(tz=UTC)
    tenant = seed_tenant(slug="feeds", name="Feeds", at=now)
    actor = Actor(tenant_id=tenant.pk, subject="system:bench", scopes=frozenset(Scope))
    scores = _scores()
    moved = _next_day(scores, seed=314)
    first, second, third = (
        _file(day, (now.date() - timedelta(days=ago)).isoformat())
        for ago, day in ((2, scores), (1, moved), (0, _next_day(moved, seed=315)))
    )
    with tenant_scope(tenant.pk):
        _keep_scans(actor, now)
    news = "every tenth row moved"
    rows = [
        _timed(f"the first day, {ROWS:,} rows", actor, lambda: _load(actor, first, now)),
        _timed(f"the next day, {news}", actor, lambda: _load(actor, second, now)),
        _timed("the same day again", actor, lambda: _load(actor, second, now)),
    ]
    change = FeedChange.objects.filter(name="epss").order_by("-pk")[0]
    found: list[str] = []
    name = f"whom {change.event_count:,} news concern, {ARTIFACTS} artifacts of {FINDINGS} findings"
    rows.append(_timed(name, actor, lambda: found.extend(affected_artifacts(change))))
    print_table("A day of EPSS", ("", "seconds", "statements"), rows)
    peak = _memory(actor, lambda: _load(actor, third, now))
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\nConcerned: {len(found)} artifacts. Peak Python memory of loading a day: {peak / 2**20:,.0f} MiB")
    print(f"Peak resident memory of the process: {resident:,.0f} MiB")


def _load(actor: Actor, content: bytes, now: datetime) -> None:
    load_feed(actor=actor, content=content, at=now)


def _timed(name: str, actor: Actor, act: Callable[[], object]) -> tuple[str, ...]:
    """Return a row of the table, the commit included."""
    began = time.perf_counter()
    with CaptureQueriesContext(connection) as captured, tenant_scope(actor.tenant_id):
        act()
    return (name, f"{time.perf_counter() - began:.2f}", str(len(captured)))


def _memory(actor: Actor, act: Callable[[], object]) -> int:
    """Return the most memory that Python held at once, in bytes."""
    tracemalloc.start()
    with tenant_scope(actor.tenant_id):
        act()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def _scores() -> dict[str, tuple[int, int]]:
    """Return scores spread as EPSS spreads them: most of them tiny, few of them high; always the same."""
    chance = random.Random(313)
    return {
        f"CVE-{1999 + number % 28}-{10_000 + number // 28}": (
            int(100_000 * chance.random() ** 9),
            chance.randrange(100_001),
        )
        for number in range(ROWS)
    }


def _next_day(scores: dict[str, tuple[int, int]], *, seed: int) -> dict[str, tuple[int, int]]:
    """Return the scores of the day after: every tenth drifts, and a few of these leap."""
    chance = random.Random(seed)
    moved = dict(scores)
    for number, (cve, (score, percentile)) in enumerate(scores.items()):
        if number % MOVED_SHARE == 0:
            leap = 40_000 if chance.randrange(500) == 0 else chance.randrange(-40, 41)
            moved[cve] = (min(max(score + leap, 0), 100_000), percentile)
    return moved


def _file(scores: dict[str, tuple[int, int]], day: str) -> bytes:
    lines = [f"#model_version:v2025.03.14,score_date:{day}T00:00:00Z", "cve,epss,percentile"]
    lines += [f"{cve},{score / 100_000:.5f},{percentile / 100_000:.5f}" for cve, (score, percentile) in scores.items()]
    return "\n".join(lines).encode()


def _keep_scans(actor: Actor, now: datetime) -> None:
    """Keep scans whose findings are drawn from all the CVEs of the day."""
    chance = random.Random(315)
    names = list(_scores())
    for number in range(ARTIFACTS):
        image = f"feeds/{number}"
        found = [Vuln(cve, f"library-{place}") for place, cve in enumerate(chance.sample(names, FINDINGS))]
        report = trivy(image, found, scanned_at=now - timedelta(hours=1))
        reference = ArtifactReference(digest_of(image), image)
        receive_evidence(actor=actor, artifact=reference, uploads=[Upload("r.json", report)], at=now)
