"""Findings as columns: typed as the catalogue says, the same bytes for the same findings."""

from datetime import UTC, datetime

import polars as pl
import pytest

from policies.columns import encoding, layout
from policies.evidence.content import StoredFinding
from policies.language.facts import CATALOGUE
from policies.language.types import Type
from stellapolicy.kernel.canonical_json import JsonValue


def finding(key: str, **facts: JsonValue) -> StoredFinding:
    named = {path.replace("__", "."): value for path, value in facts.items()}
    return StoredFinding(key, "vulnerability", "CVE-2031-1000", "pkg:npm/a@1", "high", named)


ROWS = [
    finding("a", cvss__score=9.8, vuln__published="2031-01-02T03:04:05Z", vuln__aliases=["GHSA-x"], kev__listed=True),
    finding("b", cvss__score=7, component__paths=[]),
]


def test_every_fact_of_the_catalogue_that_evidence_states_has_a_column_of_its_type() -> None:
    stated = {path for path, spec in CATALOGUE.items() if spec.type is not Type.STATEMENTS}

    assert stated == set(layout.FACTS)


def test_facts_keep_their_types_and_what_nobody_knows_is_null() -> None:
    frame = encoding.frame_of("ksm:x", ROWS)

    assert frame["cvss.score"].to_list() == [9.8, 7.0]
    assert frame["vuln.published"].to_list() == [datetime(2031, 1, 2, 3, 4, 5, tzinfo=UTC), None]
    assert frame["vuln.aliases"].to_list() == [["GHSA-x"], None]
    assert frame["component.paths"].to_list() == [None, []]
    assert frame["kev.listed"].to_list() == [True, None]
    assert frame["position"].to_list() == [0, 1]


def test_the_same_findings_give_the_same_bytes() -> None:
    once, again = (encoding.encoded(encoding.frame_of("ksm:x", ROWS)) for _ in range(2))

    assert once == again


def test_what_is_written_is_what_is_read() -> None:
    frame = encoding.frame_of("ksm:x", ROWS)

    assert encoding.decoded(encoding.encoded(frame)).equals(frame)


def test_merging_orders_by_snapshot_and_position_whatever_the_order_given() -> None:
    frames = [encoding.frame_of(name, ROWS) for name in ("ksm:b", "ksm:a")]

    one, other = encoding.merged(frames), encoding.merged(reversed(frames))

    assert one.equals(other)
    assert one["snapshot"].to_list() == ["ksm:a", "ksm:a", "ksm:b", "ksm:b"]


def test_a_snapshot_without_findings_is_an_empty_frame() -> None:
    assert encoding.frame_of("ksm:x", []).height == 0


@pytest.mark.parametrize("value", ["not a number", "x"])
def test_a_fact_of_another_type_is_not_taken_for_unknown(value: str) -> None:
    with pytest.raises(ValueError, match="could not convert"):
        encoding.frame_of("ksm:x", [finding("a", cvss__score=value)])


def test_nulls_are_told_from_columns_that_are_not_there() -> None:
    frame = pl.DataFrame({"snapshot": ["a"], "cvss.score": [None]}, schema_overrides={"cvss.score": pl.Float64})

    assert encoding.without_nulls(frame).columns == ["snapshot"]
