"""Statements: one value, one payload, and every mistake refused by its code."""

import json

import pytest

from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.trust.errors import StatementMalformed
from stellapolicy.trust.intoto import STATEMENT_TYPE, Statement, Subject, read_statement

SHOP = Subject("shop", {"sha256": "ab" * 32})
SAID = Statement((SHOP,), "https://example.org/said/v1", {"b": 1, "a": ["é"]})


def stated(**changes: object) -> bytes:
    document = {name: value for name, value in {**SAID.to_json(), **changes}.items() if value is not ...}
    return json.dumps(document).encode()


def test_a_statement_is_canonical_json() -> None:
    assert (
        SAID.payload()
        == (
            '{"_type":"https://in-toto.io/Statement/v1","predicate":{"a":["é"],"b":1},'
            '"predicateType":"https://example.org/said/v1",'
            f'"subject":[{{"digest":{{"sha256":"{"ab" * 32}"}},"name":"shop"}}]}}'
        ).encode()
    )


def test_a_statement_survives_its_payload() -> None:
    assert read_statement(SAID.payload()) == SAID


def test_a_predicate_and_a_name_may_be_absent() -> None:
    found = read_statement(stated(predicate=..., subject=[{"digest": {"gitCommit": "c0ffee"}}]))

    assert found == Statement((Subject("", {"gitCommit": "c0ffee"}),), SAID.predicate_type, {})


def test_a_text_about_a_nul_holds_none() -> None:
    assert read_statement(stated(predicate={"by": "\\u0000"})).predicate == {"by": "\\u0000"}


@pytest.mark.parametrize(
    "changes,found",
    [
        ({"_type": "https://in-toto.io/Statement/v0.1"}, "/_type statement.type"),
        ({"predicateType": ...}, "/predicateType statement.predicate_type_missing"),
        ({"predicate": []}, "/predicate statement.predicate_not_an_object"),
        ({"subject": ...}, "/subject statement.subject_missing"),
        ({"subject": []}, "/subject statement.subject_missing"),
        ({"subject": ["shop"]}, "/subject/0 statement.subject_not_an_object"),
        ({"subject": [{"name": 3, "digest": {"sha256": "ab"}}]}, "/subject/0/name statement.name_not_text"),
        ({"subject": [{"name": "shop"}]}, "/subject/0/digest statement.digest_missing"),
        ({"subject": [{"digest": {"sha256": 3}}]}, "/subject/0/digest/sha256 statement.digest_not_text"),
    ],
)
def test_each_mistake_has_its_code_and_its_place(changes: dict[str, JsonValue], found: str) -> None:
    with pytest.raises(StatementMalformed) as refused:
        read_statement(stated(**changes))

    assert [f"{fault.pointer} {fault.code}" for fault in refused.value.faults] == [found]
    assert STATEMENT_TYPE.endswith("/v1")


@pytest.mark.parametrize(
    "payload,code",
    [
        (b"{", "statement.not_json"),
        (b"[]", "statement.not_an_object"),
        (stated(predicate={"by": ["sam\x00"]}), "statement.not_json"),
        (stated(predicate={"by\x00": "sam"}), "statement.not_json"),
    ],
    ids=["cut", "list", "nul", "nul in a name"],
)
def test_what_is_no_object_is_no_statement(payload: bytes, code: str) -> None:
    with pytest.raises(StatementMalformed) as refused:
        read_statement(payload)

    assert refused.value.faults[0].code == code
