"""Reads of what the feeds brought: what is news here, how each feed stands, whom a change concerns."""

from datetime import date, datetime

from django.conf import settings
from django.db import connection
from django.db.models import OuterRef, Q, Subquery

from policies.feeds.freshness import Freshness, Standing, standing_of
from policies.feeds.news import NewsRule
from policies.models import Artifact, EpssHistory, FeedName, Snapshot, SnapshotAlias, SnapshotFinding
from policies.models.feeds import FeedChange, FeedState
from stellapolicy.tenancy.scope import current_tenant

# The artifacts whose current snapshot, the last one made, speaks of a CVE of the change: by its own name, or
# by one that its findings give as an alias.
_AFFECTED = """
    WITH hit AS (
        SELECT finding.snapshot_id FROM policies_intelligenceevent event
        JOIN policies_snapshotfinding finding ON finding.tenant_id = %(tenant)s AND finding.identifier = event.cve
        WHERE event.change_id = %(change)s
        UNION
        SELECT alias.snapshot_id FROM policies_intelligenceevent event
        JOIN policies_snapshotalias alias ON alias.tenant_id = %(tenant)s AND alias.identifier = event.cve
        WHERE event.change_id = %(change)s
    ), candidate AS (
        SELECT DISTINCT snapshot.artifact_id FROM hit
        JOIN policies_snapshot snapshot ON snapshot.id = hit.snapshot_id AND snapshot.tenant_id = %(tenant)s
    ), latest AS (
        SELECT DISTINCT ON (snapshot.artifact_id) snapshot.id, snapshot.artifact_id FROM candidate
        JOIN policies_snapshot snapshot USING (artifact_id)
        WHERE snapshot.tenant_id = %(tenant)s
        ORDER BY snapshot.artifact_id, snapshot.created_at DESC, snapshot.id DESC
    )
    SELECT DISTINCT artifact.digest FROM latest
    JOIN hit ON hit.snapshot_id = latest.id
    JOIN policies_artifact artifact ON artifact.id = latest.artifact_id AND artifact.tenant_id = %(tenant)s
    ORDER BY artifact.digest
"""


def news_rule() -> NewsRule:
    """Return from where a change of EPSS is news in this installation."""
    return NewsRule.of(settings.EPSS_THRESHOLDS, settings.EPSS_DISTANCE)


def affected_artifacts(change: FeedChange) -> list[str]:
    """Return the digests of the tenant's artifacts that a change concerns, sorted; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_AFFECTED, {"tenant": current_tenant(), "change": change.pk})
        return [digest for (digest,) in cursor.fetchall()]


def standing(state: FeedState | None, *, at: datetime) -> Standing:
    """Return how fresh a feed is; a feed without a state was never connected."""
    if state is None:
        return Standing(Freshness.NOT_CONFIGURED)
    return standing_of(
        by_model=state.name == FeedName.EPSS,
        checked_at=state.checked_at,
        model_date=state.model_date,
        is_failed=state.is_failed,
        at=at,
    )


def artifacts_with(cve: str, *, limit: int) -> list[Artifact]:
    """Return the tenant's artifacts whose current snapshot speaks of a CVE by any of its names, by name."""
    named = Q(pk__in=SnapshotFinding.objects.filter(identifier=cve).values("snapshot"))
    aliased = Q(pk__in=SnapshotAlias.objects.filter(identifier=cve).values("snapshot"))
    speaking = Snapshot.objects.filter(named | aliased)
    latest = Snapshot.objects.filter(artifact=OuterRef("pk")).order_by("-created_at", "-id").values("pk")[:1]
    candidates = Artifact.objects.filter(pk__in=speaking.values("artifact")).annotate(latest=Subquery(latest))
    return list(candidates.filter(latest__in=speaking.values("pk")).order_by("name", "digest")[:limit])


def known_before(cve: str, *, since: date) -> list[EpssHistory]:
    """Return what was predicted of a CVE, the oldest first, one row a day: of the days since, and the one before."""
    rows = list(EpssHistory.objects.of(cve).since(since))
    before = EpssHistory.objects.of(cve).filter(model_date__lt=since).first()
    by_day = {row.model_date: row for row in reversed([*rows, before] if before else rows)}
    return [by_day[day] for day in sorted(by_day)]
