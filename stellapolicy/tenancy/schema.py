"""The PostgreSQL schema `policy` and the two roles that touch it."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg import sql

from stellapolicy.database import connection_options


def create_schema(*, using: str = DEFAULT_DB_ALIAS, **_: object) -> None:
    """Create the schema and let the application role use, never own, what is made in it."""
    schema = sql.Identifier(settings.DATABASE_SCHEMA)
    with connections[using].cursor() as cursor:
        cursor.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema))
        if not settings.DATABASE_APP_ROLE:
            return
        app = sql.Identifier(settings.DATABASE_APP_ROLE)
        for statement in (
            "GRANT USAGE ON SCHEMA {schema} TO {app}",
            "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app}",
            "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT USAGE, SELECT ON SEQUENCES TO {app}",
            "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT EXECUTE ON FUNCTIONS TO {app}",
        ):
            cursor.execute(sql.SQL(statement).format(schema=schema, app=app))


@contextmanager
def as_owner(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Run the block as the role that owns the tables: migrations and nothing else."""
    with _as_role(settings.DATABASE_OWNER_ROLE, using):
        yield


@contextmanager
def _as_role(role: str, using: str) -> Iterator[None]:
    connection = connections[using]
    before = connection.settings_dict["OPTIONS"]
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's wrapper has it, the stubs' base has not
    connection.settings_dict["OPTIONS"] = connection_options(
        settings.DATABASE_CONNINFO, role=role, pooled=settings.PGBOUNCER
    )
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["OPTIONS"] = before
