"""An installation of the previous release, with the rows it wrote, becomes one of this release and loses nothing."""

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.processes import ROOT
from tests.production import Installation, make_installation, psql, remove, superuser_url

RELEASE = "0.1.0"
DJANGO = {"DJANGO_SETTINGS_MODULE": "stellapolicy.settings"}
DRAIN = """
import django
django.setup()
from gates import tasks
from gates.models import GateJob
tasks.drain_queue()
print(GateJob.objects.filter(status="queued").count())
"""
# What a migration turned into something else on purpose: {table: {column}}.
TURNED: dict[str, set[str]] = {}
Rows = dict[str, dict[str, dict[str, Any]]]

_SHAPE = """
    SELECT 'column', table_name, column_name, data_type, is_nullable
    FROM information_schema.columns WHERE table_schema = 'policy'
    UNION ALL
    SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), ''
    FROM pg_constraint WHERE connamespace = 'policy'::regnamespace AND contype <> 'n'
    UNION ALL
    SELECT 'index', tablename, indexname, regexp_replace(indexdef, ' ON .*\\. ', ''), ''
    FROM pg_indexes WHERE schemaname = 'policy'
    UNION ALL
    SELECT 'policy', tablename, policyname, COALESCE(qual, ''), COALESCE(with_check, '')
    FROM pg_policies WHERE schemaname = 'policy'
    UNION ALL
    SELECT 'trigger', tgrelid::regclass::text, tgname, tgenabled::text, md5(prosrc)
    FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
    WHERE NOT tgisinternal AND pronamespace = 'policy'::regnamespace
    UNION ALL
    SELECT 'lock', relname, relrowsecurity::text, relforcerowsecurity::text, ''
    FROM pg_class WHERE relnamespace = 'policy'::regnamespace AND relkind = 'r'
"""


@pytest.fixture(scope="module")
def previous(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation as the release before left it."""
    made = make_installation(tmp_path_factory.mktemp("previous"))
    owner = {"role": made.owner, "DATABASE_APP_ROLE": made.app}
    done = made.run("-m", "tests.releases.restore", RELEASE, **owner, **DJANGO)
    assert done.returncode == 0, done.stderr
    script = str(ROOT / "tests" / "releases" / f"{RELEASE}.sql")
    psql(superuser_url(made.database), "--set=ON_ERROR_STOP=1", "--single-transaction", "--file", script)
    yield made
    remove(made)


def rows(installation: Installation) -> Rows:
    """Every row of every table by its primary key, seen by a login that no lock holds back."""
    with psycopg.connect(superuser_url(installation.database)) as connection:
        keys = connection.execute(
            "SELECT c.relname, a.attname FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid "
            "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0] "
            "WHERE i.indisprimary AND c.relnamespace = 'policy'::regnamespace ORDER BY 1"
        ).fetchall()
        return {
            table: dict(
                connection.execute(
                    sql.SQL("SELECT {key}::text, to_jsonb(t) FROM {table} t").format(
                        key=sql.Identifier(key), table=sql.Identifier("policy", table)
                    )
                ).fetchall()
            )
            for table, key in keys
        }


def shape(installation: Installation) -> set[tuple[str, ...]]:
    with psycopg.connect(superuser_url(installation.database)) as connection:
        connection.execute("SET search_path = policy")
        return set(connection.execute(_SHAPE).fetchall())


def lost(before: Rows, after: Rows) -> list[str]:
    """What a row said before and does not say any more."""
    return [
        f"{table} {key} {column}"
        for table, known in before.items()
        for key, row in known.items()
        for column, value in row.items()
        if column not in TURNED.get(table, set())
        and (column not in (now := after.get(table, {}).get(key, {})) or now[column] != value)
    ]


@pytest.fixture(scope="module")
def upgraded(previous: Installation) -> tuple[Installation, Rows, Rows]:
    """The installation after the migrations of this release, with its rows before and after."""
    before = rows(previous)
    previous.migrate()
    return previous, before, rows(previous)


def test_no_row_and_no_word_of_it_is_lost(upgraded: tuple[Installation, Rows, Rows]) -> None:
    _, before, after = upgraded

    assert len(before["gates_gatedecision"]) == 3
    before.pop("django_migrations")
    assert lost(before, after) == []


def test_the_upgraded_database_is_built_like_a_new_one(
    upgraded: tuple[Installation, Rows, Rows], installation: Installation
) -> None:
    assert shape(upgraded[0]) ^ shape(installation) == set()


def test_history_is_whole_and_the_product_works(upgraded: tuple[Installation, Rows, Rows]) -> None:
    installation = upgraded[0]

    installation.manage("bootstrap")
    verified = installation.manage("audit", "verify")
    drained = installation.run("-c", DRAIN, **DJANGO)
    new = installation.inhabit("globex")["globex"]
    replayed = installation.manage("replay", new["decision"], "--tenant", "globex")

    assert re.findall(r"^(\w+): intact", verified, flags=re.MULTILINE) == ["acme", "default"]
    assert drained.stdout.strip() == "0", drained.stderr
    assert replayed.startswith("exact")
