"""Writes the many rows of a snapshot in one statement a table, whatever their number."""

from collections.abc import Callable, Iterator, Sequence
from typing import LiteralString, TypeVar
from uuid import UUID

import orjson
from django.db import connection
from psycopg import sql

from policies.evidence.content import StoredClaim, StoredComponent, StoredFinding
from policies.models import Snapshot
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.identity import is_cve
from stellapolicy.kernel.ids import new_id

RowT = TypeVar("RowT")


def insert_findings(snapshot: Snapshot, findings: Sequence[StoredFinding]) -> None:
    """Write the findings in their order."""
    _insert(
        "policies_snapshotfinding",
        snapshot,
        ("key text", "kind text", "identifier text", "purl text", "severity text", "facts jsonb", "origin jsonb"),
        findings,
        lambda f: (f.key, f.kind, f.identifier, f.purl, f.severity, f.facts, f.origin),
    )


def insert_aliases(snapshot: Snapshot, findings: Sequence[StoredFinding]) -> None:
    """Write the CVEs that findings go by besides their own identifier; most snapshots have none."""
    aliases = {name for finding in findings for name in _other_cves(finding)}
    if not aliases:
        return
    ordered = sorted(aliases)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO policies_snapshotalias (id, tenant_id, snapshot_id, identifier) "
            "SELECT row.id, %s, %s, row.identifier FROM unnest(%s::uuid[], %s::text[]) AS row(id, identifier)",
            [snapshot.tenant_id, snapshot.pk, [new_id() for _ in ordered], ordered],
        )


def _other_cves(finding: StoredFinding) -> Iterator[str]:
    aliases = finding.facts.get("vuln.aliases")
    for name in aliases if isinstance(aliases, list | tuple) else ():
        if isinstance(name, str) and is_cve(name) and name != finding.identifier:
            yield name


def insert_components(snapshot: Snapshot, components: Sequence[StoredComponent]) -> None:
    """Write the components in their order."""
    _insert(
        "policies_snapshotcomponent",
        snapshot,
        (
            "purl text",
            "name text",
            "version text",
            "licences jsonb",
            "scope text",
            "paths jsonb",
            "direct boolean",
        ),
        components,
        lambda c: (c.purl, c.name, c.version, list(c.licences), c.scope, list(c.paths), c.direct),
    )


def insert_claims(snapshot: Snapshot, claims: Sequence[StoredClaim]) -> None:
    """Write the VEX claims in their order."""
    _insert(
        "policies_vexstatement",
        snapshot,
        ("vulnerability text", "status text", "claim jsonb"),
        claims,
        lambda c: (c.vulnerability, c.status, c.claim),
    )


def insert_sources(snapshot: Snapshot, reports: Sequence[UUID]) -> None:
    """Write which reports the snapshot was composed of."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO policies_snapshotsource (id, tenant_id, snapshot_id, report_id) "
            "SELECT row.id, %s, %s, row.report FROM unnest(%s::uuid[], %s::uuid[]) AS row(id, report)",
            [snapshot.tenant_id, snapshot.pk, [new_id() for _ in reports], list(reports)],
        )


def _insert(
    table: str,
    snapshot: Snapshot,
    columns: Sequence[LiteralString],
    rows: Sequence[RowT],
    values: Callable[[RowT], tuple[JsonValue, ...]],
) -> None:
    """Send the rows as one JSON text: COPY is refused under row-level security, and arrays are quoted item by item."""
    if not rows:
        return
    names = [column.partition(" ")[0] for column in columns]
    statement = sql.SQL(
        "INSERT INTO {table} (id, tenant_id, snapshot_id, position, {names}) "
        "SELECT row.id, %s, %s, row.position, {fields} "
        "FROM jsonb_to_recordset(%s::jsonb) AS row(id uuid, position integer, {typed})"
    ).format(
        table=sql.Identifier(table),
        names=sql.SQL(", ").join(map(sql.Identifier, names)),
        fields=sql.SQL(", ").join(sql.Identifier("row", name) for name in names),
        typed=sql.SQL(", ").join(map(sql.SQL, columns)),
    )
    written = [
        {"id": new_id(), "position": position, **dict(zip(names, values(row), strict=True))}
        for position, row in enumerate(rows)
    ]
    with connection.cursor() as cursor:
        cursor.execute(statement, [snapshot.tenant_id, snapshot.pk, orjson.dumps(written).decode()])
