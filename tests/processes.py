"""Processes of the product started by tests, pointed at the database of the test."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection
from psycopg.conninfo import conninfo_to_dict

ROOT = Path(__file__).resolve().parents[1]


def environment() -> dict[str, str]:
    """Return the environment of this test run, its test database as the database."""
    known = conninfo_to_dict(os.environ["DATABASE_URL"])
    known["dbname"] = connection.settings_dict["NAME"]
    return {**os.environ, "DATABASE_URL": " ".join(f"{name}={value}" for name, value in known.items())}


def python(*arguments: str, **more: str) -> "subprocess.Popen[bytes]":
    """Start Python on the product."""
    return subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env={**environment(), **more})


@contextmanager
def celery_worker() -> Iterator["subprocess.Popen[bytes]"]:
    """Run a Celery worker until the block ends; it is ready when the block begins."""
    options = ("--queues", "celery,outward", "--concurrency", "1", "--loglevel", "WARNING")
    worker = python("-m", "celery", "--app", "stellapolicy", "worker", *options)
    try:
        _wait_for_its_ping(worker)
        yield worker
    finally:
        worker.terminate()
        worker.wait(timeout=30)


def _wait_for_its_ping(worker: "subprocess.Popen[bytes]") -> None:
    from stellapolicy.celery import app

    deadline = time.monotonic() + 60
    while not app.control.ping(timeout=0.5):
        assert worker.poll() is None, "the worker ended"
        assert time.monotonic() < deadline, "the worker does not answer"
