"""Approvals as statements: what is said, what the published schema says, and what a reader refuses."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from exceptions.rules.attestation import NotAnApproval, TermsDiffer, approval_statement, read_approval
from exceptions.rules.vocabulary import Level
from stellapolicy.governance.quorum import QuorumRule
from stellapolicy.kernel import digest
from stellapolicy.trust.intoto import Statement, Subject, read_statement
from tests.exceptions.approvals import DECIDED, TERMS, statement
from tests.processes import ROOT

AUTOMATIC = replace(DECIDED, level=Level.A0, approvers=(), rule=QuorumRule(()).to_json())


def schema() -> Draft202012Validator:
    document = json.loads((ROOT / "docs/schemas/human-approval-1.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document)


def changed(**predicate: object) -> Statement:
    """Return the statement with members of its predicate replaced, or left out where `...` stands for them."""
    sound = statement()
    said: Mapping[str, Any] = {**sound.predicate, **predicate}
    return replace(sound, predicate={name: value for name, value in said.items() if value is not ...})


def mistakes(wrong: Statement) -> list[str]:
    with pytest.raises(NotAnApproval) as refused:
        read_approval(wrong)
    return [fault.pointer for fault in refused.value.faults]


@pytest.mark.parametrize("decided", [DECIDED, AUTOMATIC], ids=["two people", "nobody"])
def test_an_approval_fits_its_published_schema(decided: Any) -> None:
    assert list(schema().iter_errors(json.loads(statement(decided=decided).payload()))) == []


@pytest.mark.parametrize(
    "wrong",
    [
        changed(approvers=[]),
        changed(level="a5"),
        changed(valid_until="2026-03-15T12:00:00+01:00"),
        changed(terms=...),
        changed(note="one more thing"),
        replace(statement(), predicate_type="https://example.org/other/v1"),
        statement(number="CVE-2021-44228"),
    ],
    ids=["nobody agreed", "level", "zone", "no terms", "unknown member", "other predicate", "number"],
)
def test_the_schema_refuses_what_is_no_approval(wrong: Statement) -> None:
    assert list(schema().iter_errors(json.loads(wrong.payload())))


@pytest.mark.parametrize("decided", [DECIDED, AUTOMATIC], ids=["two people", "nobody"])
def test_an_approval_is_read_as_it_was_written(decided: Any) -> None:
    terms = {**TERMS, "level": decided.level.value}

    found = read_approval(read_statement(statement(terms=terms, decided=decided).payload()))

    assert (found.number, found.terms_digest, found.terms) == ("EXC-2026-0001", digest.of_json(terms), terms)
    assert found.decided == decided


def test_terms_under_a_digest_that_is_not_theirs_are_never_stated() -> None:
    with pytest.raises(ValueError, match="not that of the terms"):
        approval_statement(number="EXC-2026-0001", terms=TERMS, terms_digest=digest.of_json("others"), decided=DECIDED)


def test_an_approval_whose_terms_are_not_its_subject_is_refused() -> None:
    with pytest.raises(TermsDiffer):
        read_approval(changed(terms={**TERMS, "effect": "suppress"}))


def test_terms_without_a_canonical_form_are_refused() -> None:
    with pytest.raises(TermsDiffer):
        read_approval(changed(terms={"count": 2**60}))


@pytest.mark.parametrize(
    "wrong",
    [replace(statement(), predicate_type="https://example.org/other/v1"), changed(kind="pack")],
    ids=["predicate", "kind"],
)
def test_another_statement_is_no_approval(wrong: Statement) -> None:
    assert mistakes(wrong) == []


@pytest.mark.parametrize(
    "wrong,pointer",
    [
        (changed(requester=""), "/predicate/requester"),
        (changed(reason=3), "/predicate/reason"),
        (changed(level="a5"), "/predicate/level"),
        (changed(rule=[]), "/predicate/rule"),
        (changed(rule={"seats": [], "needed": 0}), "/predicate/rule/needed"),
        (changed(rule={"seats": [], "needed": True}), "/predicate/rule/needed"),
        (changed(valid_until="2026-03-15T12:00:00"), "/predicate/valid_until"),
        (changed(valid_from="soon"), "/predicate/valid_from"),
        (changed(approved_at=3), "/predicate/approved_at"),
        (changed(approvers="ben"), "/predicate/approvers"),
        (changed(approvers=["ben", {}]), "/predicate/approvers/0"),
        (changed(terms=...), "/predicate/terms"),
        (replace(statement(), subjects=(Subject("EXC-2026-0001", {"sha1": "ab"}),)), "/subject"),
        (replace(statement(), subjects=statement().subjects * 2), "/subject"),
    ],
)
def test_each_mistake_is_told_with_its_place(wrong: Statement, pointer: str) -> None:
    assert pointer in mistakes(wrong)


@pytest.mark.parametrize(
    "wrong,pointer",
    [
        (changed(level="a4"), "/predicate/level"),
        (changed(valid_from="2026-03-01T12:05:00Z"), "/predicate/valid_from"),
        (changed(valid_until="2036-03-16T12:00:00Z"), "/predicate/valid_until"),
        (statement(number="EXC-2026-0002"), "/subject"),
        (statement(terms={name: value for name, value in TERMS.items() if name != "level"}), "/predicate/level"),
    ],
    ids=["level", "from", "until", "number", "terms that say nothing"],
)
def test_what_stands_beside_the_terms_says_nothing_else_than_they_do(wrong: Statement, pointer: str) -> None:
    assert mistakes(wrong) == [pointer]


def test_fewer_people_than_the_rule_needs_approve_nothing() -> None:
    ben = DECIDED.approvers[0].to_json()

    assert mistakes(changed(approvers=[ben, ben])) == ["/predicate/approvers"]


@pytest.mark.parametrize("requester", ["user:ben", "user:dev"], ids=["in person", "by a delegate"])
def test_whoever_asked_cannot_be_among_those_who_agreed(requester: str) -> None:
    assert mistakes(changed(requester=requester)) == ["/predicate/approvers"]
