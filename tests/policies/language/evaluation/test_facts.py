"""The catalogue, and facts on their way from and to JSON."""

import copy
import json
import pickle
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings

from policies.language.compilation import compile_pack
from policies.language.facts import (
    CATALOGUE,
    OPTIONAL_GROUPS,
    STATEMENT_FIELDS,
    FactsRefused,
    from_json,
    mistyped,
    to_json,
    value_to_json,
)
from policies.language.types import UNKNOWN, Type, Unknown
from tests.policies.language.evaluation.compiling import program, source
from tests.policies.language.evaluation.programs import facts

EXAMPLES = {path: spec.example for path, spec in CATALOGUE.items()}


def test_every_example_of_the_catalogue_is_a_fact_and_comes_back_as_it_was() -> None:
    assert to_json(from_json(EXAMPLES)) == {path: EXAMPLES[path] for path in sorted(EXAMPLES)}


@pytest.mark.parametrize("path", sorted(CATALOGUE))
def test_every_fact_can_be_asked_for(path: str) -> None:
    asked = "vex.any()" if path == "vex.statements" else f"exists({path})"

    found = compile_pack([source(f"rule r {{ when {asked} then warn }}")], groups=OPTIONAL_GROUPS)

    assert found.program is not None
    assert path in found.program.reads


def test_every_word_of_a_closed_fact_is_unique_and_lower_case() -> None:
    for spec in (*CATALOGUE.values(), *STATEMENT_FIELDS.values()):
        assert list(dict.fromkeys(word.lower() for word in spec.words)) == list(spec.words)


@settings(max_examples=100, deadline=None)
@given(facts)
def test_facts_survive_the_way_to_json_and_back(finding: dict[str, Any]) -> None:
    signals = {"signals.zone": Type.STRING, "signals.risk": Type.NUMBER, "signals.flag": Type.BOOL}

    assert from_json(json.loads(json.dumps(to_json(finding))), signals=signals) == finding


@pytest.mark.parametrize(
    "path,value,code",
    [
        ("epss.scor", 0.5, "fact.unknown_path"),
        ("epss.score", "0.5", "fact.wrong_type"),
        ("epss.score", True, "fact.wrong_type"),
        ("epss.score", 97, "fact.out_of_range"),
        ("age.days", -1, "fact.out_of_range"),
        ("cvss.score", 10**400, "fact.wrong_type"),
        ("kev.listed", 1, "fact.wrong_type"),
        ("kev.listed", "true", "fact.wrong_type"),
        ("severity.normalized", "bad", "fact.unknown_word"),
        ("severity.normalized", 5, "fact.wrong_type"),
        ("finding.kind", "license", "fact.unknown_word"),
        ("finding.kind", ["vulnerability"], "fact.unknown_word"),
        ("vuln.published", "2026-01-01", "fact.wrong_type"),
        ("vuln.published", "yesterday", "fact.wrong_type"),
        ("vuln.published", "0001-01-01T00:00:00+14:00", "fact.wrong_type"),
        ("vuln.published", 1_700_000_000, "fact.wrong_type"),
        ("vuln.cwes", "CWE-79", "fact.wrong_type"),
        ("vex.statements", {"status": "fixed"}, "fact.wrong_type"),
        ("signals.x", 1, "fact.undeclared_signal"),
        ("component.name", None, None),
    ],
)
def test_what_does_not_fit_is_refused_at_its_place(path: str, value: Any, code: str | None) -> None:
    if code is None:
        assert from_json({path: value}) == {}
        return

    with pytest.raises(FactsRefused) as refused:
        from_json({path: value}, signals={})

    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [(f"/{path}", code)]


@pytest.mark.parametrize(
    "value,pointer",
    [
        (["fixed"], "/vex.statements/0"),
        ([{"status": "sound"}], "/vex.statements/0/status"),
        ([{}, {"trust": "much"}], "/vex.statements/1/trust"),
        ([{"trsut": 1}], "/vex.statements/0/trsut"),
        ([{"source": {}}], "/vex.statements/0/source"),
        ([{"issued_at": "now"}], "/vex.statements/0/issued_at"),
    ],
)
def test_a_mistake_inside_a_statement_has_its_own_pointer(value: Any, pointer: str) -> None:
    with pytest.raises(FactsRefused) as refused:
        from_json({"vex.statements": value})

    assert [fault.pointer for fault in refused.value.faults] == [pointer]


def test_every_mistake_is_reported_at_once() -> None:
    with pytest.raises(FactsRefused) as refused:
        from_json({"a/b~c": 1, "epss.score": "x", "vuln.cwes": ["CWE-79", 5], "kev.listed": True})

    assert [fault.pointer for fault in refused.value.faults] == ["/a~1b~0c", "/epss.score", "/vuln.cwes/1"]
    assert refused.value.status == 422


def test_a_path_close_to_a_fact_gets_a_hint() -> None:
    with pytest.raises(FactsRefused, match=r"did you mean `epss\.score`"):
        from_json({"epss.scor": 1})


def test_an_unknown_severity_is_an_absent_fact_and_never_none() -> None:
    assert from_json({"severity.normalized": "UNKNOWN"}) == {}
    assert from_json({"severity.normalized": "None"}) == {"severity.normalized": "none"}


def test_words_are_read_in_any_case_and_strings_in_one_form() -> None:
    assert from_json({"vex.status": "Not_Affected"}) == {"vex.status": "not_affected"}
    assert from_json({"component.name": "e\u0301", "vuln.cwes": ["e\u0301"]}) == {
        "component.name": "\u00e9",
        "vuln.cwes": ("\u00e9",),
    }


def test_instants_are_kept_in_utc() -> None:
    found = from_json({"run.at": "2026-01-01T02:00:00+02:00"})

    assert found == {"run.at": datetime(2026, 1, 1, tzinfo=UTC)}
    assert to_json(found) == {"run.at": "2026-01-01T00:00:00Z"}


def test_signals_have_the_type_they_are_declared_with() -> None:
    found = program("declare { signals.at = instant } rule r { when signals.at < run.at then block }")

    assert found.read_facts({"signals.at": "2026-01-01T00:00:00Z"}) == {"signals.at": datetime(2026, 1, 1, tzinfo=UTC)}
    with pytest.raises(FactsRefused):
        found.read_facts({"signals.at": 5})


def test_signals_without_declarations_have_the_type_they_show() -> None:
    shown: dict[str, Any] = {"signals.a": True, "signals.b": 1, "signals.c": "x", "signals.d": ["x"]}

    assert from_json(shown) == {"signals.a": True, "signals.b": 1.0, "signals.c": "x", "signals.d": ("x",)}


def test_facts_given_as_values_are_checked_when_they_break_an_evaluation() -> None:
    found = program("rule r { when epss.score > 0.5 or vuln.published < run.at then block }")

    with pytest.raises(FactsRefused) as refused:
        found.evaluate({"epss.score": "0.9", "vuln.published": datetime(2026, 1, 1), "vuln.id": "x"})  # noqa: DTZ001 - the mistake

    assert [fault.pointer for fault in refused.value.faults] == ["/epss.score", "/vuln.published"]


def test_values_of_their_types_have_no_fault() -> None:
    assert mistyped(from_json(EXAMPLES), {}) == ()
    assert [fault.pointer for fault in mistyped({"signals.x": 1}, {"signals.x": Type.STRING})] == ["/signals.x"]


def test_unknown_is_one_value_that_equals_nothing() -> None:
    assert UNKNOWN != UNKNOWN  # noqa: PLR0124 - the point
    assert copy.copy(UNKNOWN) is copy.deepcopy(UNKNOWN) is UNKNOWN
    assert isinstance(UNKNOWN, Unknown)
    assert repr(UNKNOWN) == "UNKNOWN"
    assert pickle.loads(pickle.dumps(UNKNOWN)) is UNKNOWN  # noqa: S301 - our own bytes


@pytest.mark.parametrize("value", [UNKNOWN, float("nan"), float("inf")])
def test_what_is_no_finite_number_is_null_in_json(value: float) -> None:
    assert value_to_json(value) is None
