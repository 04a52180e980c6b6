"""Reads of present evidence: of every artifact the latest snapshot, and of that what may be covered."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import orjson
from django.db import connection

from exceptions.matching.subject import Place as Where
from exceptions.ports import CoveredArtifact
from policies.estate.wanted import Places, Wanted
from policies.evidence.circumstances import Subject
from policies.evidence.claims import Claim, ClaimIndex
from policies.evidence.content import StoredFinding
from stellapolicy.tenancy.scope import current_tenant

# Names travel as one text: ten thousand parameters would each be quoted.
_LATEST: Final = """
    latest AS MATERIALIZED (
        SELECT DISTINCT ON (snapshot.artifact_id) snapshot.id, artifact.digest, service.slug AS service
        FROM policies_snapshot snapshot
        JOIN policies_artifact artifact ON artifact.id = snapshot.artifact_id AND artifact.tenant_id = %(tenant)s
        LEFT JOIN tenancy_service service ON service.id = artifact.service_id AND service.tenant_id = %(tenant)s
        WHERE snapshot.tenant_id = %(tenant)s
        ORDER BY snapshot.artifact_id, snapshot.created_at DESC, snapshot.id DESC
    )
"""
# Patterns and aliases have no index: PostgreSQL asks LIKE and ?| of a row only after row-level security has let the row
# through, so none could be used. Over 500,000 findings in 1,000 artifacts each takes a second, 100 packages three.
_ARM: Final = """
    SELECT finding.id, finding.snapshot_id, finding.position
    FROM latest JOIN policies_snapshotfinding finding ON finding.snapshot_id = latest.id
    WHERE finding.tenant_id = %(tenant)s AND {place} AND {what}
"""
_NAMED: Final = "finding.identifier = ANY (ARRAY(SELECT jsonb_array_elements_text(%(names)s::jsonb)))"
_BY_ALIAS: Final = "finding.facts -> 'vuln.aliases' ?| ARRAY(SELECT jsonb_array_elements_text(%(names)s::jsonb))"
# Of aliases it is the CVEs that are kept in a table, so that they lead to their snapshots.
_BY_CVE: Final = """
    latest.id = ANY (ARRAY(
        SELECT snapshot_id FROM policies_snapshotalias alias
        WHERE alias.tenant_id = %(tenant)s
          AND alias.identifier = ANY (ARRAY(SELECT jsonb_array_elements_text(%(names)s::jsonb)))
    )) AND finding.facts -> 'vuln.aliases' ?| ARRAY(SELECT jsonb_array_elements_text(%(names)s::jsonb))
"""
# A canonical purl holds one @ at most, before its version. As an array: for IN (SELECT …) the planner joins in
# an order that took twenty times as long.
_PACKAGED: Final = """
    split_part(split_part(split_part(finding.purl, '#', 1), '?', 1), '@', 1)
    = ANY (ARRAY(SELECT jsonb_array_elements_text(%(packages)s::jsonb)))
"""
_PATTERNED: Final = "finding.purl LIKE ANY (ARRAY(SELECT jsonb_array_elements_text(%(patterns)s::jsonb)))"
_FOUND: Final = """
    WITH {latest}, candidate AS MATERIALIZED ({arms} ORDER BY snapshot_id, position LIMIT %(limit)s)
    SELECT finding.snapshot_id, finding.key, finding.kind, finding.identifier, finding.purl, finding.severity,
           finding.facts::text, finding.origin ->> 'title'
    FROM candidate JOIN policies_snapshotfinding finding ON finding.id = candidate.id
    WHERE finding.tenant_id = %(tenant)s
    ORDER BY candidate.snapshot_id, candidate.position
"""
_HOLDERS: Final = """
    SELECT snapshot.id, snapshot.name, artifact.id, artifact.digest, artifact.name, artifact.labels::text,
           service.id, service.slug, service.tier, team.slug
    FROM policies_snapshot snapshot
    JOIN policies_artifact artifact ON artifact.id = snapshot.artifact_id AND artifact.tenant_id = %(tenant)s
    LEFT JOIN tenancy_service service ON service.id = artifact.service_id AND service.tenant_id = %(tenant)s
    LEFT JOIN tenancy_team team ON team.id = service.team_id AND team.tenant_id = %(tenant)s
    WHERE snapshot.tenant_id = %(tenant)s AND snapshot.id = ANY (%(snapshots)s)
"""
_CLAIMS: Final = """
    SELECT snapshot_id, vulnerability, status, claim::text FROM policies_vexstatement
    WHERE tenant_id = %(tenant)s AND snapshot_id = ANY (%(snapshots)s)
      AND (
        vulnerability = ANY (ARRAY(SELECT jsonb_array_elements_text(%(names)s::jsonb)))
        OR claim -> 'aliases' ?| ARRAY(SELECT jsonb_array_elements_text(%(names)s::jsonb))
      )
    ORDER BY snapshot_id, position
"""
_NAMES: Final = """
    WITH latest AS (
        SELECT DISTINCT ON (snapshot.artifact_id) snapshot.id FROM policies_snapshot snapshot
        JOIN policies_artifact artifact ON artifact.id = snapshot.artifact_id AND artifact.tenant_id = %(tenant)s
        WHERE snapshot.tenant_id = %(tenant)s
          AND artifact.digest = ANY (ARRAY(SELECT jsonb_array_elements_text(%(digests)s::jsonb)))
        ORDER BY snapshot.artifact_id, snapshot.created_at DESC, snapshot.id DESC
    ), finding AS (
        SELECT identifier, facts -> 'vuln.aliases' AS aliases FROM latest
        JOIN policies_snapshotfinding ON snapshot_id = latest.id AND tenant_id = %(tenant)s
    )
    SELECT identifier FROM finding
    UNION
    SELECT alias FROM finding, jsonb_array_elements_text(aliases) alias WHERE jsonb_typeof(aliases) = 'array'
"""


@dataclass(frozen=True, slots=True)
class Holder:
    """A snapshot and the artifact it is the present evidence of, as every reader of it calls the two."""

    snapshot: str
    artifact: CoveredArtifact
    subject: Subject

    def place(self, environment: str) -> Where:
        """Return where a finding of it is when the artifact is before an environment."""
        return Where(
            self.artifact.digest,
            self.artifact.name,
            tuple(sorted(self.subject.labels.items())),
            self.artifact.service,
            environment,
        )


@dataclass(frozen=True, slots=True)
class Found:
    """Findings that may be covered, each with its snapshot; `complete` is False where there were more."""

    findings: tuple[tuple[UUID, StoredFinding], ...]
    complete: bool

    @property
    def snapshots(self) -> list[UUID]:
        """The snapshots, each once."""
        return sorted({snapshot for snapshot, _ in self.findings})


def find(wanted: Wanted, *, limit: int) -> Found:
    """Return the findings of present evidence that may be covered, at most `limit`, in a total order; one read."""
    arms = _arms(wanted)
    if not arms:
        return Found((), complete=True)
    statement = _FOUND.format(latest=_LATEST, arms=" UNION ".join(arms))
    with connection.cursor() as cursor:
        cursor.execute(statement, {**_parameters(wanted), "tenant": current_tenant(), "limit": limit + 1})
        rows = cursor.fetchall()
    found = tuple(
        (snapshot, StoredFinding(key, kind, identifier, purl, severity, orjson.loads(facts), {"title": title or ""}))
        for snapshot, key, kind, identifier, purl, severity, facts, title in rows[:limit]
    )
    return Found(found, complete=len(rows) <= limit)


def holders_of(snapshots: Collection[UUID]) -> dict[UUID, Holder]:
    """Return whose evidence these snapshots are; one read."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLDERS, {"tenant": current_tenant(), "snapshots": list(snapshots)})
        return {
            pk: Holder(
                name,
                CoveredArtifact(artifact, digest, called, service_id, service or ""),
                Subject(digest, called, orjson.loads(labels), service or "", tier, team or ""),
            )
            for pk, name, artifact, digest, called, labels, service_id, service, tier, team in cursor.fetchall()
        }


def claims_about(names: Collection[str], snapshots: Collection[UUID]) -> Mapping[UUID, ClaimIndex]:
    """Return what is claimed of vulnerabilities of these names, per snapshot; one read."""
    claims: dict[UUID, list[Claim]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_CLAIMS, {"tenant": current_tenant(), "snapshots": list(snapshots), "names": _text(names)})
        for snapshot, vulnerability, status, claim in cursor.fetchall():
            claims.setdefault(snapshot, []).append(Claim.from_stored(vulnerability, status, orjson.loads(claim)))
    return {snapshot: ClaimIndex(spoken) for snapshot, spoken in claims.items()}


def names_in(digests: Collection[str]) -> frozenset[str]:
    """Return every name of what is found in the present evidence of the artifacts of these digests; one read."""
    with connection.cursor() as cursor:
        cursor.execute(_NAMES, {"tenant": current_tenant(), "digests": _text(digests)})
        return frozenset(name for (name,) in cursor.fetchall() if name)


def _arms(wanted: Wanted) -> list[str]:
    """Return the queries whose union holds every candidate."""
    arms: list[tuple[Places, str, str]] = []
    if wanted.names:
        arms.append((wanted.named_at, "named", _NAMED))
        arms.append((wanted.named_at, "named", _BY_ALIAS if wanted.other_names else _BY_CVE))
    if wanted.packages:
        arms.append((wanted.packaged_at, "packaged", _PACKAGED))
    if wanted.patterns:
        arms.append((wanted.packaged_at, "packaged", _PATTERNED))
    if wanted.anything_at is not None:
        arms.append((wanted.anything_at, "anything", "TRUE"))
    return [_ARM.format(place=_place(places, group), what=what) for places, group, what in arms]


def _place(places: Places, group: str) -> str:
    stated = {"digest": places.digests, "service": places.services}
    said = [
        f"latest.{column} = ANY (ARRAY(SELECT jsonb_array_elements_text(%({group}_{column})s::jsonb)))"
        for column, values in stated.items()
        if values is not None
    ]
    return " AND ".join(said) or "TRUE"


def _parameters(wanted: Wanted) -> dict[str, str]:
    groups = {"named": wanted.named_at, "packaged": wanted.packaged_at, "anything": wanted.anything_at or Places()}
    asked = {"names": _text(wanted.names), "packages": _text(wanted.packages), "patterns": _text(wanted.patterns)}
    for group, places in groups.items():
        asked[f"{group}_digest"] = _text(places.digests or ())
        asked[f"{group}_service"] = _text(places.services or ())
    return asked


def _text(values: Collection[str]) -> str:
    return orjson.dumps(sorted(set(values))).decode()
