import gzip
import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.importers.records import EpssDay, Imported, KevCatalogue
from policies.importers.refusals import FeedHeaderInvalid, FeedIncomplete, FeedRowInvalid, FormatUnsupported
from policies.importers.registry import import_file, import_report
from stellapolicy.kernel.decimals import epss_units
from tests.real_data import real_data

COMMENT = "#model_version:v2025.03.14,score_date:2031-01-30T12:55:00Z"
HEADER = "cve,epss,percentile"


def _day(*rows: str, comment: str = COMMENT, header: str = HEADER) -> Imported:
    return import_file("\n".join((comment, header, *rows)).encode())


def _catalogue(*entries: dict[str, Any], **changes: object) -> bytes:
    catalogue: dict[str, Any] = {
        "catalogVersion": "2031.01.30",
        "dateReleased": "2031-01-30T17:04:19.9796Z",
        "count": len(entries),
        "vulnerabilities": list(entries),
    }
    return json.dumps(catalogue | changes).encode()


def _entry(**changes: object) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "cveID": "CVE-2031-1000",
        "vulnerabilityName": "An example",
        "dateAdded": "2031-01-02",
        "dueDate": "2031-01-23",
        "knownRansomwareCampaignUse": "Unknown",
        "cwes": ["CWE-79"],
    }
    return entry | changes


def test_a_day_keeps_every_digit_as_units_of_a_hundred_thousandth() -> None:
    day = _day("CVE-2031-1000,0.97,1.0", "CVE-2031-1001,7e-05,0.00428", "CVE-2031-1002,0,.5")

    assert isinstance(day, EpssDay)
    assert list(day.rows()) == [
        ("CVE-2031-1000", 97_000, 100_000),
        ("CVE-2031-1001", 7, 428),
        ("CVE-2031-1002", 0, 50_000),
    ]
    assert (day.model_version, day.scored_at) == ("v2025.03.14", datetime(2031, 1, 30, 12, 55, tzinfo=UTC))
    assert (day.score_date, len(day)) == (date(2031, 1, 30), 3)


def test_a_packed_day_with_carriage_returns_is_the_same_day() -> None:
    plain = f"{COMMENT}\n{HEADER}\nCVE-2031-1000,0.5,0.9\n".encode()

    assert import_file(gzip.compress(plain.replace(b"\n", b"\r\n"), mtime=0)) == import_file(plain)


@given(st.lists(st.tuples(st.integers(0, 100_000), st.integers(0, 100_000)), min_size=1, max_size=40))
def test_whatever_a_day_says_comes_back_exactly(scores: list[tuple[int, int]]) -> None:
    rows = [f"CVE-2031-{1000 + row},{one / 100_000!r},{other / 100_000:.5f}" for row, (one, other) in enumerate(scores)]

    day = _day(*rows)

    assert isinstance(day, EpssDay)
    assert [(one, other) for _, one, other in day.rows()] == scores


@pytest.mark.parametrize(
    "comment, header, message",
    [
        ("#model_version:v1", HEADER, "line 1: expected"),
        ("#model_version:v1,score_date:soon", HEADER, "line 1: 'soon' is not an instant"),
        (HEADER, "CVE-2031-1000,0.1,0.2", "line 1: expected"),
        (COMMENT, "cve,epss", "line 2: expected"),
        (COMMENT, "", "line 2: expected"),
    ],
)
def test_a_day_whose_first_lines_do_not_say_what_it_is_is_refused(comment: str, header: str, message: str) -> None:
    with pytest.raises(FeedHeaderInvalid, match=message) as refusal:
        _day("CVE-2031-1000,0.1,0.2", comment=comment, header=header)

    assert refusal.value.code == "feed.header_invalid"
    assert refusal.value.status == 422


@pytest.mark.parametrize(
    "row, message",
    [
        ("CVE-2031-1001,high,0.5", "line 4: expected a CVE and two numbers"),
        ("CVE-2031-1001,0.5", "line 4: expected"),
        ("CVE-2031-1001,0.5,0.5,0.5", "line 4: expected"),
        ("2031-1001,0.5,0.5", "line 4: expected"),
        ("", "line 4: expected"),
        ("CVE-2031-1001,-0.5,0.5", "line 4: expected"),
        ("CVE-2031-1001,nan,0.5", "line 4: expected"),
        (f"CVE-2031-1001,{'9' * 5_000},0.5", "line 4: expected"),
        ("CVE-2031-1001,1.5,0.5", "line 4: a probability is at most 1"),
        ("CVE-2031-1001,0.5,2", "line 4: a probability is at most 1"),
        ("CVE-2031-1000,0.5,0.5", "line 4: CVE-2031-1000 has a row already"),
        ("CVE-2031-1001,0.5,0,5é", "line 4: not ASCII"),
    ],
)
def test_one_bad_row_refuses_the_whole_day_and_is_named(row: str, message: str) -> None:
    with pytest.raises(FeedRowInvalid, match=message) as refusal:
        _day("CVE-2031-1000,0.1,0.2", row, "CVE-2031-1009,0.1,0.2")

    assert refusal.value.code == "feed.row_invalid"


def test_a_day_without_rows_is_incomplete() -> None:
    with pytest.raises(FeedIncomplete) as refusal:
        _day()

    assert refusal.value.code == "feed.incomplete"


@pytest.mark.parametrize(
    "name, rows, model",
    [
        ("epss-claircore.csv", 29, "v2023.03.01"),
        ("epss-vulnerablecode.csv", 27, "v2025.03.14"),
        ("epss-vunnel-example.csv", 5, "v2023.03.01"),
        ("epss_scores-2026-01-30-excerpt.csv", 14_257, "v2025.03.14"),
    ],
)
def test_real_days_are_read_whole(name: str, rows: int, model: str) -> None:
    content = real_data(f"intel/{name}").read_bytes()

    day = import_file(content)

    written = [line.split(",") for line in content.decode().split()[2:]]
    assert isinstance(day, EpssDay)
    assert (len(day), len(written), day.model_version) == (rows, rows, model)
    assert list(day.rows()) == [(cve, epss_units(one), epss_units(other)) for cve, one, other in written]


@pytest.mark.parametrize(
    "name, message",
    [
        ("epss-vunnel-invalid-header.csv", "line 2: expected"),
        ("epss-vunnel-missing-date.csv", "line 1: expected"),
    ],
)
def test_the_broken_samples_are_refused_with_their_line(name: str, message: str) -> None:
    with pytest.raises(FeedHeaderInvalid, match=message):
        import_file(real_data(f"intel/{name}").read_bytes())


def test_the_real_catalogue_is_read_whole() -> None:
    content = real_data("intel/kev-2025-08.json").read_bytes()

    catalogue = import_file(content)

    assert isinstance(catalogue, KevCatalogue)
    assert (catalogue.version, len(catalogue.entries)) == ("2025.08.25", json.loads(content)["count"])
    assert [entry.cve for entry in catalogue.entries] == sorted(entry.cve for entry in catalogue.entries)
    known = next(entry for entry in catalogue.entries if entry.cve == "CVE-2025-48384")
    assert (known.due_date, known.ransomware) == (date(2025, 9, 15), None)
    assert sum(entry.ransomware is True for entry in catalogue.entries) == content.count(b'"Known"')


def test_ransomware_nobody_knows_of_is_unknown_and_not_false() -> None:
    catalogue = import_file(_catalogue(_entry(), _entry(cveID="CVE-2031-2000", knownRansomwareCampaignUse="Known")))

    assert isinstance(catalogue, KevCatalogue)
    assert [entry.ransomware for entry in catalogue.entries] == [None, True]


@pytest.mark.parametrize(
    "entry, pointer",
    [
        (_entry(cveID="GHSA-1"), "/vulnerabilities/1/cveID"),
        (_entry(cveID=None), "/vulnerabilities/1/cveID"),
        (_entry(dueDate="soon"), "/vulnerabilities/1/dueDate"),
        (_entry(dateAdded="2031-02-30"), "/vulnerabilities/1/dateAdded"),
        (_entry(knownRansomwareCampaignUse="Perhaps"), "/vulnerabilities/1/knownRansomwareCampaignUse"),
        (_entry(cveID="CVE-2031-0999"), "/vulnerabilities/1/cveID"),
    ],
)
def test_one_bad_entry_refuses_the_whole_catalogue_and_is_named(entry: dict[str, Any], pointer: str) -> None:
    with pytest.raises(FeedRowInvalid) as refusal:
        import_file(_catalogue(_entry(cveID="CVE-2031-0999"), entry))

    assert [(fault.pointer, fault.code) for fault in refusal.value.faults] == [(pointer, "feed.row_invalid")]


@pytest.mark.parametrize("changes", [{"catalogVersion": ""}, {"dateReleased": None}])
def test_a_catalogue_that_does_not_say_its_date_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(FeedHeaderInvalid):
        import_file(_catalogue(_entry(), **changes))


@pytest.mark.parametrize("content", [_catalogue(), _catalogue(_entry(), count=1404)])
def test_a_catalogue_shorter_than_it_says_is_incomplete(content: bytes) -> None:
    with pytest.raises(FeedIncomplete):
        import_file(content)


def test_a_feed_is_no_evidence_about_an_artifact() -> None:
    with pytest.raises(FormatUnsupported, match="not evidence"):
        import_report(_catalogue(_entry()))
