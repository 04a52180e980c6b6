"""Mistakes in the arguments: all 11, all before anything is sent."""

from pathlib import Path

import pytest

from tests.gates.client.running import ARTIFACT, DIGEST, run

NOWHERE = "http://127.0.0.1:9"
ASKING = ["check", "--environment", "production", "--artifact", ARTIFACT]


@pytest.mark.parametrize(
    "arguments, said",
    [
        ([], "required"),
        (["chekc"], "invalid choice"),
        (["check"], "--environment"),
        ([*ASKING, "--fail-on", "rain"], "invalid choice"),
        ([*ASKING, "--timeout", "0"], "--timeout 0.0: more than nothing"),
        ([*ASKING, "--timeout", "nan"], "--timeout nan: more than nothing"),
        ([*ASKING, "--timeout", "soon"], "invalid float value"),
        ([*ASKING, "--output", "report.pdf"], "no format known"),
        ([*ASKING, "--report", "pdf=report"], "no format known"),
        ([*ASKING, "--report", "json="], "no format known"),
        ([*ASKING, "missing.json"], "missing.json: No such file or directory"),
        ([*ASKING, "--server", "ftp://stella.example"], "say where the server is"),
        ([*ASKING, "--server", ""], "say where the server is"),
        ([*ASKING, "--token", ""], "a token is needed"),
        ([*ASKING, "--token", "two\nlines"], "a token is needed"),
        (["check", "--environment", "production"], "no report says which artifact"),
        (["check", "--environment", "production", "--artifact", "shop:1.2"], "a digest is sha256:"),
        (["check", "--environment", "production", "--artifact", "shop@sha256:12"], "a digest is sha256:"),
    ],
)
def test_a_mistake_in_the_arguments_is_eleven(arguments: list[str], said: str) -> None:
    ended = run(NOWHERE, *arguments)

    assert ended.returncode == 11
    assert said in ended.stderr
    assert not ended.stdout


def test_reports_about_different_artifacts_are_not_submitted_together(tmp_path: Path) -> None:
    for name, letter in (("one.json", "1"), ("two.json", "2")):
        digest = "sha256:" + letter * 64
        (tmp_path / name).write_text(f'{{"SchemaVersion": 2, "Metadata": {{"ImageID": "{digest}"}}}}')

    ended = run(NOWHERE, "check", "--environment", "production", tmp_path / "one.json", tmp_path / "two.json")

    assert ended.returncode == 11
    assert "different artifacts" in ended.stderr


def test_a_report_that_names_nothing_needs_the_artifact_named(tmp_path: Path) -> None:
    report = tmp_path / "scan.sarif"
    report.write_text('{"version": "2.1.0", "runs": []}')

    ended = run(NOWHERE, "check", "--environment", "production", report)

    assert ended.returncode == 11
    assert "--artifact sha256:" in ended.stderr


def test_the_token_is_not_repeated_in_any_complaint() -> None:
    ended = run(NOWHERE, *ASKING, "--timeout", "1", "--artifact", DIGEST)

    assert "stella_secret" not in ended.stderr + ended.stdout
