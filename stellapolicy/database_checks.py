"""What the login of the product may and may not do in the database, asked of the database itself."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DEFAULT_DB_ALIAS, connections

from stellapolicy.api import health

OLDEST_SERVER: Final = 150000
_ASK: Final = """
    WITH tables AS (
        SELECT c.oid, c.relowner FROM pg_class c
        WHERE c.relnamespace = to_regnamespace(%(schema)s) AND c.relkind IN ('r', 'p')
    )
    SELECT current_setting('server_version_num')::int,
           current_schema(),
           EXISTS (SELECT 1 FROM pg_roles r
                   WHERE (r.rolsuper OR r.rolbypassrls) AND pg_has_role(session_user, r.oid, 'MEMBER')),
           EXISTS (SELECT 1 FROM tables WHERE pg_has_role(session_user, relowner, 'MEMBER')),
           EXISTS (SELECT 1 FROM tables WHERE has_table_privilege(session_user, oid, 'TRUNCATE'))
"""


@dataclass(frozen=True, slots=True)
class Login:
    """What the database says about the login of this process."""

    server_version: int
    schema: str | None
    steps_over_locks: bool
    owns_tables: bool
    may_truncate: bool


@register(Tags.database, deploy=True)
def check_database(*, databases: Sequence[str] | None = None, **_: object) -> list[CheckMessage]:
    """Judge the login of the product; asked for with `check --deploy --database default`."""
    if settings.LAPTOP or DEFAULT_DB_ALIAS not in (databases or ()):
        return []
    return list(_judge(_login()))


def be_ready() -> None:
    """Refuse readiness where the login of this process could step over the lock on the rows of a tenant."""
    if settings.LAPTOP:
        return
    if reasons := [found.msg for found in _judge(_login())]:
        raise health.NotReady(" ".join(reasons))


def _login() -> Login:
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(_ASK, {"schema": settings.DATABASE_SCHEMA})
        return Login(*cursor.fetchone())


def _judge(login: Login) -> Iterator[CheckMessage]:
    if login.server_version < OLDEST_SERVER:
        yield Error("PostgreSQL is older than 15.", hint="Upgrade the server.", id="stella.E020")
    if login.steps_over_locks:
        yield Error(
            "The login is, or may become, a superuser or a role that bypasses row-level security.",
            hint="Use a login made with NOSUPERUSER NOBYPASSRLS that is a member of no such role.",
            id="stella.E021",
        )
    if login.owns_tables:
        yield Error(
            "The login owns tables, or is a member of the role that does: it could take row-level security off.",
            hint="Run web, worker and beat with the application's login; only migrations run as the owner.",
            id="stella.E022",
        )
    if login.may_truncate:
        yield Error(
            "The login may TRUNCATE: history could be emptied past its triggers.",
            hint="REVOKE TRUNCATE ON ALL TABLES IN SCHEMA policy from the application's login.",
            id="stella.E023",
        )
    if login.schema != settings.DATABASE_SCHEMA:
        yield Error(
            "The schema of the product is not the first of the search path.",
            hint="Behind a pooler say: ALTER DATABASE stella SET search_path = policy.",
            id="stella.E024",
        )
