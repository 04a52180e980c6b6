"""The client as a pipeline runs it: another process, with nothing of ours but its environment."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

CLIENT = Path(__file__).resolve().parents[3] / "gates" / "client" / "stellagate.py"
PYTHON = os.environ.get("STELLA_CLIENT_PYTHON", sys.executable)
"""The interpreter the client runs on; a pipeline's may be much older than ours."""

DIGEST = "sha256:" + "ab" * 32
ARTIFACT = f"registry.example/shop@{DIGEST}"


def environment(server: str, **variables: str) -> dict[str, str]:
    """Return what a pipeline's process sees; nothing of the machine that runs the tests but its path."""
    return {"PATH": os.environ["PATH"], "STELLA_URL": server, "STELLA_TOKEN": "stella_secret", **variables}


def run(
    server: str, *arguments: str | Path, variables: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `stellagate` with these arguments and wait for its end."""
    return subprocess.run(
        [PYTHON, CLIENT, *arguments],
        env=environment(server, **(variables or {})),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def check(server: str, *arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Ask about an artifact that is named on the command line."""
    return run(server, "check", "--environment", "production", "--artifact", ARTIFACT, *arguments, variables=variables)


def decision(verdict: str = "pass", **members: Any) -> dict[str, Any]:
    """Return the body of a decision, as small as it may be."""
    return {
        "id": "0192f0c4-0000-7000-8000-000000000001",
        "decision": verdict,
        "mode": "enforce",
        "wording": "It may ship." if verdict == "pass" else "It may not ship: blocked by kev_blocker.",
        "artifact": {"digest": DIGEST, "name": "registry.example/shop"},
        "environment": {"name": "production", "tier": "production"},
        "checks": [],
        "findings": [],
        "with_exceptions": False,
        "bypassed": False,
        "evidence_only": False,
        "links": {
            "self": "/api/v1/gates/decisions/0192f0c4-0000-7000-8000-000000000001",
            "report": "/api/v1/gates/decisions/0192f0c4-0000-7000-8000-000000000001/report",
        },
        **members,
    }
