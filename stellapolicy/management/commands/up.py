"""`manage.py up`: the whole product on a laptop, web, worker and beat, until Ctrl-C."""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, TextIO
from urllib.error import URLError
from urllib.request import urlopen

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

# Closing a lock's file would give the lock back.
_HELD: list[TextIO] = []
_PATIENCE_SECONDS = 60.0
_FAREWELL_SECONDS = 15.0


class Command(BaseCommand):
    help = "Runs the product on this machine: migrates, seeds demo data, starts web, worker and beat; Ctrl-C stops it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8080")))

    def handle(self, *_args: Any, **options: Any) -> None:
        port: int = options["port"]
        if not settings.LAPTOP:
            raise CommandError(
                "`up` is for a laptop; in production run web, worker and beat as docs/operations.md says"
            )
        _refuse_taken(port)
        _refuse_second(Path(settings.VAR_DIR))
        os.environ.setdefault("PUBLIC_URL", f"http://127.0.0.1:{port}")  # where its own links lead
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        self.stdout.write("Preparing the database …")
        call_command("migrate", verbosity=0)
        call_command("bootstrap", demo=True, stdout=self.stdout)
        shutil.rmtree(_counts())  # of processes that are no more
        processes: dict[str, subprocess.Popen[bytes]] = {}
        try:
            for name, command in _commands(port).items():
                processes[name] = _spawn(name, command)
            _wait_until_healthy(port, processes)
            self._greet(port)
            _watch(processes)
        except KeyboardInterrupt:
            self.stdout.write("\nStopping …")
        finally:
            _stop(processes)

    def _greet(self, port: int) -> None:
        password = os.environ.get("DEMO_PASSWORD", "")
        self.stdout.write(
            f"\n  stellapolicy runs.  Admin    http://127.0.0.1:{port}/admin/\n"
            f"                      API      http://127.0.0.1:{port}/api/docs\n"
            f"                      Logs     {settings.VAR_DIR / 'log'}\n\n"
            "  Demo sign-ins (one password for all on this machine): "
            f"{password}\n"
            "    ada     administrator: tokens, people, audit\n"
            "    riley   reviewer\n"
            "    sam     security\n"
            "    casey   release captain\n"
            "    kit     chief information security officer\n\n"
            f"  Reports to try are in {settings.VAR_DIR / 'demo'}; the README says how. Ctrl-C stops everything.\n"
        )
        self.stdout.flush()


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise CommandError(
                f"port {port} is taken: end the program that holds it, or choose another with `make up PORT=8081`"
            ) from None


def _refuse_second(var: Path) -> None:
    """Hold the lock of this folder as long as the process lives: two beats and two webs would share one database."""
    lock = (var / "up.lock").open("w", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise CommandError("this folder's product runs already, in another terminal: end that one first") from None
    _HELD.append(lock)


def _commands(port: int) -> dict[str, list[str]]:
    celery = ["celery", "--app", "stellapolicy"]
    return {
        "web": [
            *("gunicorn", "stellapolicy.wsgi", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread"),
            *("--workers", "2", "--threads", "8", "--timeout", "120", "--access-logfile", "-"),
        ],
        "worker": [*celery, "worker", "--queues", "celery,outward", "--concurrency", "2", "--loglevel", "INFO"],
        "beat": [*celery, "beat", "--loglevel", "INFO", "--pidfile", ""],
    }


def _spawn(name: str, command: list[str]) -> subprocess.Popen[bytes]:
    """Start one process in a session of its own: Ctrl-C reaches it through us, in order."""
    folder = Path(settings.VAR_DIR) / "log"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own commands
            [sys.executable, "-m", *command],
            cwd=settings.BASE_DIR,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(_counts())},
        )


def _counts() -> Path:
    """Return the folder in which all processes count for /metrics."""
    folder = Path(settings.VAR_DIR) / "metrics"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _wait_until_healthy(port: int, processes: dict[str, subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        _refuse_dead(processes)
        try:
            with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise CommandError(f"the web process does not answer; its log is {Path(settings.VAR_DIR) / 'log' / 'web.log'}")


def _watch(processes: dict[str, subprocess.Popen[bytes]]) -> None:
    while True:
        _refuse_dead(processes)
        time.sleep(1)


def _refuse_dead(processes: dict[str, subprocess.Popen[bytes]]) -> None:
    for name, process in processes.items():
        if process.poll() is not None:
            log = Path(settings.VAR_DIR) / "log" / f"{name}.log"
            raise CommandError(f"{name} ended with {process.returncode}; its log is {log}")


def _stop(processes: dict[str, subprocess.Popen[bytes]]) -> None:
    """End them in order; a second Ctrl-C meanwhile must not leave one of them behind."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for process in processes.values():
        process.terminate()
    for process in processes.values():
        try:
            process.wait(timeout=_FAREWELL_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
