"""Lints of single parts of a condition: comparisons that never change, and tests that absence slips through."""

from collections.abc import Iterator

from policies.language import terms
from policies.language.checker import CheckedPack, WrittenRule
from policies.language.checker.scope import Names
from policies.language.diagnostics import Diagnostic, diagnose
from policies.language.facts import CATALOGUE
from policies.language.lints.cases import is_contradictory
from policies.language.ruleset import ProgramRule
from policies.language.source import Source, Span
from policies.language.terms import (
    Coalesce,
    Comparison,
    Conjunction,
    Constant,
    Disjunction,
    Existence,
    Fact,
    Membership,
    Negation,
    Relation,
    Term,
)
from policies.language.types import Type
from policies.language.wording import word_term


def lint_atoms(checked: CheckedPack) -> Iterator[Diagnostic]:
    """Yield what is odd about the parts of conditions, each part once."""
    for rule in (*checked.ruleset.rules, *checked.ruleset.release_rules):
        written = checked.written[rule.name]
        yield from _never_changing(checked.names, rule, written)
        yield from _absence(checked.names, rule, written)


def _place(names: Names, term: Term, written: WrittenRule) -> tuple[Source, Span]:
    """Return where a term was written, the whole condition where it was not written itself."""
    return names.place(term) or (written.source, written.node.condition.span)


def _never_changing(names: Names, rule: ProgramRule, written: WrittenRule) -> Iterator[Diagnostic]:
    for term in terms.walk(rule.condition):
        if not isinstance(term, Comparison | Membership):
            continue
        answer = _constant_answer(term)
        if answer is not None:
            source, span = _place(names, term, written)
            message = f"`{word_term(term)}` is always {'true' if answer else 'false'}{_range(term)}"
            yield diagnose(source, "W505", span, message)


def _constant_answer(term: Comparison | Membership) -> bool | None:
    if is_contradictory(term):
        return False
    return True if is_contradictory(term, holds=False) else None


def _range(term: Comparison | Membership) -> str:
    facts = [part for part in terms.children(term) if isinstance(part, Fact)]
    spec = CATALOGUE.get(facts[0].path) if facts else None
    if spec is None or spec.minimum is None:
        return ""
    return f": {spec.path} is at least {spec.minimum:g}" + (f" and at most {spec.maximum:g}" if spec.maximum else "")


def _absence(names: Names, rule: ProgramRule, written: WrittenRule) -> Iterator[Diagnostic]:
    """Yield the negative tests of facts that may be absent and that the rule does not ask for."""
    asked = set(_asked_for(rule.condition))
    for term in _negated(rule.condition, holds=True):
        fact = _tested(term)
        if fact is None or fact.path in asked or _is_always_known(fact):
            continue
        source, span = _place(names, term, written)
        message = f"this is not true when `{fact.path}` is absent, although it says what the fact must not be"
        yield diagnose(source, "W508", span, message, hint=_remedy(fact))


def _asked_for(condition: Term) -> Iterator[str]:
    """Yield the paths whose absence a condition deals with."""
    for term in terms.walk(condition):
        if isinstance(term, Existence | Coalesce) and isinstance(term.value, Fact):
            yield term.value.path


def _negated(term: Term, *, holds: bool) -> Iterator[Term]:
    """Yield the parts of a condition that must be false for it to be true."""
    match term:
        case Negation(operand):
            yield from _negated(operand, holds=not holds)
        case Conjunction(operands) | Disjunction(operands):
            for operand in operands:
                yield from _negated(operand, holds=holds)
        case _ if not holds:
            yield term


def _tested(term: Term) -> Fact | None:
    match term:
        case Fact(_, Type.BOOL):
            return term
        case Comparison(Relation.EQUAL, Fact() as fact, Constant()) | Membership(Fact() as fact, _):
            return fact
        case _:
            return None


def _is_always_known(fact: Fact) -> bool:
    spec = CATALOGUE.get(fact.path)
    return spec is not None and spec.always


def _remedy(fact: Fact) -> str:
    if fact.type is Type.BOOL:
        return f"where absence counts as false, write `not coalesce({fact.path}, false)`"
    return f"where absence counts too, write `not exists({fact.path}) or …`; else `exists({fact.path}) and …`"
