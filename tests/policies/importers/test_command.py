import json
import subprocess
import sys
from pathlib import Path

import pytest

from policies.importers.__main__ import main
from policies.importers.registry import import_file
from policies.importers.summary import as_text, summarise
from tests.policies.importers.reports import grype_report, trivy_report, written
from tests.real_data import real_data


@pytest.fixture
def trivy_file(tmp_path: Path) -> Path:
    path = tmp_path / "trivy.json"
    path.write_bytes(written(trivy_report()))
    return path


def test_the_command_says_what_an_import_would_make_of_a_file(
    trivy_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main([str(trivy_file)])

    shown = capsys.readouterr().out
    assert code == 0
    assert "format: trivy" in shown
    assert "findings: 1" in shown
    assert "by severity: high 1" in shown


def test_the_json_of_the_command_is_canonical_and_complete(
    trivy_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grype_file = tmp_path / "grype.json"
    grype_file.write_bytes(written(grype_report(descriptor={"name": "grype", "configuration": {"only-fixed": True}})))

    code = main(["--format", "json", str(trivy_file), str(grype_file)])

    first, second = json.loads(capsys.readouterr().out)
    assert code == 0
    assert (first["format"], first["subject"]["stated"], first["with_fix"]) == ("trivy", True, 1)
    assert second["partial"] == ["only findings with a fix (only-fixed)"]


def test_a_refused_file_is_shown_beside_the_others_and_leaves_with_4(
    trivy_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.json"
    broken.write_bytes(written(trivy_report(Results={})))

    code = main([str(broken), str(trivy_file), "--format=json"])

    refused, fine = json.loads(capsys.readouterr().out)
    assert code == 4
    assert (refused["refused"], refused["faults"][0]["pointer"]) == ("evidence.shape_invalid", "/Results")
    assert fine["findings"] == 1


@pytest.mark.parametrize("arguments", [[], ["--format=xml", "x"], ["no-such-file.json"]])
def test_wrong_usage_leaves_with_11(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        main(arguments)

    assert leaving.value.code == 11


def test_the_command_runs_without_a_database(trivy_file: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "policies.importers", str(trivy_file)], capture_output=True, text=True, check=False
    )

    assert (run.returncode, run.stderr) == (0, "")
    assert "trivy" in run.stdout


@pytest.mark.parametrize(
    "path, label", [("intel/kev-2025-08.json", "rows: 1404"), ("intel/epss-vunnel-example.csv", "rows: 5")]
)
def test_feeds_are_summarised_too(path: str, label: str) -> None:
    summary = summarise(import_file(real_data(path).read_bytes()))

    assert label in as_text(path, summary)
