"""What exceptions make of a release that was judged without any: which are void, which wins, and what is left."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from exceptions.matching.around import known_rows, ranges_of, scope_around
from exceptions.matching.index import ExceptionIndex
from exceptions.matching.standing import StandingException
from exceptions.matching.subject import Place
from exceptions.rules.conditions import Action
from exceptions.rules.facts import SeenFacts
from exceptions.rules.recheck import Fired, fired, grace_left, strongest
from exceptions.rules.vocabulary import IN_FORCE, State
from policies.evidence.assembly import identifiers
from policies.evidence.content import StoredFinding
from policies.evidence.excepting import seen_facts, subject_of
from policies.evidence.knowledge import Knowledge
from policies.excepted_verdicts import Excepted, Excepting
from policies.language.program import Program
from policies.language.types import Facts
from policies.language.verdict import Verdict
from stellapolicy.kernel.identity import canonical_id
from stellapolicy.kernel.severity import Severity

_NOT_ONE_APPLIES: Final[Facts] = {"exception.applied": False}


class Held(StrEnum):
    """Why an exception that covers something does not apply."""

    NOT_BEGUN = "not_begun"
    ENDED = "ended"
    GRACE_OVER = "grace_over"
    REAPPROVAL = "reapproval"
    REVOKED = "revoked"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class RawFinding:
    """A finding as the policy judged it without any exception."""

    stored: StoredFinding
    facts: Facts
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Standing:
    """How an exception stands in one release at one instant.

    covered: the places of the findings in its scope. beyond: those of them that are worse than what was approved, to
    which it never applies. held: None while it applies. grace_until: until when it applies though it must be approved
    anew.
    """

    exception: StandingException
    covered: tuple[int, ...]
    fired: tuple[Fired, ...] = ()
    held: Held | None = None
    grace_until: datetime | None = None
    beyond: frozenset[int] = frozenset()

    @property
    def blocks(self) -> bool:
        """Whether what it covers is held back until somebody decides."""
        return self.held is Held.BLOCKED

    @property
    def is_news(self) -> bool:
        """Whether something became so bad that the exception as it was read does not know of it yet."""
        action, known = strongest(self.fired), self.exception
        if action is None or action is Action.WARN:
            return False
        if known.state is not State.REVALIDATION_REQUIRED or action is Action.REVOKE:
            return True
        return not known.blocks if self.blocks else self.grace_until != known.grace_until


@dataclass(frozen=True, slots=True)
class ExceptedRelease:
    """Every finding after exceptions, in the order of the release, and every exception that covers one, by id.

    shadowed: by place of the finding, the exceptions that apply to it too and do not win.
    """

    findings: tuple[Excepted, ...]
    standings: tuple[Standing, ...] = ()
    shadowed: tuple[tuple[int, tuple[str, ...]], ...] = ()


def without_exceptions(facts: Facts) -> Facts:
    """Return the facts every finding shares with the one that no exception applies to any of them."""
    return {**facts, **_NOT_ONE_APPLIES}


def except_release(
    raw: Sequence[RawFinding],
    exceptions: Iterable[StandingException],
    *,
    program: Program,
    knowledge: Knowledge,
    place: Place,
    at: datetime,
) -> ExceptedRelease:
    """Return what exceptions make of a release.

    INVARIANT: a finding outside every scope stays what it was, none becomes more restrictive, and the order of the
    exceptions makes no difference.
    """
    index = ExceptionIndex(exceptions)
    candidates = [index.in_scope(subject_of(one.stored, one.verdict), place) for one in raw]
    standings = _standings(raw, candidates, knowledge=knowledge, place=place, at=at)
    excepting = Excepting(program)
    findings: list[Excepted] = []
    shadowed: list[tuple[int, tuple[str, ...]]] = []
    for position, (one, found) in enumerate(zip(raw, candidates, strict=True)):
        applying = [
            exception
            for exception in found
            if standings[exception.id].held is None and position not in standings[exception.id].beyond
        ]
        if not applying:
            findings.append(Excepted(one.facts, one.verdict))
            continue
        findings.append(excepting.apply(applying[0], one.facts, one.verdict))
        if len(applying) > 1:
            shadowed.append((position, tuple(other.id for other in applying[1:])))
    return ExceptedRelease(tuple(findings), tuple(standings[key] for key in sorted(standings)), tuple(shadowed))


def vulnerabilities_of(findings: Iterable[StoredFinding]) -> frozenset[str]:
    """Return the ids under which approvers may have seen these findings."""
    return frozenset({canonical_id(named[0]) for one in findings if (named := identifiers(one.facts))} | {""})


def narrowed(exception: StandingException, names: frozenset[str]) -> StandingException:
    """Return an exception with what its approvers saw of these vulnerabilities alone: all that is compared here."""
    seen = tuple(row for row in exception.seen if row.vulnerability in names)
    return replace(exception, seen=seen, known=tuple(row for row in exception.known if row[0] in names))


def _standings(
    raw: Sequence[RawFinding],
    candidates: Sequence[Sequence[StandingException]],
    *,
    knowledge: Knowledge,
    place: Place,
    at: datetime,
) -> dict[str, Standing]:
    covered: dict[str, list[int]] = {}
    known: dict[str, StandingException] = {}
    for position, found in enumerate(candidates):
        for exception in found:
            known[exception.id] = exception
            covered.setdefault(exception.id, []).append(position)
    rows: dict[int, SeenFacts] = {}

    def seen(position: int) -> SeenFacts:
        if position not in rows:
            one = raw[position]
            rows[position] = seen_facts(one.stored, one.facts, knowledge)
        return rows[position]

    around = _around(raw, known.values(), place)
    return {
        key: replace(
            _standing(exception, tuple(covered[key]), around.get(key), seen, environment=place.environment, at=at),
            beyond=frozenset(one for one in covered[key] if not exception.bears(_looked_at(raw[one]))),
        )
        for key, exception in known.items()
    }


def _around(
    raw: Sequence[RawFinding], exceptions: Iterable[StandingException], place: Place
) -> dict[str, tuple[int, ...]]:
    """Return by exception the places of what lies around its scope in the release, where one of its conditions asks."""
    scopes = ((one, scope_around(one.scope, one.conditions, one.seen)) for one in exceptions)
    asking = [replace(one, scope=scope) for one, scope in scopes if scope is not None]
    if not asking:
        return {}
    index = ExceptionIndex(asking)
    found: dict[str, list[int]] = {one.id: [] for one in asking}
    for position, one in enumerate(raw):
        for exception in index.in_scope(subject_of(one.stored, one.verdict), place):
            found[exception.id].append(position)
    return {key: tuple(places) for key, places in found.items()}


def _looked_at(one: RawFinding) -> Severity:
    """Return the severity that approvers see: the one reported, whatever a policy makes of it."""
    return Severity(one.stored.severity)


def _standing(
    exception: StandingException,
    covered: tuple[int, ...],
    around: tuple[int, ...] | None,
    seen: Callable[[int], SeenFacts],
    *,
    environment: str,
    at: datetime,
) -> Standing:
    """Judge one exception over all its findings of the release."""
    if at < exception.starts_at:
        return Standing(exception, covered, held=Held.NOT_BEGUN)
    if at >= exception.expires_at or exception.state not in IN_FORCE:
        return Standing(exception, covered, held=Held.ENDED)
    wide = None if around is None else [seen(position) for position in around]
    found = fired(
        exception.conditions,
        seen=exception.seen,
        now=[seen(position) for position in covered],
        around=wide,
        known=known_rows(exception.known),
        ranges=ranges_of(exception.scope, wide or ()),
        environment=environment,
        expires_at=exception.expires_at,
        at=at,
    )
    action = strongest(found)
    waits = exception.state is State.REVALIDATION_REQUIRED
    if action is Action.BLOCK or (waits and exception.blocks):
        return Standing(exception, covered, found, Held.BLOCKED)
    if action is Action.REVOKE:
        return Standing(exception, covered, found, Held.REVOKED)
    until = _grace_until(exception, found, at=at)
    if until is None or at < until:
        return Standing(exception, covered, found, None, until)
    return Standing(exception, covered, found, Held.GRACE_OVER if waits else Held.REAPPROVAL, until)


def _grace_until(exception: StandingException, found: Sequence[Fired], *, at: datetime) -> datetime | None:
    """Return until when an exception applies though it must be approved anew; None where it need not be.

    What waits for approval already gets no new grace; something worse may end the one it has.
    """
    ends = []
    if exception.state is State.REVALIDATION_REQUIRED:
        ends.append(exception.grace_until or at)
    if strongest(found) is Action.REQUIRE_REAPPROVAL:
        ends.append(at + grace_left(found))
    return min(ends, default=None)
