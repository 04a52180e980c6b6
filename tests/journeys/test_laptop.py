"""`make up` as a newcomer meets it: it runs, says where, refuses a taken port, and leaves nothing behind."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import psutil
import pytest

from stellapolicy.embedded import _free_port
from tests.processes import ROOT

PATIENCE_SECONDS = 90
_ROOMS = ("manage.py", "stellapolicy", "exceptions", "policies", "gates", "templates", "pyproject.toml")
_OURS = ("DATABASE_URL", "CACHE_URL", "BROKER_URL", "STELLA_VAR", "STELLA_MODE", "SECRET_KEY", "DEMO_PASSWORD")


@pytest.fixture
def house() -> Iterator[Path]:
    """Return a copy of the product without anything it ever kept."""
    folder = Path(tempfile.mkdtemp(prefix="stella-up-"))
    folder.chmod(0o755)
    for room in _ROOMS:
        source = ROOT / room
        if source.is_dir():
            shutil.copytree(source, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / room)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def up(house: Path, port: int) -> "subprocess.Popen[str]":
    environment = {name: value for name, value in os.environ.items() if name not in _OURS}
    return subprocess.Popen(
        [sys.executable, "manage.py", "up", "--port", str(port)],
        cwd=house,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def greeting(process: "subprocess.Popen[str]") -> str:
    """Return what the process says up to its greeting."""
    assert process.stdout is not None
    said: list[str] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    for line in process.stdout:
        said.append(line)
        if "Ctrl-C stops everything" in line:
            return "".join(said)
        assert time.monotonic() < deadline, "".join(said)
    raise AssertionError("it ended: " + "".join(said))


def living_in(house: Path) -> list[str]:
    return [
        " ".join(process.info["cmdline"])
        for process in psutil.process_iter(["cmdline"])
        if any(str(house) in part for part in process.info["cmdline"] or ())
    ]


def test_it_runs_refuses_a_taken_port_stops_whole_and_starts_again(house: Path) -> None:
    port = _free_port()
    first = up(house, port)
    said = greeting(first)

    with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as answer:
        assert answer.status == 200
    second = up(house, port)
    refused, _ = second.communicate(timeout=PATIENCE_SECONDS)
    os.killpg(first.pid, signal.SIGINT)
    first.communicate(timeout=PATIENCE_SECONDS)

    assert f"http://127.0.0.1:{port}/admin/" in said
    assert "ada" in said
    assert second.returncode != 0
    assert f"port {port} is taken" in refused
    assert living_in(house) == []

    again = up(house, port)
    greeting(again)
    os.killpg(again.pid, signal.SIGINT)
    again.communicate(timeout=PATIENCE_SECONDS)
    assert living_in(house) == []
