"""The verdict that the outcomes of all rules come to.

Rules are taken by ascending priority. Among those of one priority that matched, the most restrictive status wins, and
the first priority that certainly yields one ends the search. A rule whose condition is unknown might have matched:
where that could have been more restrictive, the verdict is undecided and names it.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from policies.language.evaluator.possibilities import Possible, ValueOf, is_only_status, possible
from policies.language.functions.quantities import instant_of
from policies.language.ruleset import (
    AddAnnotation,
    AddWarning,
    AssignMeasure,
    AssignSeverity,
    DeferUntil,
    DemandVex,
    Effect,
    EscalateTo,
    IgnoreUntil,
    Measure,
    ProgramRule,
    ProposeException,
    Settings,
)
from policies.language.terms import Term
from policies.language.types import Facts, Type
from policies.language.verdict import (
    AnnotationValue,
    Obligation,
    ObligationKind,
    Pairs,
    RequiredVex,
    Status,
    Verdict,
    VerdictCode,
    most_restrictive,
)
from stellapolicy.kernel import canonical_json
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.kernel.severity import RANKS, Severity

_SEVERITY_OF = {rank: severity for severity, rank in RANKS.items()}


@dataclass(frozen=True, slots=True)
class Branch:
    """A rule whose condition was decided, with the effects that follow and what they assign.

    `holds` tells the condition that is true from the one that is false and led to `else`.
    """

    rule: ProgramRule
    holds: bool
    possible: Possible

    @property
    def effects(self) -> tuple[Effect, ...]:
        """The effects of the branch taken."""
        return self.rule.then if self.holds else self.rule.otherwise


@dataclass(frozen=True, slots=True)
class Doubt:
    """A rule whose condition is unknown, and the most restrictive status it might have assigned."""

    rule: ProgramRule
    high: Status | None


@dataclass(frozen=True, slots=True)
class Resolution:
    """The verdict, the rules it hangs on (none where it is decided), and where the search for a status ended.

    `doubtful` rules have an unknown condition, `open` ones an effect that facts leave open. `reached` is the status
    that is certain, `settled_at` the priority that yielded it, None for the default.
    """

    verdict: Verdict
    doubtful: tuple[ProgramRule, ...]
    open: tuple[ProgramRule, ...]
    settled_at: int | None
    reached: Status


def resolve(
    branches: Sequence[Branch],
    doubts: Sequence[Doubt],
    *,
    settings: Settings,
    severity: Severity,
    digest: str,
    value_of: ValueOf,
    facts: Facts,
) -> Resolution:
    """Return the verdict of one finding; `severity` is the one its facts state.

    Branches and doubts come in the order of the program. Facts that an undecided verdict misses are not yet in it.
    """
    settled_at, reached = _settle(branches, settings.default_status)
    candidates = list(_candidates(branches, doubts, settled_at))
    worst = max([reached, *(high for _, high in candidates)], key=lambda status: status.restrictiveness)
    undecided = worst is not reached
    above = [rule for rule, high in candidates if high.restrictiveness > reached.restrictiveness]
    hanging = in_order(rule for rule, high in candidates if high is worst) if undecided else ()
    applied = [branch for branch in branches if applies(branch, settled_at)]
    deciding = [branch for branch in applied if branch.rule.priority == settled_at and branch.possible.low is reached]
    rule = hanging[0] if hanging else min((one.rule for one in deciding), key=_by_name, default=None)
    measures = _Measures(applied, value_of)
    verdict = Verdict(
        status=most_restrictive(reached, settings.on_unknown) if undecided else reached,
        severity=measures.severity() or severity,
        program_digest=digest,
        worst=worst,
        undecided=undecided,
        score=measures.number(Measure.SCORE, max),
        confidence=measures.number(Measure.CONFIDENCE, min),
        rule=None if rule is None else rule.name,
        because=None if rule is None else rule.because,
        code=_code(deciding) if reached is Status.BLOCKED else None,
        annotations=measures.annotations(),
        messages=tuple(_messages(applied)),
        required_vex=_required(deciding) if reached is Status.REQUIRES_VEX else (),
        requested_exception=next((effect.fields for effect in _effects(applied, ProposeException)), ()),
        matched_rules=tuple(sorted(branch.rule.name for branch in applied if branch.holds)),
        obligations=() if undecided else tuple(_obligations(reached, deciding, value_of, facts)),
    )
    matched = {branch.rule.name for branch in branches}
    return Resolution(
        verdict,
        doubtful=in_order(rule for rule in above if rule.name not in matched),
        open=in_order(rule for rule in above if rule.name in matched),
        settled_at=settled_at,
        reached=reached,
    )


def with_unknown_facts(verdict: Verdict, missing: Iterable[str]) -> Verdict:
    """Return an undecided verdict that names the facts it misses, and asks somebody to learn them."""
    paths = tuple(sorted(missing))
    asked = tuple(Obligation(ObligationKind.LEARN_FACT, path) for path in paths)
    return replace(verdict, unknown_facts=paths, obligations=asked)


def in_order(rules: Iterable[ProgramRule]) -> tuple[ProgramRule, ...]:
    """Return rules once each, by priority and name."""
    return tuple(sorted(set(rules), key=lambda rule: (rule.priority, rule.name)))


def _by_name(rule: ProgramRule) -> str:
    return rule.name


def _settle(branches: Sequence[Branch], default: Status) -> tuple[int | None, Status]:
    """Return the first priority that certainly yields a status, and the most restrictive status it yields."""
    for priority, group in groupby(branches, key=lambda branch: branch.rule.priority):
        statuses = [branch.possible.low for branch in group if branch.possible.low is not None]
        if statuses:
            return priority, max(statuses, key=lambda status: status.restrictiveness)
    return None, default


def _candidates(
    branches: Sequence[Branch], doubts: Sequence[Doubt], settled_at: int | None
) -> Iterator[tuple[ProgramRule, Status]]:
    """Yield the rules that might yet assign a status before the search ends, with the most restrictive they might."""
    doubtful = ((doubt.rule, doubt.high) for doubt in doubts)
    open_ = ((branch.rule, branch.possible.high) for branch in branches if branch.possible.is_open)
    for rule, high in (*doubtful, *open_):
        if high is not None and (settled_at is None or rule.priority <= settled_at):
            yield rule, high


def applies(branch: Branch, settled_at: int | None) -> bool:
    """Whether anything of a branch is left once a status is settled: a status that comes too late is skipped."""
    return settled_at is None or branch.rule.priority <= settled_at or not is_only_status(branch.effects)


def _effects(branches: Sequence[Branch], kind: type[ProposeException]) -> Iterator[ProposeException]:
    return (effect for branch in branches for effect in branch.effects if isinstance(effect, kind))


def _messages(branches: Sequence[Branch]) -> Iterator[str]:
    spoken: set[str] = set()
    for branch in branches:
        for effect in branch.effects:
            if isinstance(effect, AddWarning) and effect.message is not None and effect.message not in spoken:
                spoken.add(effect.message)
                yield effect.message


def _code(deciding: Sequence[Branch]) -> VerdictCode | None:
    """Return `deferral.over` where every rule that blocks is a deferral that ended."""
    ended = [all(isinstance(effect, DeferUntil) for effect in _assigning(branch)) for branch in deciding]
    return VerdictCode.DEFERRAL_OVER if ended and all(ended) else None


def _assigning(branch: Branch) -> list[Effect]:
    return [effect for effect in branch.effects if is_only_status((effect,))]


def _required(deciding: Sequence[Branch]) -> tuple[RequiredVex, ...]:
    demands = (effect for branch in deciding for effect in branch.effects if isinstance(effect, DemandVex))
    return tuple(sorted({RequiredVex(demand.vendors, demand.justifications) for demand in demands}))


def _obligations(status: Status, deciding: Sequence[Branch], value_of: ValueOf, facts: Facts) -> Iterator[Obligation]:
    """Yield what the effects that led to a status ask of somebody."""
    found: set[Obligation] = set()
    for effect in (effect for branch in deciding for effect in branch.effects):
        if possible((effect,), value_of, facts).low is not status:
            continue
        match effect:
            case DemandVex(vendors, _):
                found.add(Obligation(ObligationKind.PROVIDE_VEX, ", ".join(vendors)))
            case EscalateTo(role):
                named = None if role is None else value_of(role)
                found.add(Obligation(ObligationKind.RELEASE_BY, named if isinstance(named, str) else "anyone entitled"))
            case DeferUntil(until) | IgnoreUntil(until) if until is not None and status is not Status.BLOCKED:
                found.add(Obligation(ObligationKind.RESOLVE_BEFORE, str(as_fact(until.type, value_of(until)))))
            case _:
                pass
    return iter(sorted(found))


def as_fact(kind: Type, value: object) -> AnnotationValue:
    """Return a value of a running program as verdicts and traces show it: severities as words, instants as text."""
    if kind is Type.SEVERITY and isinstance(value, int | float):
        return _SEVERITY_OF[int(value)].value
    if kind is Type.INSTANT and isinstance(value, int | float):
        return rfc3339(instant_of(value))
    if isinstance(value, bool | float | str):
        return value
    return tuple(value) if isinstance(value, tuple) else float(value)  # type: ignore[arg-type] # an integer count


def _is_known(value: object) -> bool:
    """Whether a value can be shown: unknown and infinite numbers cannot."""
    return not isinstance(value, float) or math.isfinite(value)


@dataclass(frozen=True, slots=True)
class _Measures:
    """What rules assign besides a status: of each, the first priority counts, and within it the cautious value."""

    branches: Sequence[Branch]
    value_of: ValueOf

    def severity(self) -> Severity | None:
        """Return the most severe assignment."""
        ranks = self._first(lambda effect: effect.value if isinstance(effect, AssignSeverity) else None)
        return _SEVERITY_OF[int(max(ranks))] if ranks else None

    def number(self, measure: Measure, choose: Callable[[list[float]], float]) -> float | None:
        """Return the chosen assignment of a number, None without one."""

        def assigned(effect: Effect) -> Term | None:
            return effect.value if isinstance(effect, AssignMeasure) and effect.measure is measure else None

        found = self._first(assigned)
        return float(choose(found)) if found else None

    def annotations(self) -> Pairs:
        """Return the annotations by path."""
        found: dict[str, tuple[int, bytes, AnnotationValue]] = {}
        for branch in self.branches:
            for effect in branch.effects:
                if isinstance(effect, AddAnnotation):
                    self._annotate(found, branch.rule.priority, effect)
        return tuple((path, value) for path, (_, _, value) in sorted(found.items()))

    def _annotate(
        self, found: dict[str, tuple[int, bytes, AnnotationValue]], priority: int, effect: AddAnnotation
    ) -> None:
        raw = self.value_of(effect.value)
        if not _is_known(raw):
            return
        value = as_fact(effect.value.type, raw)
        candidate = (priority, canonical_json.dumps(value), value)
        known = found.get(effect.path)
        if known is None or candidate[:2] < known[:2]:
            found[effect.path] = candidate

    def _first(self, assigned: Callable[[Effect], Term | None]) -> list[float]:
        """Return the known values of the first priority that assigns one."""
        for _, group in groupby(self.branches, key=lambda branch: branch.rule.priority):
            found = [assigned(effect) for branch in group for effect in branch.effects]
            values = [self.value_of(term) for term in found if term is not None]
            known = [value for value in values if isinstance(value, int | float) and _is_known(value)]
            if known:
                return known
        return []
