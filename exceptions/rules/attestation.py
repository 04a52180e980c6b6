"""An approval as a statement to sign: who agreed to which terms, and what a reader without us can check. Pure.

The subject is the exception's number with the digest of its terms, which the predicate repeats in full; so whoever has
the envelope and a public key knows what was approved, by whom and until when, and can hold any other copy of the terms
against it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Final

from exceptions.rules.vocabulary import Level
from exceptions.rules.wording import counted
from stellapolicy.kernel import digest
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.kernel.refusals import Fault, Refusal
from stellapolicy.trust.intoto import Statement, Subject

PREDICATE_TYPE: Final = "https://stellapolicy.dev/attestations/human-approval/v1"
KIND: Final = "exception"
_ALGORITHM: Final = "sha256"


class NotAnApproval(Refusal):
    """The statement is none of an approved exception; the faults say why."""

    code = "exception.not_an_approval"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "This states no approved exception"


class TermsDiffer(Refusal):
    """The terms are not those that were approved."""

    code = "exception.terms_differ"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "Not the terms that were approved"


@dataclass(frozen=True, slots=True)
class Approver:
    """Somebody who agreed, from which seat, when, and in whose stead if not their own."""

    person: str
    seat: str
    at: datetime
    on_behalf_of: str = ""

    def to_json(self) -> dict[str, JsonValue]:
        """Return the form of the predicate."""
        said: dict[str, JsonValue] = {"person": self.person, "seat": self.seat, "at": rfc3339(self.at)}
        return {**said, "on_behalf_of": self.on_behalf_of} if self.on_behalf_of else said


@dataclass(frozen=True, slots=True)
class Decided:
    """How terms came to be approved, and from when until when they hold.

    rule: the quorum rule that was fulfilled, as governance stores it. reason: why it was asked for.
    payload_hash: what the votes were over.
    """

    requester: str
    approvers: tuple[Approver, ...]
    level: Level
    rule: Mapping[str, JsonValue]
    reason: str
    approved_at: datetime
    valid_from: datetime
    valid_until: datetime
    payload_hash: str


@dataclass(frozen=True, slots=True)
class Approval:
    """An approval as a statement says it."""

    number: str
    terms_digest: str
    terms: Mapping[str, JsonValue]
    decided: Decided


def approval_statement(
    *, number: str, terms: Mapping[str, JsonValue], terms_digest: str, decided: Decided
) -> Statement:
    """Return the statement to sign; terms under a digest that is not theirs are a mistake of ours."""
    if digest.of_json(terms) != terms_digest:
        raise ValueError("the digest is not that of the terms")
    predicate: dict[str, JsonValue] = {
        "kind": KIND,
        "requester": decided.requester,
        "approvers": [approver.to_json() for approver in decided.approvers],
        "level": decided.level.value,
        "rule": dict(decided.rule),
        "reason": decided.reason,
        "approved_at": rfc3339(decided.approved_at),
        "valid_from": rfc3339(decided.valid_from),
        "valid_until": rfc3339(decided.valid_until),
        "payload_hash": decided.payload_hash,
        "terms": dict(terms),
    }
    subject = Subject(number, {_ALGORITHM: terms_digest.removeprefix(f"{_ALGORITHM}:")})
    return Statement((subject,), PREDICATE_TYPE, predicate)


def read_approval(statement: Statement) -> Approval:
    """Return what a verified statement approves; refuses another statement, and terms that are not its subject.

    INVARIANT: what stands beside the terms says nothing else than they do, so whoever reads either knows both.
    """
    if statement.predicate_type != PREDICATE_TYPE or statement.predicate.get("kind") != KIND:
        raise NotAnApproval(f"it states {statement.predicate_type!r:.200} of {statement.predicate.get('kind')!r:.60}")
    reading = _Reading(statement.predicate)
    number, terms_digest = reading.subject(statement.subjects)
    terms = reading.object("terms")
    decided = reading.decided()
    reading.refuse()
    require_terms(terms, terms_digest=terms_digest)
    reading.look_at_the_terms(terms, number=number, decided=decided)
    reading.refuse()
    return Approval(number, terms_digest, terms, decided)


def require_terms(terms: JsonValue, *, terms_digest: str) -> None:
    """Refuse terms that are not the ones of the digest."""
    try:
        found = digest.of_json(terms)
    except ValueError as failure:
        raise TermsDiffer(f"terms have one canonical form, these have none: {failure}") from None
    if found != terms_digest:
        raise TermsDiffer(f"{terms_digest} was approved, these terms are {found}")


@dataclass(slots=True)
class _Reading:
    """Takes a predicate apart and gathers what is wrong with it."""

    said: Mapping[str, JsonValue]
    faults: list[Fault] = field(default_factory=list)

    def refuse(self) -> None:
        """Refuse the statement where anything is wrong with it."""
        if self.faults:
            raise NotAnApproval(f"{counted(len(self.faults), 'mistake')} in the approval", faults=tuple(self.faults))

    def decided(self) -> Decided:
        found = Decided(
            requester=self.text(self.said, "requester"),
            approvers=self.approvers(),
            level=self.level(),
            rule=self.object("rule"),
            reason=self.text(self.said, "reason"),
            approved_at=self.instant(self.said, "approved_at"),
            valid_from=self.instant(self.said, "valid_from"),
            valid_until=self.instant(self.said, "valid_until"),
            payload_hash=self.text(self.said, "payload_hash"),
        )
        self.look_at_the_table(found)
        return found

    def look_at_the_table(self, decided: Decided) -> None:
        """Find an approval that too few agreed to, or whoever asked for it."""
        people = {approver.person for approver in decided.approvers}
        needed = decided.rule.get("needed")
        if isinstance(needed, bool) or not isinstance(needed, int) or needed < (decided.level is not Level.A0):
            self.fault("/rule/needed", "say how many people had to agree; only level a0 needs nobody")
        elif len(people) < needed:
            self.fault("/approvers", f"{needed} people had to agree")
        if decided.requester in people | {approver.on_behalf_of for approver in decided.approvers}:
            self.fault("/approvers", "whoever asked does not agree")

    def look_at_the_terms(self, terms: Mapping[str, JsonValue], *, number: str, decided: Decided) -> None:
        """Find what is said beside the terms and not in them."""
        if terms.get("exception") != number:
            self.fault("", f"its terms are those of {terms.get('exception')!r:.60}")
        if terms.get("level") != decided.level.value:
            self.fault("/level", f"its terms say {terms.get('level')!r:.60}")
        for name, member, instant in (
            ("valid_from", "starts_at", decided.valid_from),
            ("valid_until", "expires_at", decided.valid_until),
        ):
            if terms.get(member) != rfc3339(instant):
                self.fault(f"/{name}", f"its terms say {terms.get(member)!r:.60}")

    def subject(self, subjects: Sequence[Subject]) -> tuple[str, str]:
        """Return the number and the digest of the terms, of the one subject there may be."""
        stated = f"{_ALGORITHM}:{subjects[0].digests.get(_ALGORITHM, '')}"
        if len(subjects) != 1 or not subjects[0].name or not digest.is_digest(stated):
            self.fault("", "one subject: the number of the exception, with the SHA-256 of its terms")
        return subjects[0].name, stated

    def approvers(self) -> tuple[Approver, ...]:
        stated = self.said.get("approvers")
        if not isinstance(stated, Sequence) or isinstance(stated, str):
            self.fault("/approvers", "approvers are a list")
            return ()
        return tuple(self.approver(one, f"/approvers/{place}") for place, one in enumerate(stated))

    def approver(self, stated: JsonValue, pointer: str) -> Approver:
        if not isinstance(stated, Mapping):
            self.fault(pointer, "an approver is an object")
            stated = {}
        person, seat = (self.text(stated, name, pointer) for name in ("person", "seat"))
        stands_in = self.text(stated, "on_behalf_of", pointer) if "on_behalf_of" in stated else ""
        return Approver(person, seat, self.instant(stated, "at", pointer), stands_in)

    def level(self) -> Level:
        try:
            return Level(str(self.said.get("level")))
        except ValueError:
            self.fault("/level", "this is no level")
            return Level.A0

    def object(self, name: str) -> Mapping[str, JsonValue]:
        stated = self.said.get(name)
        if not isinstance(stated, Mapping):
            self.fault(f"/{name}", "it is an object")
            return {}
        return stated

    def text(self, stated: Mapping[str, JsonValue], name: str, pointer: str = "") -> str:
        value = stated.get(name)
        if not isinstance(value, str) or not value:
            self.fault(f"{pointer}/{name}", "it is text, and not empty")
            return ""
        return value

    def instant(self, stated: Mapping[str, JsonValue], name: str, pointer: str = "") -> datetime:
        """Return an instant with its zone; the beginning of time stands for one that cannot be read."""
        value = stated.get(name)
        try:
            found = datetime.fromisoformat(value if isinstance(value, str) else "")
        except ValueError:
            found = datetime.min  # noqa: DTZ901 - refused by the next line
        if found.tzinfo is None:
            self.fault(f"{pointer}/{name}", "it is an instant with its zone (RFC 3339)")
        return found

    def fault(self, pointer: str, message: str) -> None:
        self.faults.append(Fault(f"/predicate{pointer}" if pointer else "/subject", NotAnApproval.code, message))
