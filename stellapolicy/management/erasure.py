"""Deletes a tenant whole: every row, history included, then the files nobody else has; what remains is a tombstone.

Only the owner of the tables can do it, because history is append-only for everybody else. It is one transaction: the
triggers that guard history are lifted, the rows go, every reference is checked, and the triggers stand again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.apps import apps
from django.core.files.storage import default_storage
from django.db import connection, models, transaction
from psycopg import sql

from stellapolicy.audit import services as audit
from stellapolicy.kernel import digest
from stellapolicy.kernel.actor import Actor
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from stellapolicy.tenancy.selectors import named_tenant

KEPT_TENANT: Final = "default"
_PATIENCE: Final = "SET LOCAL lock_timeout = '30s'"
_FILE_FIELD: Final = "stored_as"
_GUARDED: Final = """
    SELECT DISTINCT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace AND c.relname = ANY(%s) ORDER BY 1
"""
_NOT_OURS: Final = """
    SELECT count(*) FROM pg_class
    WHERE relname = ANY(%s) AND relnamespace = current_schema()::regnamespace
    AND NOT pg_has_role(current_user, relowner, 'USAGE')
"""


class ErasureRefused(Exception):  # noqa: N818 - reads as a sentence
    """This tenant, or this login, is not one to delete with; the message says why."""


@dataclass(frozen=True, slots=True)
class Estate:
    """What a tenant has: rows by table, the files of its own, and where its chain of history ends."""

    tenant: Tenant
    rows: Mapping[str, int]
    files: tuple[str, ...]
    chain: str


def survey(slug: str) -> Estate:
    """Return what deleting a tenant would take; changes nothing."""
    tenant = named_tenant(slug)
    with tenant_scope(tenant.pk):
        rows = {table: _count(table, column, tenant) for table, column in _tables()}
        files = set(_files(None))
        chain = _end_of_chain()
    for other in Tenant.objects.exclude(pk=tenant.pk).order_by("slug"):
        with tenant_scope(other.pk):
            files.difference_update(_files(files))
    return Estate(tenant, {table: count for table, count in rows.items() if count}, tuple(sorted(files)), chain)


def erase_tenant(slug: str, *, reason: str, at: datetime) -> Estate:
    """Delete everything of a tenant for good and return what it was; the default tenant's audit remembers it."""
    if slug == KEPT_TENANT:
        raise ErasureRefused("the default tenant keeps the memory of the installation; it is not deleted")
    estate = survey(slug)
    with transaction.atomic():
        _require_owner()
        _execute(_PATIENCE)
        guarded = _guarded()
        for table in guarded:
            _execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(sql.Identifier(table)))
        with tenant_scope(estate.tenant.pk):
            for table, column in _tables():
                _delete(table, column, estate.tenant)
            # References are checked at the end of a transaction; triggers cannot be set while such checks wait.
            _execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in guarded:
            _execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(sql.Identifier(table)))
        _delete(Tenant._meta.db_table, "id", estate.tenant)  # noqa: SLF001 - Django's public face of a model
        _remember(estate, reason=reason, at=at)
    for name in estate.files:
        default_storage.delete(name)
    return estate


def _remember(estate: Estate, *, reason: str, at: datetime) -> None:
    kept = Tenant.objects.get(slug=KEPT_TENANT)
    with tenant_scope(kept.pk):
        audit.record(
            Actor(tenant_id=kept.pk, subject="command:delete_tenant"),
            "tenant.deleted",
            audit.Target("tenancy.tenant", f"{estate.tenant.slug} {estate.tenant.pk}"),
            at=at,
            before_digest=digest.of_json(
                {"rows": dict(estate.rows), "files": len(estate.files), "chain": estate.chain}
            ),
            reason=f"{sum(estate.rows.values())} rows, {len(estate.files)} files, chain ended {estate.chain}. {reason}",
        )


def _tables() -> Iterator[tuple[str, str]]:
    """Yield every table that names a tenant, with the column that does."""
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.concrete_fields:  # noqa: SLF001 - Django's public face of a model
            if isinstance(field, models.ForeignKey) and field.related_model is Tenant:
                yield model._meta.db_table, field.column  # noqa: SLF001 - as above


def _files(among: set[str] | None) -> Iterator[str]:
    """Yield the names of stored files that rows of the scope refer to, all or those among the given."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:  # noqa: SLF001 - as above
            if field.name == _FILE_FIELD or isinstance(field, models.FileField):
                yield from _named_in(model._meta.db_table, str(field.column), among)  # noqa: SLF001 - as above


def _named_in(table: str, column: str, among: set[str] | None) -> list[str]:
    query = "SELECT DISTINCT {column} FROM {table} WHERE {column} <> ''"
    query += "" if among is None else " AND {column} = ANY(%s)"
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(query).format(column=sql.Identifier(column), table=sql.Identifier(table)),
            [] if among is None else [sorted(among)],
        )
        return [str(row[0]) for row in cursor.fetchall()]


def _end_of_chain() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT seq, hash FROM audit_chainhead")
        row = cursor.fetchone()
    return f"at {row[0]}, {row[1]}" if row else "before it began"


def _require_owner() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_NOT_OURS, [[table for table, _ in _tables()]])
        (foreign,) = cursor.fetchone()
    if foreign:
        raise ErasureRefused("only the owner of the tables deletes history: give DATABASE_URL the owner's login")


def _guarded() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_GUARDED, [[table for table, _ in _tables()]])
        return [str(row[0]) for row in cursor.fetchall()]


def _count(table: str, column: str, tenant: Tenant) -> int:
    query = sql.SQL("SELECT count(*) FROM {} WHERE {} = %s").format(sql.Identifier(table), sql.Identifier(column))
    with connection.cursor() as cursor:
        cursor.execute(query, [tenant.pk])
        return int(cursor.fetchone()[0])


def _delete(table: str, column: str, tenant: Tenant) -> None:
    query = sql.SQL("DELETE FROM {} WHERE {} = %s").format(sql.Identifier(table), sql.Identifier(column))
    with connection.cursor() as cursor:
        cursor.execute(query, [tenant.pk])


def _execute(statement: str | sql.Composed) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
