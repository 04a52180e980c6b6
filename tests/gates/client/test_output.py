"""What the client shows and writes."""

import ast
import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.gates.client.running import CLIENT, PYTHON, check, decision, environment
from tests.gates.client.scripted_server import EVALUATIONS, Answer, serving

FINDING = {
    "id": "CVE-2021-44228",
    "component": "log4j-core",
    "version": "2.14.1",
    "severity": "critical",
    "cvss": "10",
    "epss": "0.97",
    "kev": True,
    "raw_status": "blocked",
    "status": "deferred",
}
REASON = {
    "code": "kev.listed",
    "outcome": "block",
    "text": "CVE-2021-44228 is known to be exploited",
    "fix": "Upgrade log4j-core to 2.17.1.",
}
BLOCKED = decision(
    "block",
    checks=[
        {"check": "policy_verdict", "outcome": "warn", "reasons": [{"outcome": "warn", "text": "rather old"}]},
        {"check": "kev_blocker", "outcome": "block", "reasons": [REASON]},
    ],
    findings=[FINDING],
)


def shown(body: dict[str, Any], *arguments: str, **variables: str) -> str:
    with serving({EVALUATIONS: [Answer(body=body)]}) as server:
        return check(server.url, *arguments, **variables).stdout


def test_the_verdict_comes_first_then_what_blocks_then_what_warns() -> None:
    lines = shown(BLOCKED).splitlines()

    assert lines[0] == "BLOCK: registry.example/shop to production. It may not ship: blocked by kev_blocker."
    assert lines[1] == "  block  kev_blocker: CVE-2021-44228 is known to be exploited"
    assert lines[2] == "  warn   policy_verdict: rather old"


def test_findings_stand_in_a_table_with_raw_and_effective_status() -> None:
    lines = shown(BLOCKED).splitlines()

    title = next(place for place, line in enumerate(lines) if "raw status" in line)
    assert lines[title + 1].split() == [
        "CVE-2021-44228", "log4j-core", "2.14.1", "critical", "10", "0.97", "yes",
        "blocked", "deferred",
    ]  # fmt: skip
    assert lines[title].index("status", lines[title].index("raw status") + 5) == lines[title + 1].index("deferred")


def test_the_remedies_and_the_decision_are_named() -> None:
    text = shown(BLOCKED)

    assert "What would fix it:\n  - Upgrade log4j-core to 2.17.1.\n" in text
    assert text.rstrip().endswith("/api/v1/gates/decisions/0192f0c4-0000-7000-8000-000000000001")


def test_a_long_name_is_cut_and_what_is_not_known_is_a_question_mark() -> None:
    text = shown(decision("block", findings=[{**FINDING, "component": "x" * 60, "cvss": None}]))

    assert f"{'x' * 47}…" in text
    assert f"{'x' * 48}" not in text
    assert " ?  " in text


def test_a_long_list_says_how_much_it_leaves_out() -> None:
    text = shown(decision("block", findings=[{**FINDING, "id": f"CVE-{place}"} for place in range(25)]))

    assert "CVE-19 " in text
    assert "CVE-20 " not in text
    assert "… and 5 more" in text


def test_what_a_report_names_does_not_speak_to_the_terminal() -> None:
    text = shown(decision("block", findings=[{**FINDING, "id": "CVE\x1b[2J\n\u202eX"}], wording="a\x07b"))

    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\u202e" not in text


def test_json_is_the_body_and_nothing_else() -> None:
    assert json.loads(shown(BLOCKED, "--format", "json")) == BLOCKED


def test_a_terminal_without_unicode_is_shown_what_it_can() -> None:
    text = shown(decision("block", findings=[FINDING]), PYTHONIOENCODING="ascii", PYTHONUTF8="0")

    assert text.startswith("BLOCK: ")


def _on_a_terminal(url: str, **variables: str) -> str:
    reader, writer = pty.openpty()
    try:
        subprocess.run(
            [PYTHON, CLIENT, "check", "--environment", "production", "--artifact", "sha256:" + "0" * 64],
            env=environment(url, **variables),
            stdout=writer,
            stderr=subprocess.DEVNULL,
            timeout=30,
            check=False,
        )
        return os.read(reader, 65_536).decode()
    finally:
        os.close(reader)
        os.close(writer)


def test_colour_is_for_terminals_and_for_those_who_want_it() -> None:
    with serving({EVALUATIONS: [Answer(body=decision("block"))]}) as server:
        coloured, plain = _on_a_terminal(server.url), _on_a_terminal(server.url, NO_COLOR="1")

    assert coloured.startswith("\x1b[31mBLOCK\x1b[0m: ")
    assert plain.startswith("BLOCK: ")
    assert "\x1b" not in shown(decision("block"))


def test_report_files_are_written_by_extension_or_by_format(tmp_path: Path) -> None:
    report = BLOCKED["links"]["report"]
    script = {
        EVALUATIONS: [Answer(body=BLOCKED)],
        f"{report}?format=sarif": [Answer(body=b'{"version": "2.1.0"}')],
        f"{report}?format=junit": [Answer(body=b"<testsuites/>")],
    }
    files = ["gate.json", "gate.txt", "gate.sarif"]
    with serving(script) as server:
        written = [argument for name in files for argument in ("--output", str(tmp_path / name))]
        ended = check(server.url, *written, "--report", f"junit={tmp_path / 'gate.out'}")

    assert ended.returncode == 2
    assert json.loads((tmp_path / "gate.json").read_text()) == BLOCKED
    assert (tmp_path / "gate.txt").read_text(encoding="utf-8").startswith("BLOCK: registry.example/shop")
    assert (tmp_path / "gate.sarif").read_bytes() == b'{"version": "2.1.0"}'
    assert (tmp_path / "gate.out").read_bytes() == b"<testsuites/>"


@pytest.mark.parametrize("verdict, expected", [("pass", 10), ("block", 2)])
def test_a_report_that_cannot_be_written_never_hides_a_block(verdict: str, expected: int, tmp_path: Path) -> None:
    with serving({EVALUATIONS: [Answer(body=decision(verdict))]}) as server:
        ended = check(server.url, "--output", str(tmp_path / "missing" / "gate.json"))

    assert ended.returncode == expected
    assert ended.stdout.startswith(verdict.upper())
    assert "the json report was not written" in ended.stderr


def test_a_format_the_server_does_not_have_is_named(tmp_path: Path) -> None:
    with serving({EVALUATIONS: [Answer(body=decision("pass"))]}) as server:
        ended = check(server.url, "--output", str(tmp_path / "gate.html"))

    assert ended.returncode == 10
    assert "the html report was not written: There is nothing here [not_found, HTTP 404]" in ended.stderr


def test_the_client_is_one_file_of_python_3_8_and_its_standard_library() -> None:
    tree = ast.parse(CLIENT.read_text(encoding="utf-8"), feature_version=(3, 8))

    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names


KEPT: dict[str, Any] = {
    "id": "EXC-2026-0001",
    "effect": "defer",
    "held": None,
    "expires_at": "2026-07-01T12:00:00Z",
    "seconds_left": 90_000,
    "grace_until": None,
    "grace_seconds_left": None,
    "fired": [],
}
GRACE = {"grace_until": "2026-06-18T12:00:00Z", "grace_seconds_left": 7_200, "fired": ["EPSS rose to 0.3"]}


@pytest.mark.parametrize(
    "said, line",
    [
        ({}, "EXC-2026-0001  defer  until 2026-07-01T12:00:00Z, 25 h left"),
        (GRACE, "EXC-2026-0001  defer  until 2026-06-18T12:00:00Z, 2 h left  EPSS rose to 0.3"),
        (
            {"held": "blocked", "fired": ["it is exploited"]},
            "EXC-2026-0001  defer  does not apply, blocked  it is exploited",
        ),
    ],
)
def test_exceptions_are_shown_with_the_answer_without_them(said: dict[str, Any], line: str) -> None:
    body = decision("warn", raw={"verdict": "block"}, exceptions=[{**KEPT, **said}])

    lines = shown(body).splitlines()

    place = lines.index("Without exceptions: block. With them:")
    assert lines[place + 1] == f"  {line}"


def test_a_decision_from_before_there_were_exceptions_says_nothing_of_them() -> None:
    assert "xception" not in shown(BLOCKED)
