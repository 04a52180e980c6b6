"""From the integer a deciding function makes of all rules to the verdict, computed once for each integer.

What a verdict says depends on the outcomes of the rules alone, unless an effect computes something or facts are
missing: then the facts are looked at again.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from policies.language.compiler.layout import SEVERITY_BITS, UNKNOWN_SEVERITY, Layout
from policies.language.compiler.missing import Missing, absent
from policies.language.evaluator.possibilities import ValueOf, highest, is_static, possible
from policies.language.evaluator.resolution import Branch, Doubt, Resolution, resolve, with_unknown_facts
from policies.language.ruleset import ProgramRule, Ruleset, reads_of
from policies.language.terms import Constant, Term
from policies.language.types import Facts
from policies.language.verdict import Verdict
from stellapolicy.kernel.severity import RANKS, Severity

_MOST_KEPT: Final = 8192
_SEVERITIES: Final = {rank if rank >= 0 else UNKNOWN_SEVERITY: severity for severity, rank in RANKS.items()}
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
class Outcomes:
    """The meaning of a program's outcomes.

    INVARIANT: `known` holds only verdicts that follow from the outcome alone.
    """

    ruleset: Ruleset
    digest: str
    missing_of: Callable[[ProgramRule], Missing]
    values: ValueFunctions = field(default_factory=dict)
    known: dict[int, Verdict] = field(default_factory=dict)
    _bits: dict[int, _Outcome] = field(default_factory=dict)
    _undecided: dict[int, Resolution] = field(default_factory=dict)
    _complete: dict[tuple[int, frozenset[str]], Verdict] = field(default_factory=dict)

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
        resolution = self._undecided.get(outcome)
        if resolution is None:
            found = sorted(self._decode(outcome >> SEVERITY_BITS << SEVERITY_BITS), key=lambda one: one.order)
            branches = [self._decided(one, facts) for one in found if one.doubt is None]
            doubts = [one.doubt for one in found if one.doubt is not None]
            severity = _SEVERITIES[outcome & UNKNOWN_SEVERITY]
            resolution = self.resolve(branches, doubts, severity, facts)
            if all(one.fixed or one.doubt for one in found):
                self._keep(outcome, resolution)
        return self._completed(outcome, resolution, facts) if resolution.hanging else resolution.verdict

    def resolve(self, branches: list[Branch], doubts: list[Doubt], severity: Severity, facts: Facts) -> Resolution:
        """Return what branches and doubts come to; facts missing are not yet named."""
        return resolve(
            branches,
            doubts,
            settings=self.ruleset.settings,
            severity=severity,
            digest=self.digest,
            value_of=self.value_of(facts),
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

    def missing(self, resolution: Resolution, facts: Facts) -> frozenset[str]:
        """Return the facts that would decide the rules a verdict hangs on."""
        noted: set[str] = set()
        for rule in resolution.hanging:
            self.missing_of(rule)(facts, lambda paths: noted.update(absent(paths, facts)))
            if not noted:  # the condition is known: it is the effect that misses something
                needed = sorted(path for effect in rule.effects for path in reads_of(effect))
                noted.update(absent(needed, facts))
        return frozenset(noted)

    def _keep(self, outcome: int, resolution: Resolution) -> None:
        kept: dict[int, Any] = self._undecided if resolution.hanging else self.known
        if len(kept) >= _MOST_KEPT:
            kept.clear()
        kept[outcome] = resolution if resolution.hanging else resolution.verdict

    def _completed(self, outcome: int, resolution: Resolution, facts: Facts) -> Verdict:
        missing = self.missing(resolution, facts)
        if outcome not in self._undecided:
            return with_unknown_facts(resolution.verdict, missing)
        verdict = self._complete.get((outcome, missing))
        if verdict is None:
            if len(self._complete) >= _MOST_KEPT:
                self._complete.clear()
            verdict = self._complete[(outcome, missing)] = with_unknown_facts(resolution.verdict, missing)
        return verdict

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


def doubt_about(rule: ProgramRule) -> Doubt:
    """Return the doubt that a rule with an unknown condition leaves."""
    return Doubt(rule, highest(rule.effects))
