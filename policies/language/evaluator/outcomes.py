"""From the integer a deciding function makes of all rules to the verdict, computed once for each integer.

What a verdict says depends on the outcomes of the rules alone, unless an effect computes something or facts are
missing: then the facts are looked at again.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from policies.language.compiler.layout import SEVERITY_BITS, UNKNOWN_SEVERITY, Layout
from policies.language.compiler.missing import Gap, Gaps
from policies.language.evaluator.possibilities import ValueOf, highest, is_only_status, is_static, possible
from policies.language.evaluator.resolution import Branch, Doubt, Resolution, resolve, with_unknown_facts
from policies.language.ruleset import ProgramRule, Ruleset, reads_of
from policies.language.terms import Constant, Term
from policies.language.types import Facts
from policies.language.verdict import Verdict
from stellapolicy.kernel.severity import RANKS, Severity

_MOST_KEPT: Final = 16_384
_SEVERITIES: Final = {rank if rank >= 0 else UNKNOWN_SEVERITY: severity for severity, rank in RANKS.items()}
_Kept = TypeVar("_Kept")
ValueFunctions = Mapping[Term, Callable[[Facts], Any]]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """One bit of an outcome: the rule, and its branch or the doubt about it; a fixed branch needs no facts."""

    order: int
    rule: ProgramRule
    holds: bool
    fixed: Branch | None = None
    doubt: Doubt | None = None


@dataclass(slots=True)
class _Open:
    """An outcome that is undecided whatever the facts are: what its rules miss, and the verdict for each answer."""

    resolution: Resolution
    gaps: tuple[Gap, ...]
    verdicts: dict[int, Verdict] = field(default_factory=dict)


@dataclass(slots=True)
class Outcomes:
    """The meaning of a program's outcomes.

    INVARIANT: `known` and `_open` hold only what follows from the outcome alone.
    """

    ruleset: Ruleset
    digest: str
    gaps: Gaps
    values: ValueFunctions = field(default_factory=dict)
    known: dict[int, Verdict] = field(default_factory=dict)
    _bits: dict[int, _Outcome] = field(default_factory=dict)
    _open: dict[int, _Open] = field(default_factory=dict)

    def begin(self, layout: Layout, values: ValueFunctions) -> None:
        """Learn which bit is which, and how the terms of effects are computed."""
        self.values = values
        order = {rule.name: place for place, rule in enumerate(self.ruleset.rules)}
        for slot in layout.slots:
            place = order[slot.rule.name]
            self._bits[slot.matched] = self._branch(place, slot.rule, holds=True)
            self._bits[slot.unknown] = _Outcome(place, slot.rule, holds=False, doubt=doubt_about(slot.rule))
            if slot.rule.otherwise:
                self._bits[slot.otherwise] = self._branch(place, slot.rule, holds=False)

    def finish(self, outcome: int, facts: Facts) -> Verdict:
        """Return the verdict of an outcome; `facts` are those it was made of."""
        found = self._open.get(outcome)
        return self._begin(outcome, facts) if found is None else self._named(found, facts)

    def _begin(self, outcome: int, facts: Facts) -> Verdict:
        """Return the verdict of an outcome that nothing is kept of, keeping what can be."""
        found = sorted(self._decode(outcome >> SEVERITY_BITS << SEVERITY_BITS), key=lambda one: one.order)
        branches = [self._decided(one, facts) for one in found if one.doubt is None]
        doubts = [one.doubt for one in found if one.doubt is not None]
        resolution = self.resolve(branches, doubts, _SEVERITIES[outcome & UNKNOWN_SEVERITY], facts)
        depends_on_facts = any(one.fixed is None and one.doubt is None for one in found)
        if not resolution.verdict.undecided:
            if not depends_on_facts:
                _keep(self.known, outcome, resolution.verdict)
            return resolution.verdict
        if depends_on_facts:
            return self.completed(resolution, facts)
        gaps = tuple(self.gaps.of(rule.condition) for rule in resolution.doubtful)
        opened = _Open(resolution, gaps)
        _keep(self._open, outcome, opened)
        return self._named(opened, facts)

    def _named(self, found: _Open, facts: Facts) -> Verdict:
        """Return the verdict of an undecided outcome, with the facts that would decide it."""
        missed = 0
        for gap in found.gaps:
            missed |= gap(facts)
        verdict = found.verdicts.get(missed)
        if verdict is None:
            verdict = with_unknown_facts(found.resolution.verdict, self.gaps.named(missed))
            _keep(found.verdicts, missed, verdict)
        return verdict

    def resolve(self, branches: list[Branch], doubts: list[Doubt], severity: Severity, facts: Facts) -> Resolution:
        """Return what branches and doubts come to; facts missing are not yet named."""
        return resolve(
            branches,
            doubts,
            settings=self.ruleset.settings,
            severity=severity,
            digest=self.digest,
            value_of=self.value_of(facts),
            facts=facts,
        )

    def value_of(self, facts: Facts) -> ValueOf:
        """Return the function that gives the value of a term of an effect on these facts."""

        def value(term: Term) -> Any:  # noqa: ANN401 - the type of the term says what it is
            return term.runtime_value if isinstance(term, Constant) else self.values[term](facts)

        return value

    def decide(self, rule: ProgramRule, facts: Facts, *, holds: bool) -> Branch:
        """Return the branch of a decided condition with what its effects assign on these facts."""
        effects = rule.then if holds else rule.otherwise
        return Branch(rule, holds, possible(effects, self.value_of(facts), facts))

    def completed(self, resolution: Resolution, facts: Facts) -> Verdict:
        """Return the verdict of a resolution, the facts named that would decide the rules it hangs on."""
        if not resolution.verdict.undecided:
            return resolution.verdict
        missed = 0
        for rule in resolution.doubtful:
            missed |= self.gaps.of(rule.condition)(facts)
        for rule in resolution.open:
            missed |= self._missed_by_effects(rule, facts)
        return with_unknown_facts(resolution.verdict, self.gaps.named(missed))

    def _missed_by_effects(self, rule: ProgramRule, facts: Facts) -> int:
        assigning = [effect for effect in rule.effects if is_only_status((effect,))]
        return self.gaps.absent({path for effect in assigning for path in reads_of(effect)}, facts)

    def _branch(self, order: int, rule: ProgramRule, *, holds: bool) -> _Outcome:
        effects = rule.then if holds else rule.otherwise
        return _Outcome(order, rule, holds, self.decide(rule, {}, holds=holds) if is_static(effects) else None)

    def _decided(self, one: _Outcome, facts: Facts) -> Branch:
        return one.fixed or self.decide(one.rule, facts, holds=one.holds)

    def _decode(self, bits: int) -> Iterator[_Outcome]:
        while bits:
            lowest = bits & -bits
            yield self._bits[lowest]
            bits ^= lowest


def _keep(kept: dict[int, _Kept], key: int, value: _Kept) -> None:
    """Keep a value while there is room.

    INVARIANT: nothing kept is ever dropped; generated code asks whether a key is there and then takes its value.
    """
    if len(kept) < _MOST_KEPT:
        kept[key] = value


def doubt_about(rule: ProgramRule) -> Doubt:
    """Return the doubt that a rule with an unknown condition leaves."""
    return Doubt(rule, highest(rule.effects))
