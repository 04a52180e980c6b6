"""A real PgBouncer in transaction mode before the throw-away server."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from stellapolicy.embedded import _free_port
from tests.production import Installation

PATIENCE_SECONDS = 20
_CONFIGURATION = """
[databases]
{database} = host={host} port={port} dbname={database}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = trust
auth_file = {users}
admin_users = {app}
pool_mode = transaction
default_pool_size = {connections}
"""


def pgbouncer_binary() -> str:
    """Return where PgBouncer is; its absence is a failure in continuous integration and a loud skip elsewhere."""
    path = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("pgbouncer is not installed (Debian: pgbouncer)")
    return path


@contextmanager
def pooled(installation: Installation, *, connections: int) -> Iterator[str]:
    """Run PgBouncer with that many server connections and yield the address of the application's login through it."""
    server = conninfo_to_dict(installation.url(installation.app))
    listen = _free_port()
    folder = Path(tempfile.mkdtemp(prefix="stella-pooler-"))
    folder.chmod(0o755)
    users, configuration = folder / "users.txt", folder / "pgbouncer.ini"
    users.write_text(f'"{installation.app}" ""\n', encoding="utf-8")
    configuration.write_text(
        _CONFIGURATION.format(
            database=installation.database,
            host=server["host"],
            port=server.get("port", 5432),
            listen=listen,
            users=users,
            app=installation.app,
            connections=connections,
        ),
        encoding="utf-8",
    )
    process = subprocess.Popen([pgbouncer_binary(), "--quiet", *_not_as_root(str(server["host"])), str(configuration)])
    url = make_conninfo("", host="127.0.0.1", port=listen, dbname=installation.database, user=installation.app)
    try:
        _wait_for(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_SECONDS)
        shutil.rmtree(folder)


def statistics(url: str, show: str) -> list[dict[str, object]]:
    """Return what PgBouncer says of its `pools` or `stats`."""
    admin = make_conninfo(url, dbname="pgbouncer")
    with psycopg.connect(admin, autocommit=True, prepare_threshold=None) as connection:
        # Its console speaks the simple protocol alone.
        cursor = psycopg.ClientCursor(connection, row_factory=psycopg.rows.dict_row)
        return list(cursor.execute(f"SHOW {show}").fetchall())


def _not_as_root(socket_folder: str) -> list[str]:
    """PgBouncer refuses to run as root: there it becomes whoever owns the socket of the server."""
    if os.geteuid() != 0:
        return []
    owner = pwd.getpwuid(Path(socket_folder).stat().st_uid).pw_name
    return ["--user", "nobody" if owner == "root" else owner]


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            assert process.poll() is None, "pgbouncer ended"
            assert time.monotonic() < deadline, "pgbouncer does not answer"
            time.sleep(0.05)
        else:
            return
