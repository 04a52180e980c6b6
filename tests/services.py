"""Starts real, throw-away PostgreSQL and Redis servers before Django reads its settings (loaded by `-p`)."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Iterator[None]:
    """Give this run servers of its own; parallel workers join their parent's."""
    prepare()
    return (yield)


def prepare() -> None:
    """Point this process at throw-away servers, unless real ones are configured."""
    os.environ.setdefault("STELLA_MODE", "laptop")
    os.environ.setdefault("SECRET_KEY", "tests-need-a-secret-of-at-least-fifty-characters-like-this")
    # All tests come from one address, and each would use up the patience for the next.
    for limit in ("RATE_STRANGER", "RATE_FAILED_SIGN_IN", "RATE_TOKEN_EXCHANGE"):
        os.environ.setdefault(limit, "100000/minute")
    if "DATABASE_URL" not in os.environ:
        _start()


def _start() -> None:
    from stellapolicy import embedded

    folder = Path(tempfile.mkdtemp(prefix="stella-test-"))
    folder.chmod(0o755)
    (folder / "static").mkdir()  # whitenoise warns of a missing one, and warnings fail here
    # Registered before the servers' own endings, so it runs after them.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["STELLA_VAR"] = str(folder)
    # Where a machine names no folder of one's own, the embedded server warns, and warnings fail here.
    (folder / "runtime").mkdir(mode=0o700)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder / "runtime"))
    os.environ.update(embedded.start(folder, durable=False).environment())
