"""Statements about things named by digest (in-toto Statement v1): the payload of what we sign and believe. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from stellapolicy.kernel import canonical_json
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.refusals import Fault
from stellapolicy.trust import strict_json
from stellapolicy.trust.errors import StatementMalformed

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a statement is about: a name, and digests by algorithm (hexadecimal, without prefix)."""

    name: str
    digests: Mapping[str, str]

    def to_json(self) -> dict[str, JsonValue]:
        """Return the form of in-toto."""
        return {"name": self.name, "digest": dict(self.digests)}


@dataclass(frozen=True, slots=True)
class Statement:
    """That something (`predicate`, of a kind) is said of the subjects."""

    subjects: tuple[Subject, ...]
    predicate_type: str
    predicate: Mapping[str, JsonValue] = field(default_factory=dict)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the form of in-toto."""
        return {
            "_type": STATEMENT_TYPE,
            "subject": [subject.to_json() for subject in self.subjects],
            "predicateType": self.predicate_type,
            "predicate": dict(self.predicate),
        }

    def payload(self) -> bytes:
        """Return the bytes to sign: canonical JSON, so that one statement is one payload."""
        return canonical_json.dumps(self.to_json())


def read_statement(payload: bytes) -> Statement:
    """Return the statement of a payload whose signature was verified, or refuse with every mistake."""
    faults: list[Fault] = []
    try:
        document = strict_json.loads(payload)
    except strict_json.NotJson as failure:
        fault = Fault("", "statement.not_json", str(failure))
        raise StatementMalformed("it is no JSON", faults=(fault,)) from None
    statement = _statement(document, faults)
    if faults or statement is None:
        raise StatementMalformed(f"mistakes in the statement: {len(faults)}", faults=tuple(faults))
    return statement


def _statement(document: JsonValue, faults: list[Fault]) -> Statement | None:
    if not isinstance(document, Mapping):
        faults.append(Fault("", "statement.not_an_object", "a statement is an object"))
        return None
    if document.get("_type") != STATEMENT_TYPE:
        faults.append(Fault("/_type", "statement.type", f"it must be {STATEMENT_TYPE}"))
    kind, predicate = document.get("predicateType"), document.get("predicate", {})
    if not isinstance(kind, str) or not kind:
        faults.append(Fault("/predicateType", "statement.predicate_type_missing", "say what is stated"))
        kind = ""
    if not isinstance(predicate, Mapping):
        faults.append(Fault("/predicate", "statement.predicate_not_an_object", "a predicate is an object"))
        predicate = {}
    return Statement(_subjects(document.get("subject"), faults), kind, predicate)


def _subjects(stated: JsonValue, faults: list[Fault]) -> tuple[Subject, ...]:
    if not isinstance(stated, Sequence) or isinstance(stated, str) or not stated:
        faults.append(Fault("/subject", "statement.subject_missing", "name at least one subject"))
        return ()
    return tuple(_subject(one, f"/subject/{place}", faults) for place, one in enumerate(stated))


def _subject(stated: JsonValue, pointer: str, faults: list[Fault]) -> Subject:
    if not isinstance(stated, Mapping):
        faults.append(Fault(pointer, "statement.subject_not_an_object", "a subject is an object"))
        return Subject("", {})
    name, digests = stated.get("name", ""), stated.get("digest")
    if not isinstance(name, str):
        faults.append(Fault(f"{pointer}/name", "statement.name_not_text", "a name is text"))
        name = ""
    if not isinstance(digests, Mapping) or not digests:
        faults.append(Fault(f"{pointer}/digest", "statement.digest_missing", "name the subject by a digest"))
        return Subject(name, {})
    faults += [
        Fault(f"{pointer}/digest/{algorithm}", "statement.digest_not_text", "a digest is text")
        for algorithm, value in digests.items()
        if not isinstance(value, str) or not value
    ]
    return Subject(name, {algorithm: str(value) for algorithm, value in digests.items()})
