"""A dump restored into a fresh database is the same installation: same history, same answers, same locks."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.processes import ROOT
from tests.production import PATIENCE_SECONDS, Installation, ask, postgres_binary, superuser_url

SLUG = "initech"


def documented(program: str) -> list[str]:
    """Return the arguments that docs/operations.md gives a program."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    (line,) = re.findall(rf"^{program} .*$", text, flags=re.MULTILINE)
    return shlex.split(line)


def run_as_documented(program: str, folder: Path, *, address: str, url: str) -> None:
    """Run a documented command with the address of this test in place of the documented one."""
    words = [word.replace(address, url) for word in documented(program)]
    assert any(url in word for word in words)
    done = subprocess.run(
        [postgres_binary(words[0]), *words[1:]],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def known(installation: Installation) -> dict[str, str]:
    """A tenant with a decision and its audit chain."""
    return installation.inhabit(SLUG)[SLUG]


@pytest.fixture(scope="module")
def restored(
    installation: Installation,
    known: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The name of a database made from a dump."""
    folder, name = tmp_path_factory.mktemp("backup"), f"{installation.database}_restored"
    run_as_documented(
        "pg_dump",
        folder,
        address="postgresql://stella_backup@database/stella",
        url=installation.url(installation.backup),
    )
    with psycopg.connect(superuser_url(), autocommit=True) as connection:
        database = sql.Identifier(name)
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, sql.Identifier(installation.owner)))
        connection.execute(sql.SQL("ALTER DATABASE {} SET search_path = policy").format(database))
    run_as_documented(
        "pg_restore",
        folder,
        address="postgresql://stella_owner@database/stella",
        url=installation.url(installation.owner, database=name),
    )
    yield name
    with psycopg.connect(superuser_url(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def address(installation: Installation, restored: str) -> str:
    return installation.url(installation.app, database=restored)


def counts(url: str) -> dict[str, int]:
    """Rows of every table, seen by a login that no lock holds back."""
    with psycopg.connect(url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'policy'").fetchall()
        return {
            table: connection.execute(
                sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier("policy", table))
            ).fetchone()[0]  # type: ignore[index]  # count(*) always answers
            for (table,) in tables
        }


def test_every_row_is_there(installation: Installation, restored: str) -> None:
    before = counts(superuser_url(installation.database))

    after = counts(superuser_url(restored))

    assert after == before
    assert after["gates_gatedecision"] > 0
    assert after["audit_entry"] > 0


def test_the_chains_are_whole_and_a_decision_replays_byte_for_byte(
    installation: Installation, address: str, known: dict[str, str]
) -> None:
    verified = installation.manage("audit", "verify", DATABASE_URL=address)
    replayed = installation.manage("replay", known["decision"], "--tenant", SLUG, DATABASE_URL=address)

    assert re.search(rf"^{SLUG}: intact, [1-9]", verified, flags=re.MULTILINE)
    assert replayed.strip() == f"exact: {known['body_digest']}"


def test_the_locks_hold(installation: Installation, address: str, known: dict[str, str]) -> None:
    installation.manage("check", "--deploy", "--database", "default", DATABASE_URL=address)

    with psycopg.connect(address, options="-c search_path=policy") as connection:
        unscoped = connection.execute("SELECT count(*) FROM gates_gatedecision").fetchone()
        connection.execute("SELECT set_config('app.tenant', %s, true)", [known["tenant"]])
        scoped = connection.execute("SELECT count(*) FROM gates_gatedecision").fetchone()
        with pytest.raises(psycopg.errors.IntegrityError, match="append-only"):
            connection.execute("DELETE FROM gates_gatedecision")

    assert (unscoped, scoped) == ((0,), (1,))


def test_the_product_works_and_old_tokens_speak(
    installation: Installation, address: str, known: dict[str, str]
) -> None:
    with installation.web(DATABASE_URL=address) as web:
        ready = ask(web, "/readyz")
        decided = ask(web, f"/api/v1/gates/decisions/{known['decision']}", token=known["token"])

    assert ready.status_code == 200, ready.text
    assert decided.status_code == 200
