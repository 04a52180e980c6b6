"""Our own format: what the export writes, the import reads; and what a line may not say."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from exceptions.formats.values import LossKind
from exceptions.formats.writing import Format
from exceptions.rules.conditions import Action, Condition, ConditionKind
from exceptions.rules.vocabulary import Effect, Reason
from tests.exceptions.formats.opened import FILES, NOON, asked, entry, losses, opened, read, refused
from tests.exceptions.formats.written import WHY, forgiven, many, written
from tests.exceptions.matching.wording import NOON as THEN
from tests.processes import ROOT

LINE: dict[str, Any] = {
    "format": "stella-exception@1",
    "type": "vulnerability",
    "reason": "accepted_risk",
    "scope": {"vulnerabilities": ["CVE-2021-44228"]},
    "rationale": WHY,
}


def schema() -> Draft202012Validator:
    document = json.loads((ROOT / "docs/schemas/exception-1.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document)


def line(**said: Any) -> str:
    """Return one line with members replaced, or left out where `...` stands for them."""
    return json.dumps({name: value for name, value in {**LINE, **said}.items() if value is not ...})


@given(many)
@settings(deadline=None)
def test_what_is_written_fits_the_schema_and_is_read_again_as_the_same(exceptions: list[Any]) -> None:
    content = written(Format.NDJSON, *exceptions).content
    if not exceptions:
        assert content == b""
        return

    file = read(content, at=THEN)

    rows = sorted(exceptions, key=lambda one: one.standing.id)
    assert [list(schema().iter_errors(json.loads(one))) for one in content.splitlines()] == [[] for _ in rows]
    assert len(file.entries) == len(rows)
    for one, entry_ in zip(rows, file.entries, strict=True):
        draft, held = entry_.asked, one.standing
        assert draft is not None
        assert (draft.type, draft.reason, draft.effect, draft.scope) == (
            held.type,
            held.reason,
            held.effect,
            held.scope,
        )
        assert (draft.expires_at, draft.controls, draft.conditions) == (
            held.expires_at,
            held.controls,
            held.conditions,
        )
        assert (draft.rationale, draft.owner_team, draft.ticket) == (one.rationale, one.owner_team, one.ticket)
        assert set(draft.tags) == {*one.tags, "imported:ndjson"}
        assert "origin" in {loss.member for loss in entry_.losses}


def test_our_own_example_fits_the_schema_but_for_what_is_dropped() -> None:
    rows = [json.loads(row) for row in (FILES / "exceptions.ndjson").read_text().splitlines() if row]

    assert [[error.message for error in schema().iter_errors(row)] for row in rows] == [
        [],
        ["Additional properties are not allowed ('approved' was unexpected)"],
    ]


def test_a_line_says_all_that_can_be_asked_for() -> None:
    file = opened("exceptions.ndjson")

    draft = asked(file, "pkg:npm/lodash")
    assert (draft.reason, draft.effect) == (Reason.COMPENSATING_CONTROL, Effect.REQUIRE_CONTROL)
    assert draft.controls == ("waf-rule-1042",)
    assert draft.conditions == (Condition(ConditionKind.KEV_LISTED, Action.BLOCK),)
    assert draft.starts_at is None


@pytest.mark.parametrize("member", ["approved", "origin", "starts_at"])
def test_what_was_decided_elsewhere_is_left_out_and_told(member: str) -> None:
    assert member in losses(entry(opened("exceptions.ndjson"), "pkg:npm/lodash"), LossKind.DROPPED)


@pytest.mark.parametrize(
    "member,value",
    [
        ("state", "active"),
        ("approved_by", ["user:ciso"]),
        ("approvals", [{}]),
        ("level", "a0"),
        ("requester", "user:x"),
    ],
)
def test_no_word_of_a_file_approves_anything(member: str, value: object) -> None:
    [found] = read(line(**{member: value})).entries

    assert found.asked is not None
    assert member in losses(found, LossKind.DROPPED)


def test_a_beginning_in_the_future_is_kept() -> None:
    [found] = read(line(starts_at="2026-03-10")).entries

    assert found.asked is not None
    assert found.asked.starts_at is not None
    assert found.asked.starts_at > NOON


@pytest.mark.parametrize(
    "wrong,place,code",
    [
        ({"type": "everything"}, "/type", "import.type"),
        ({"reason": ...}, "/reason", "import.reason"),
        ({"effect": "delete"}, "/effect", "import.effect"),
        ({"scope": ...}, "/scope", "import.scope"),
        ({"scope": {"vulnerabilities": ["CVE-*"]}}, "", "scope.vulnerability"),
        ({"scope": {"cves": ["CVE-2021-44228"]}}, "", "scope.unknown"),
        ({"expires_at": "2026-03-20T12:00:00"}, "/expires_at", "import.instant"),
        ({"ticket": "x" * 201}, "/ticket", "import.too_long"),
        ({"tags": ["x" * 61]}, "/tags/0", "import.too_long"),
        ({"controls": ["x"] * 51}, "/controls", "import.too_many"),
        ({"recheck": [{"kind": "rain", "action": "warn"}]}, "/recheck/0/kind", "recheck.kind"),
        ({"rationale": ["because"]}, "/rationale", "import.type"),
        ({"expiry": "2026-03-20"}, "/expiry", "import.unknown"),
    ],
)
def test_every_mistake_of_a_line_is_told_with_its_pointer(wrong: dict[str, Any], place: str, code: str) -> None:
    faults = refused(f"{line()}\n{line(**wrong)}")

    expected = f"line 2: {place}" if place else "line 2"
    assert (expected, code) in {(fault.pointer, fault.code) for fault in faults}


def test_a_broken_line_is_told_by_its_number() -> None:
    assert [(fault.pointer, fault.code) for fault in refused(f"{line()}\n{{\n")] == [("line 2", "import.not_json")]


def test_a_line_of_another_format_is_a_mistake() -> None:
    assert ("line 2: /format", "import.format") in {
        (fault.pointer, fault.code) for fault in refused(f"{line()}\n{line(format='stella-exception@2')}")
    }


def test_an_exception_without_origin_or_terms_of_its_own_is_written_whole() -> None:
    [row] = written(Format.NDJSON, forgiven()).content.splitlines()

    assert json.loads(row)["origin"]["number"] == "EXC-2026-0001"
    assert json.loads(row)["recheck"]
