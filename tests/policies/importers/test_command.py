import json
import subprocess
import sys
from pathlib import Path

import pytest

from policies.importers.__main__ import main
from policies.importers.registry import import_file
from policies.importers.summary import summarise
from policies.importers.table import as_text
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
    assert shown.splitlines()[1:] == [
        "  a complete scan (trivy, trivy)",
        f"  subject: registry.example/shop:1 (container_image), sha256:{'2' * 64}, sha256:{'1' * 64}",
        "  made at: 2031-01-02T03:04:05.678901Z",
        "",
        "                 high  all  with fix  hidden",
        "  vulnerability     1    1         1       ·",
        "",
        "  findings: 1, components: 1",
    ]


def test_the_json_of_the_command_is_canonical_and_complete(
    trivy_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grype_file = tmp_path / "grype.json"
    grype_file.write_bytes(written(grype_report(descriptor={"name": "grype", "configuration": {"only-fixed": True}})))

    code = main(["--json", str(trivy_file), str(grype_file)])

    first, second = json.loads(capsys.readouterr().out)
    assert code == 0
    assert (first["format"], first["subject"]["stated"], first["with_fix"]) == ("trivy", True, 1)
    assert first["by_kind"]["vulnerability"]["by_severity"] == {"high": 1}
    assert (first["verdict"], second["verdict"]) == ("complete_scan", "partial_scan")
    assert second["partial"] == ["only findings with a fix (only-fixed)"]


def test_a_refused_file_is_shown_beside_the_others_and_leaves_with_4(
    trivy_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.json"
    broken.write_bytes(written(trivy_report(Results={})))

    code = main([str(broken), str(trivy_file), "--json"])

    refused, fine = json.loads(capsys.readouterr().out)
    assert code == 4
    assert refused["verdict"] == "refused"
    assert (refused["refused"], refused["faults"][0]["pointer"]) == ("evidence.shape_invalid", "/Results")
    assert fine["findings"] == 1


def test_the_first_faults_of_a_refused_file_are_listed_with_their_places(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.json"
    broken.write_bytes(written(trivy_report(Results=[{"Vulnerabilities": [7] * 8}])))

    main([str(broken)])

    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "  refused: evidence.shape_invalid"
    assert lines[2] == "    /Results/0/Vulnerabilities/0: expected an object, found an integer"
    assert (len(lines), lines[-1]) == (8, "    and 3 more")


@pytest.mark.parametrize(
    "path, verdict",
    [
        ("scans/sarif/appendix_k.sarif", "a partial scan (sarif, codescanner 2.1)"),
        ("sbom/guac__alpine-spdx.json", "an inventory; nobody says that a scan was made (spdx, syft 0.57.0)"),
        ("scans/govulncheck/no_vulns.json", "a complete scan (govulncheck-graphs, govulncheck)"),
        ("scans/osv_scanner/no_findings.json", "refused: evidence.empty"),
    ],
)
def test_the_first_thing_told_is_what_the_file_proves(
    path: str, verdict: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main([str(real_data(path))])

    assert capsys.readouterr().out.splitlines()[1].strip() == verdict


def test_partial_evidence_says_why_and_what_was_not_kept_says_how_often(capsys: pytest.CaptureFixture[str]) -> None:
    main([str(real_data("scans/sarif/appendix_k.sarif"))])

    lines = capsys.readouterr().out.splitlines()
    assert "  partial: the tool reported errors while it ran" in lines
    assert "    4 notifications of the tool: what it said of its own run" in lines


def test_a_name_in_a_file_cannot_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(written(trivy_report(ArtifactName="\x1b[2Jshop")))

    main([str(path)])

    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["--xml", "x"], ["no-such-file.json"]])
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
