"""Diagnostics as values, in order, as JSON and as text."""

import json

import pytest

from policies.language.codes import CODES
from policies.language.diagnostics import (
    DiagnosticSeverity,
    Gathering,
    closest,
    diagnose,
    did_you_mean,
    ordered,
    strictly,
)
from policies.language.rendering import render
from policies.language.source import Source, Span

SOURCE = Source("p.stella", "first\nsecond line\n")


def test_a_diagnostic_knows_its_place_and_severity_from_its_code() -> None:
    diagnostic = diagnose(SOURCE, "E201", Span(13, 17), "message", hint="hint")

    assert (diagnostic.line, diagnostic.column) == (2, 8)
    assert diagnostic.severity is DiagnosticSeverity.ERROR


def test_a_code_that_is_not_registered_is_refused() -> None:
    with pytest.raises(KeyError):
        diagnose(SOURCE, "E999", Span(0, 1), "message")


def test_the_json_form_has_the_fields_of_the_specification() -> None:
    diagnostic = diagnose(SOURCE, "E201", Span(13, 17), "message")

    assert json.loads(json.dumps(diagnostic.to_json())) == {
        "code": "E201",
        "severity": "error",
        "message": "message",
        "file": "p.stella",
        "line": 2,
        "column": 8,
        "span": [13, 17],
        "hint": None,
    }


def test_gathered_diagnostics_are_in_the_order_of_their_places_each_once() -> None:
    gathering = Gathering(SOURCE)
    for start in (6, 0, 6):
        gathering.report("E201", Span(start, start + 1), "message")

    assert [diagnostic.span.start for diagnostic in gathering.diagnostics()] == [0, 6]
    assert gathering.diagnostics() == ordered(reversed(gathering.diagnostics()))


def test_past_the_limit_one_diagnostic_says_so_and_no_more_are_kept() -> None:
    gathering = Gathering(SOURCE, limit=2)
    for start in range(5):
        gathering.report("E201", Span(start, start + 1), "message")

    assert [diagnostic.code for diagnostic in gathering.diagnostics()] == ["E201", "E201", "E407"]
    assert gathering.is_full


def test_strict_makes_warnings_errors() -> None:
    warning = next(code for code in (*CODES, "") if code.startswith("W"))
    diagnostic = diagnose(SOURCE, warning, Span(0, 1), "message")

    assert not diagnostic.is_error
    assert all(one.is_error for one in strictly([diagnostic]))


def test_the_closest_word_is_offered_and_nothing_where_none_is_close() -> None:
    assert closest("serverity", ("severity", "score")) == "severity"
    assert did_you_mean("xyz", ("severity", "score")) is None


def test_a_very_long_word_is_compared_with_nothing() -> None:
    assert closest("severity" * 10_000, ("severity",)) is None


def test_a_place_is_shown_with_its_line_and_a_caret() -> None:
    shown = render([diagnose(SOURCE, "E201", Span(6, 12), "message", hint="do this")], [SOURCE])

    assert shown == (
        "error[E201]: message\n --> p.stella:2:1\n  |\n2 | second line\n  | ^^^^^^\n  = hint: do this\n\n1 error\n"
    )


def test_carets_stand_below_wide_characters_and_tabs() -> None:
    source = Source("p", '\t"漢字" x')

    shown = render([diagnose(source, "E201", Span(6, 7), "message")], [source]).splitlines()

    assert shown[3:5] == ['1 |     "漢字" x', "  |            ^"]


def test_a_long_line_is_cut_to_a_window_around_its_place() -> None:
    source = Source("p", "a" * 5_000 + "b" + "c" * 5_000)

    shown = render([diagnose(source, "E201", Span(5_000, 5_001), "message")], [source]).splitlines()

    assert shown[3] == "1 | …" + "a" * 40 + "b" + "c" * 59 + "…"
    assert shown[4] == "  | " + " " * 41 + "^"


def test_nothing_in_a_source_reaches_a_terminal_as_a_command() -> None:
    source = Source("p\x1b[2J", "\x1b[31m\u202ered")

    shown = render([diagnose(source, "E110", Span(0, 1), "control \x1b[0m")], [source])

    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_no_diagnostics_are_shown_as_nothing() -> None:
    assert render([], [SOURCE]) == ""


def test_every_code_has_a_title_and_a_paragraph() -> None:
    assert all(code.title and code.paragraph for code in CODES.values())
    assert all(name[0] in "EW" and name[1:].isdigit() and len(name) == 4 for name in CODES)
