"""Real reports, feeds and suites that live beside the repository, never in it."""

import os
from pathlib import Path

import pytest

_ROOT = Path(os.environ.get("STELLA_REAL_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def real_data(path: str) -> Path:
    """Return a file of the real data, or skip loudly where it is absent; in CI its absence is a failure."""
    wanted = _ROOT / path
    if wanted.exists():
        return wanted
    if os.environ.get("CI") or os.environ.get("STELLA_REQUIRE_REAL_DATA"):
        pytest.fail(f"real data is required here and {path} is absent")
    pytest.skip(f"REAL DATA ABSENT: {path} (set STELLA_REAL_DATA to its folder)")
