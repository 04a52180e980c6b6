from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.importers.limits import STANDARD
from policies.importers.refusals import ShapeInvalid
from policies.importers.shape import (
    ROOT,
    Place,
    Record,
    flag,
    instant,
    integer,
    name_text,
    number,
    parse_instant,
    pointer,
    read_each,
    record,
    required_name,
    shortened,
    text,
    texts,
)


def test_a_pointer_escapes_what_rfc_6901_says() -> None:
    assert pointer(ROOT) == ""
    assert pointer((((ROOT, "a/b"), 0), "c~d")) == "/a~1b/0/c~0d"


@pytest.mark.parametrize(
    "read, value, message",
    [
        (text, 7, "expected a text, found an integer"),
        (record, [], "expected an object, found a list"),
        (flag, "true", "expected true or false, found a text"),
        (integer, True, "expected an integer, found true or false"),
        (number, "9.8", "expected a number, found a text"),
        (texts, {}, "expected a list, found an object"),
        (instant, "soon", "'soon' is not an instant (RFC 3339)"),
        (name_text, "x" * 2_000, "longer than 1024 characters"),
        (required_name, " ", "is missing or empty"),
    ],
)
def test_a_wrong_value_is_refused_with_its_place_and_what_was_expected(
    read: object, value: object, message: str
) -> None:
    assert callable(read)

    with pytest.raises(ShapeInvalid) as refusal:
        read({"here": value}, "here", ((ROOT, "rows"), 3))

    (fault,) = refusal.value.faults
    assert (fault.pointer, fault.message) == ("/rows/3/here", message)


def test_what_is_absent_or_null_is_empty() -> None:
    for given_record in ({}, {"here": None}):
        assert text(given_record, "here", ROOT) == ""
        assert texts(given_record, "here", ROOT) == ()
        assert record(given_record, "here", ROOT) == {}
        assert flag(given_record, "here", ROOT) is None
        assert integer(given_record, "here", ROOT) is None
        assert number(given_record, "here", ROOT) is None
        assert instant(given_record, "here", ROOT) is None


def test_nul_which_no_database_keeps_is_replaced() -> None:
    assert text({"here": "a\0b"}, "here", ROOT) == "a\ufffdb"


@pytest.mark.parametrize(
    "written, meant",
    [
        ("2021-08-25T12:20:30.000000005Z", datetime(2021, 8, 25, 12, 20, 30, tzinfo=UTC)),
        ("2021-08-25 12:20:30.5 +0000 UTC", datetime(2021, 8, 25, 12, 20, 30, 500_000, tzinfo=UTC)),
        ("2021-08-25T14:20:30+02:00", datetime(2021, 8, 25, 12, 20, 30, tzinfo=UTC)),
        ("2021-08-25T12:20:30", datetime(2021, 8, 25, 12, 20, 30, tzinfo=UTC)),
        ("2024-10-25T00:00:00+0000", datetime(2024, 10, 25, tzinfo=UTC)),
        ("2021-08-25", datetime(2021, 8, 25, tzinfo=UTC)),
    ],
)
def test_every_way_a_scanner_writes_an_instant_is_one_instant(written: str, meant: datetime) -> None:
    assert parse_instant(written) == meant


def test_the_year_one_is_how_go_says_never() -> None:
    assert instant({"here": "0001-01-01T00:00:00Z"}, "here", ROOT) is None


@pytest.mark.parametrize("written", ["9999-12-31T23:59:59-23:59", "0001-01-02T00:00:00+23:59", "12", ""])
def test_an_instant_beyond_time_is_refused_and_does_not_overflow(written: str) -> None:
    try:
        moment = parse_instant(written)
    except ValueError:
        return

    assert moment.tzinfo is UTC


@given(st.text(max_size=40))
def test_no_text_does_more_to_an_instant_than_be_refused(written: str) -> None:
    try:
        assert parse_instant(written).tzinfo is UTC
    except ValueError:
        return


def test_the_faults_of_many_rows_are_reported_together_and_bounded() -> None:
    def read(row: Record, place: Place) -> str:
        return required_name(row, "id", place)

    with pytest.raises(ShapeInvalid) as refusal:
        read_each({"rows": [{}] * 50}, "rows", ROOT, read)

    assert len(refusal.value.faults) == STANDARD.faults
    assert refusal.value.faults[1].pointer == "/rows/1/id"
    assert "19 more" in refusal.value.detail


def test_long_names_stay_apart_when_they_are_shortened() -> None:
    one, other = shortened("x" * 500 + "a"), shortened("x" * 500 + "b")

    assert one != other
    assert len(one) <= 200
    assert shortened("MIT") == "MIT"
