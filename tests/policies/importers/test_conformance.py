"""Every real file is read or refused, exactly as the committed table says."""

import json

import pytest

from policies.importers.refusals import ImportRefused
from policies.importers.registry import import_file
from tests.policies.importers.conformance import PAGE, Row, judged, page, paths
from tests.real_data import real_data


def test_the_table_is_what_becomes_of_every_file() -> None:
    now = page()

    print(now)  # noqa: T201 - the table is shown with the test
    assert now == PAGE.read_text(encoding="utf-8"), "run python -m tests.policies.importers.conformance --write"


# Lies among the inventories and is a scorecard of a repository.
NO_INVENTORY = "sbom/guac__kubernetes-scorecard.json"


@pytest.mark.parametrize(
    "folder", ["vex/openvex", "vex/vexhub", "vex/cyclonedx", "sbom", "scans/sarif-nginx-3-scanners"]
)
def test_every_document_of_these_is_read(folder: str) -> None:
    wanted = [path for path in paths() if path.startswith(f"{folder}/") and path != NO_INVENTORY]

    assert [path for path in wanted if not _is_read(judged(path))] == []


def test_the_csaf_suite_is_accepted_and_refused_as_it_says() -> None:
    suite = json.loads(real_data("vex/csaf-validator/testcases.json").read_bytes())["tests"]
    cases = [case for test in suite for case in (*test.get("failures", ()), *test.get("valid", ()))]

    wrong = [
        case["name"] for case in cases if _is_read(judged(f"vex/csaf-validator/{case['name']}")) is not case["valid"]
    ]

    assert len(cases) == 78
    assert wrong == []


def test_a_broken_feed_is_refused_with_a_code_of_feeds() -> None:
    for path in ("intel/epss-vunnel-invalid-header.csv", "intel/epss-vunnel-missing-date.csv"):
        with pytest.raises(ImportRefused) as refusal:
            import_file(real_data(path).read_bytes())

        assert refusal.value.code.startswith("feed.")


def _is_read(row: Row) -> bool:
    return not row.outcome.startswith("refused")
