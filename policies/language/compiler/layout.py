"""Which rule has which bits, and which rules an index finds.

The outcome of all rules is one integer, a few bits for each rule. Rules that ask a fact for one of some literals are
found through an index of that fact, so that a finding meets only the rules it could match.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from policies.language import terms
from policies.language.compiler.truths import is_costly
from policies.language.evaluator.possibilities import highest, lowest
from policies.language.facts import CATALOGUE
from policies.language.ruleset import SEVERITY_PATH, ProgramRule, Settings
from policies.language.terms import Comparison, Constant, ConstantValue, Fact, Membership, Relation, Term
from policies.language.types import Type
from policies.language.verdict import Status

SEVERITY_BITS: Final = 3
UNKNOWN_SEVERITY: Final = 7
MATCHED, UNKNOWN, OTHERWISE = 1, 2, 4
_FEWEST_RULES: Final = 3
_READ_AS_THEY_ARE: Final = frozenset({Type.STRING, Type.BOOL})
_INDEXED: Final = frozenset({Type.STRING, Type.SEVERITY, Type.NUMBER})


@dataclass(frozen=True, slots=True)
class Slot:
    """A rule and its bits, from `position` on: matched, unknown, and, with an `else`, the other branch."""

    rule: ProgramRule
    position: int
    watches_unknown: bool

    @property
    def matched(self) -> int:
        """The bit of a condition that is true."""
        return MATCHED << self.position

    @property
    def unknown(self) -> int:
        """The bit of a condition that is unknown."""
        return UNKNOWN << self.position

    @property
    def otherwise(self) -> int:
        """The bit of a condition that is false, where the rule has an `else`."""
        return OTHERWISE << self.position


@dataclass(frozen=True, slots=True)
class Indexed:
    """A rule an index finds, and what is left of its condition once the index has answered."""

    slot: Slot
    rest: Term


@dataclass(frozen=True, slots=True)
class Index:
    """The rules that ask one fact for literals: for each literal the rules to look at."""

    fact: Fact
    buckets: Mapping[ConstantValue, tuple[Indexed, ...]]
    members: tuple[Indexed, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """All rules of a program: those asked one by one and those behind indexes; together every slot once.

    `sure` facts are always known, so that they are loaded without asking; `hot` ones are needed for every finding.
    """

    linear: tuple[Slot, ...]
    indexes: tuple[Index, ...]
    sure: tuple[Fact, ...]
    hot: tuple[Fact, ...]

    @property
    def slots(self) -> Iterator[Slot]:
        """Every slot."""
        yield from self.linear
        for index in self.indexes:
            yield from (member.slot for member in index.members)


@dataclass(frozen=True, slots=True)
class _Key:
    """The part of a condition an index can answer."""

    fact: Fact
    values: tuple[ConstantValue, ...]
    conjunct: Term


def lay_out(rules: Sequence[ProgramRule], settings: Settings) -> Layout:
    """Return the layout of a program's rules.

    Linear rules have the low bits: most outcomes are small integers.
    """
    keys = _keys(rules)
    floor = _floor(rules, settings)
    sure, hot = _heat(rules, keys)
    linear = [_cheapest_first(rule, sure | hot) for rule in rules if rule.name not in keys]
    indexed = [rule for rule in rules if rule.name in keys]
    slots: dict[str, Slot] = {}
    position = SEVERITY_BITS
    for rule in (*linear, *indexed):
        slots[rule.name] = Slot(rule, position, _matters(rule, floor))
        position += 3 if rule.otherwise else 2
    return Layout(
        linear=tuple(slots[rule.name] for rule in linear),
        indexes=tuple(_indexes(indexed, keys, slots)),
        sure=_by_path(sure),
        hot=_by_path(hot),
    )


def _by_path(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    return tuple(sorted((fact for fact in facts if fact.path != SEVERITY_PATH), key=lambda fact: fact.path))


def _heat(rules: Sequence[ProgramRule], keys: Mapping[str, "_Key"]) -> tuple[frozenset[Fact], frozenset[Fact]]:
    """Return the facts that are always known, and those that some rule needs before it can be told anything."""
    asked = [rule for rule in rules if rule.name not in keys]
    hot = {key.fact for key in keys.values()} | {Fact(SEVERITY_PATH, Type.SEVERITY)}
    for rule in asked:
        conjuncts = terms.conjuncts(rule.condition)
        if len(conjuncts) == 1 or rule.otherwise:
            hot |= _plain_facts(rule.condition)
    uses = Counter(fact for rule in asked for fact in _plain_facts(rule.condition))
    for rule in asked:
        conjuncts = terms.conjuncts(rule.condition)
        if not any(_plain_facts(one) <= hot and not is_costly(one) for one in conjuncts):
            hot |= _plain_facts(min(conjuncts, key=lambda one: (is_costly(one), -_most_used(one, uses))))
    sure = {fact for fact in hot if fact.path in CATALOGUE and CATALOGUE[fact.path].always}
    plain = {fact for fact in sure if fact.type in _READ_AS_THEY_ARE}
    return frozenset(plain), frozenset(hot - plain)


def _most_used(term: Term, uses: Mapping[Fact, int]) -> int:
    return max((uses[fact] for fact in _plain_facts(term)), default=0)


def _plain_facts(term: Term) -> set[Fact]:
    """Return the facts a term reads itself; a costly part has a function of its own that loads what it needs."""
    match term:
        case Fact():
            return {term}
        case _ if is_costly(term):
            return set()
        case _:
            return set[Fact]().union(*(_plain_facts(child) for child in terms.children(term)))


def _cheapest_first(rule: ProgramRule, loaded: frozenset[Fact]) -> ProgramRule:
    """Return a rule whose condition asks first what is at hand; the order of a conjunction means nothing."""
    conjuncts = terms.conjuncts(rule.condition)
    ordered = sorted(conjuncts, key=lambda one: (is_costly(one), not _plain_facts(one) <= loaded))
    return replace(rule, condition=terms.conjunction(tuple(ordered)))


def _floor(rules: Sequence[ProgramRule], settings: Settings) -> Status:
    """Return a status that no certain verdict is less restrictive than."""
    bounds = [lowest(effects) for rule in rules for effects in (rule.then, rule.otherwise)]
    known = [settings.default_status, *(bound for bound in bounds if bound is not None)]
    return min(known, key=lambda status: status.restrictiveness)


def _matters(rule: ProgramRule, floor: Status) -> bool:
    """Whether the rule could make a verdict more restrictive if it matched, so that not knowing matters."""
    bounds = [bound for bound in (highest(rule.then), highest(rule.otherwise)) if bound is not None]
    return any(bound.restrictiveness > floor.restrictiveness for bound in bounds)


def _keys(rules: Sequence[ProgramRule]) -> dict[str, _Key]:
    """Return for each rule worth indexing the part of its condition that tells most rules apart."""
    possible = {rule.name: tuple(_possible_keys(rule)) for rule in rules if not rule.otherwise}
    values: dict[str, set[ConstantValue]] = {}
    for found in possible.values():
        for key in found:
            values.setdefault(key.fact.path, set()).update(key.values)
    chosen = {
        name: max(found, key=lambda key: (len(values[key.fact.path]), key.fact.path))
        for name, found in possible.items()
        if found
    }
    members = Counter(key.fact.path for key in chosen.values())
    return {name: key for name, key in chosen.items() if members[key.fact.path] >= _FEWEST_RULES}


def _possible_keys(rule: ProgramRule) -> Iterator[_Key]:
    for conjunct in terms.conjuncts(rule.condition):
        match conjunct:
            case Comparison(Relation.EQUAL, Fact(_, kind) as fact, Constant() as literal) if kind in _INDEXED:
                yield _Key(fact, (literal.runtime_value,), conjunct)
            case Membership(Fact(_, kind) as fact, members) if kind in _INDEXED:
                yield _Key(fact, tuple(member.runtime_value for member in members), conjunct)


def _indexes(indexed: Sequence[ProgramRule], keys: Mapping[str, _Key], slots: Mapping[str, Slot]) -> Iterator[Index]:
    for path in sorted({keys[rule.name].fact.path for rule in indexed}):
        members: list[Indexed] = []
        buckets: dict[ConstantValue, list[Indexed]] = {}
        for rule in indexed:
            key = keys[rule.name]
            if key.fact.path != path:
                continue
            member = Indexed(slots[rule.name], _without(rule.condition, key.conjunct))
            members.append(member)
            for value in key.values:
                buckets.setdefault(value, []).append(member)
        fact = keys[members[0].slot.rule.name].fact
        yield Index(fact, {value: tuple(found) for value, found in buckets.items()}, tuple(members))


def _without(condition: Term, conjunct: Term) -> Term:
    rest = list(terms.conjuncts(condition))
    rest.remove(conjunct)
    return terms.conjunction(tuple(rest))
