"""The cases of a condition: its disjunctive form, each case a set of literals on variables, with what they leave open.

A condition of too many cases is not looked into; a lint that cannot know keeps silent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from policies.language.facts import CATALOGUE
from policies.language.functions.quantities import instant_of
from policies.language.lints.domains import OPPOSITE, Domain, domain_of
from policies.language.terms import (
    Coalesce,
    Comparison,
    Conjunction,
    Constant,
    ConstantValue,
    Disjunction,
    Existence,
    Fact,
    Membership,
    Negation,
    Relation,
    Term,
)
from policies.language.types import FactValue, Type
from stellapolicy.kernel.severity import RANKS

_MOST_CASES: Final = 64
_WORDS: Final = {rank: severity.value for severity, rank in RANKS.items()}


@dataclass(frozen=True, slots=True)
class Literal:
    """An atom that is true, or that is false."""

    atom: Term
    holds: bool


Case = tuple[Literal, ...]


def cases(condition: Term, *, holds: bool = True) -> tuple[Case, ...] | None:
    """Return the cases in which a condition is true (or false), None where there are too many to look at."""
    match condition:
        case Constant(_, value):
            return ((),) if value is holds else ()
        case Negation(operand):
            return cases(operand, holds=not holds)
        case Conjunction(operands):
            return _all(operands, holds=holds) if holds else _any(operands, holds=holds)
        case Disjunction(operands):
            return _any(operands, holds=holds) if holds else _all(operands, holds=holds)
        case _:
            return _atom(condition, holds=holds)


def _any(operands: Sequence[Term], *, holds: bool) -> tuple[Case, ...] | None:
    found: list[Case] = []
    for operand in operands:
        inner = cases(operand, holds=holds)
        if inner is None or len(found) + len(inner) > _MOST_CASES:
            return None
        found += inner
    return tuple(found)


def _all(operands: Sequence[Term], *, holds: bool) -> tuple[Case, ...] | None:
    found: list[Case] = [()]
    for operand in operands:
        inner = cases(operand, holds=holds)
        if inner is None or len(found) * len(inner) > _MOST_CASES:
            return None
        found = [left + right for left in found for right in inner]
    return tuple(found)


def _atom(atom: Term, *, holds: bool) -> tuple[Case, ...]:
    """Return the cases of an atom: one, or two where `coalesce` says what an absent fact counts as."""
    match atom:
        case Comparison(relation, Coalesce(Fact() as fact, Constant() as default), Constant() as bound):
            return _of_coalesced(fact, Comparison(relation, fact, bound), _holds(relation, default, bound), holds=holds)
        case Membership(Coalesce(Fact() as fact, Constant() as default), members):
            return _of_coalesced(fact, Membership(fact, members), default in members, holds=holds)
        case Coalesce(Fact() as fact, Constant(_, default)):
            return _of_coalesced(fact, fact, default is True, holds=holds)
        case _:
            return ((Literal(atom, holds),),)


def _of_coalesced(fact: Fact, known: Term, by_default: bool, *, holds: bool) -> tuple[Case, ...]:  # noqa: FBT001 - what the default comes to
    found: list[Case] = [(Literal(known, holds),)]
    if by_default is holds:
        found.append((Literal(Existence(fact), holds=False),))
    return tuple(found)


def _holds(relation: Relation, left: Constant, right: Constant) -> bool:
    return not domain_of(left).related(relation, right.runtime_value).is_empty


def narrowed(case: Case) -> Mapping[Term, Domain] | None:
    """Return what a case leaves to each of its variables, None where it contradicts itself."""
    domains: dict[Term, Domain] = {}
    for literal in case:
        variable = _variable(literal.atom)
        before = domains.get(variable) or domain_of(variable)
        domains[variable] = after = _narrow(before, literal)
        if after.is_empty:
            return None
    return domains


def _variable(atom: Term) -> Term:
    """Return the term whose value an atom asks about; an atom that is not understood is its own truth."""
    match atom:
        case Comparison(_, variable, Constant()) | Membership(variable, _) | Existence(variable):
            return variable
        case Comparison(_, Constant(), variable):
            return variable
        case _:
            return atom


def _narrow(domain: Domain, literal: Literal) -> Domain:
    match literal.atom:
        case Existence():
            return domain.being(known=literal.holds)
        case Comparison(relation, _, Constant() as bound):
            return _compare(domain.being(known=True), relation, bound.runtime_value, holds=literal.holds)
        case Comparison(relation, Constant() as bound, _):
            return _compare(domain.being(known=True), _SWAPPED[relation], bound.runtime_value, holds=literal.holds)
        case Membership(_, members):
            values = frozenset(member.runtime_value for member in members)
            return (domain.among if literal.holds else domain.without)(values).being(known=True)
        case _:
            return domain.among(frozenset({literal.holds})).being(known=True)


_SWAPPED: Final = {
    Relation.EQUAL: Relation.EQUAL,
    Relation.LESS: Relation.GREATER,
    Relation.LESS_OR_EQUAL: Relation.GREATER_OR_EQUAL,
    Relation.GREATER: Relation.LESS,
    Relation.GREATER_OR_EQUAL: Relation.LESS_OR_EQUAL,
}


def _compare(domain: Domain, relation: Relation, value: ConstantValue, *, holds: bool) -> Domain:
    if holds:
        return domain.related(relation, value)
    if relation is Relation.EQUAL:
        return domain.without(frozenset({value}))
    return domain.related(OPPOSITE[relation], value)


def is_contradictory(condition: Term, *, holds: bool = True) -> bool:
    """Whether a condition can never be true (or false); False also where nobody looked."""
    found = cases(condition, holds=holds)
    return found is not None and all(narrowed(case) is None for case in found)


def example(case: Case) -> dict[str, FactValue] | None:
    """Return facts that fit a case as far as its variables are facts; None where it contradicts itself."""
    domains = narrowed(case)
    if domains is None:
        return None
    facts: dict[str, FactValue] = {}
    for variable, domain in domains.items():
        if isinstance(variable, Fact) and domain.known is not False:
            value = _pick(domain, variable)
            if value is None:
                return None
            facts[variable.path] = value
    return facts


def _pick(domain: Domain, fact: Fact) -> FactValue | None:
    if domain.allowed is not None:
        value = next(domain.values(), None)
    elif fact.type.is_ordered:
        value = _between(domain)
    else:
        value = _other_word(domain, fact)
    return None if value is None else _as_fact(fact.type, value)


def _between(domain: Domain) -> float | None:
    """Return a number within the bounds, a bound itself where it counts."""
    candidates: list[float] = []
    if domain.low is not None:
        candidates += [domain.low, domain.low + 1]
    if domain.high is not None:
        candidates += [domain.high, domain.high - 1]
    if domain.low is not None and domain.high is not None:
        candidates.append((domain.low + domain.high) / 2)
    probe = Domain(low=domain.low, low_open=domain.low_open, high=domain.high, high_open=domain.high_open)
    for candidate in candidates or [1.0, 2.0]:
        if candidate not in domain.excluded and not probe.among(frozenset({candidate})).is_empty:
            return candidate
    return None


def _other_word(domain: Domain, fact: Fact) -> ConstantValue | None:
    spec = CATALOGUE.get(fact.path)
    likely = str(spec.example) if spec is not None and isinstance(spec.example, str) else "other"
    return next((word for word in (likely, "other", "another") if word not in domain.excluded), None)


def _as_fact(kind: Type, value: ConstantValue) -> FactValue:
    if kind is Type.SEVERITY and isinstance(value, int | float):
        return _WORDS[int(value)]
    if kind is Type.INSTANT and isinstance(value, int | float):
        return instant_of(value)
    return value
