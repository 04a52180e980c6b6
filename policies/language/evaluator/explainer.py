"""The slower way to a verdict, which shows every step: each atom asked alone, joined by Kleene's tables."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from policies.language import terms
from policies.language.compiler import truths, values
from policies.language.compiler.missing import is_absent
from policies.language.compiler.unit import FACTS, RANK_OF, Body, Unit
from policies.language.evaluator.outcomes import Outcomes, doubt_about
from policies.language.evaluator.possibilities import is_only_status
from policies.language.evaluator.resolution import (
    Branch,
    Resolution,
    applies,
    as_fact,
)
from policies.language.facts import value_to_json
from policies.language.ruleset import SEVERITY_PATH, AddWarning, Effect, ProgramRule, Ruleset
from policies.language.terms import (
    Comparison,
    Conjunction,
    Constant,
    Containment,
    Disjunction,
    Fact,
    Membership,
    Negation,
    Term,
)
from policies.language.trace import ActionTrace, AtomTrace, RuleOutcome, RuleTrace, Trace, Truth
from policies.language.types import UNKNOWN, Facts, Type
from policies.language.verdict import Verdict
from policies.language.wording import word_effect, word_term
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.severity import Severity


class Explainer:
    """Explains the verdicts of one program; its functions are compiled on first use."""

    def __init__(self, ruleset: Ruleset, outcomes: Outcomes) -> None:
        self._ruleset = ruleset
        self._outcomes = outcomes
        unit = Unit(ruleset.maps)
        body = Body(unit, (FACTS,))
        atoms = dict.fromkeys(atom for rule in ruleset.rules for atom in atoms_of(rule.condition))
        computed = dict.fromkeys(operand for atom in atoms for operand in _computed(atom))
        truth_names = {atom: truths.truth_function(body, atom) for atom in atoms}
        value_names = {operand: values.value_function(body, operand, (FACTS,)) for operand in computed}
        functions = unit.compiled()
        self._truths: Mapping[Term, Callable[[Facts], Any]] = {one: functions[at] for one, at in truth_names.items()}
        self._values: Mapping[Term, Callable[[Facts], Any]] = {one: functions[at] for one, at in value_names.items()}

    def explain(self, facts: Facts) -> tuple[Verdict, Trace]:
        """Return the verdict on these facts, equal to the one `evaluate` gives, and the way to it."""
        answers = {rule.name: self.truth(rule.condition, facts) for rule in self._ruleset.rules}
        branches = [
            self._outcomes.decide(rule, facts, holds=answers[rule.name] is Truth.TRUE)
            for rule in self._ruleset.rules
            if answers[rule.name] is Truth.TRUE or (answers[rule.name] is Truth.FALSE and rule.otherwise)
        ]
        doubts = [doubt_about(rule) for rule in self._ruleset.rules if answers[rule.name] is Truth.UNKNOWN]
        resolution = self._outcomes.resolve(branches, doubts, _severity(facts), facts)
        verdict = self._outcomes.completed(resolution, facts)
        taken = {branch.rule.name: branch for branch in branches}
        rules = tuple(
            self._rule(rule, answers[rule.name], taken.get(rule.name), resolution, facts)
            for rule in self._ruleset.rules
        )
        return verdict, Trace(verdict, rules)

    def truth(self, term: Term, facts: Facts) -> Truth:
        """Return the truth of a condition."""
        match term:
            case Constant(_, value):
                return Truth.TRUE if value is True else Truth.FALSE
            case Negation(operand):
                return _NEGATIONS[self.truth(operand, facts)]
            case Conjunction(operands):
                return _joined(self.truths(operands, facts), decisive=Truth.FALSE)
            case Disjunction(operands):
                return _joined(self.truths(operands, facts), decisive=Truth.TRUE)
            case _:
                answer = self._truths[term](facts)
                return Truth.TRUE if answer is True else Truth.FALSE if answer is False else Truth.UNKNOWN

    def truths(self, operands: Sequence[Term], facts: Facts) -> list[Truth]:
        """Return the truths of several conditions."""
        return [self.truth(operand, facts) for operand in operands]

    def _rule(
        self, rule: ProgramRule, truth: Truth, branch: Branch | None, resolution: Resolution, facts: Facts
    ) -> RuleTrace:
        atoms = dict.fromkeys(atoms_of(rule.condition))
        return RuleTrace(
            rule=rule.name,
            priority=rule.priority,
            outcome=_outcome(rule, truth, branch, resolution),
            truth=truth,
            atoms=tuple(self._atom(atom, facts) for atom in atoms),
            actions=() if branch is None else _actions(branch, resolution),
            because=rule.because,
        )

    def _atom(self, atom: Term, facts: Facts) -> AtomTrace:
        shown = [(path, value_to_json(facts.get(path, UNKNOWN))) for path in sorted(terms.reads(atom))]
        shown += [(word_term(one), _plain(one.type, self._values[one](facts))) for one in _computed(atom)]
        return AtomTrace(word_term(atom), self.truth(atom, facts), tuple(shown))


_NEGATIONS = {Truth.TRUE: Truth.FALSE, Truth.FALSE: Truth.TRUE, Truth.UNKNOWN: Truth.UNKNOWN}


def _joined(answers: Sequence[Truth], *, decisive: Truth) -> Truth:
    """Join truths as Kleene does: one decisive answer decides, else one unknown leaves it unknown."""
    if decisive in answers:
        return decisive
    return Truth.UNKNOWN if Truth.UNKNOWN in answers else _NEGATIONS[decisive]


def atoms_of(term: Term) -> tuple[Term, ...]:
    """Return the parts of a condition that are not made of others, left to right."""
    match term:
        case Constant():
            return ()
        case Negation(operand):
            return atoms_of(operand)
        case Conjunction(operands) | Disjunction(operands):
            return tuple(atom for operand in operands for atom in atoms_of(operand))
        case _:
            return (term,)


def _computed(atom: Term) -> tuple[Term, ...]:
    """Return the operands of an atom that are worked out and not simply read."""
    match atom:
        case Comparison(_, left, right):
            operands: tuple[Term, ...] = (left, right)
        case Membership(value, _):
            operands = (value,)
        case Containment(item, container):
            operands = (item, container)
        case _:
            operands = ()
    return tuple(one for one in operands if not isinstance(one, Fact | Constant) and one.type is not Type.BOOL)


def _outcome(rule: ProgramRule, truth: Truth, branch: Branch | None, resolution: Resolution) -> RuleOutcome:
    settled_at = resolution.settled_at
    if branch is not None and not applies(branch, settled_at):
        return RuleOutcome.SKIPPED
    if truth is Truth.TRUE:
        return RuleOutcome.MATCHED
    if truth is Truth.FALSE:
        return RuleOutcome.NOT_MATCHED
    is_late = settled_at is not None and rule.priority > settled_at
    return RuleOutcome.SKIPPED if is_late and is_only_status(rule.effects) else RuleOutcome.UNKNOWN


def _actions(branch: Branch, resolution: Resolution) -> tuple[ActionTrace, ...]:
    has_its_way = branch.rule.priority == resolution.settled_at and branch.possible.low is resolution.reached
    return tuple(ActionTrace(word_effect(effect), _is_lasting(effect) or has_its_way) for effect in branch.effects)


def _is_lasting(effect: Effect) -> bool:
    """Whether an action is done even when another rule has settled the status."""
    if isinstance(effect, AddWarning):
        return effect.message is not None
    return not is_only_status((effect,))


def _severity(facts: Facts) -> Severity:
    word = None if is_absent(facts, SEVERITY_PATH) else facts[SEVERITY_PATH]
    return Severity(str(word)) if word in RANK_OF else Severity.UNKNOWN


def _plain(kind: Type, value: object) -> JsonValue:
    if isinstance(value, float) and value != value:  # noqa: PLR0124 - only what is not a number differs from itself
        return None
    if kind is Type.DURATION and isinstance(value, int | float):
        return float(value)
    return as_fact(kind, value)
