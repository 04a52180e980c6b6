"""The function that decides: it asks every rule that could matter and hands the outcome on as one integer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from policies.language import terms
from policies.language.compiler import code, truths
from policies.language.compiler.code import Code, Step
from policies.language.compiler.layout import UNKNOWN_SEVERITY, Index, Indexed, Layout, Slot
from policies.language.compiler.unit import FACTS, RANK_OF, Body, Unit, read
from policies.language.evaluator.possibilities import is_only_status, is_static, possible
from policies.language.ruleset import SEVERITY_PATH
from policies.language.terms import ConstantValue
from policies.language.types import UNKNOWN, Facts, Type
from policies.language.verdict import Verdict

Finish: TypeAlias = Callable[[int, Facts], Verdict]
Refuse: TypeAlias = Callable[[Facts], Verdict]
_OUTCOME: Final = "k"
_DECIDE: Final = "decide"
_PARAMETERS: Final = (FACTS,)
_FEW_VALUES: Final = 4
_MOST_NESTED: Final = 4


@dataclass(slots=True)
class DecisionWriter:
    """Writes the deciding function of one program into a unit."""

    unit: Unit
    layout: Layout

    def write(self) -> None:
        """Write the function `decide`, and those it hands single values of an index to."""
        body = Body(self.unit, _PARAMETERS)
        start = self._start(body)
        for fact in self.layout.hot:
            body.fact(fact.path, fact.type)
        steps: list[Step] = []
        for index in self.layout.indexes:
            steps += self._index(body, index)
        steps += self._linear(body)
        steps += [
            code.when(
                code.within(code.name(_OUTCOME), code.name("KNOWN")),
                [code.returned(code.item("KNOWN", code.name(_OUTCOME)))],
            ),
            code.returned(code.call("FINISH", code.name(_OUTCOME), code.name(FACTS))),
        ]
        refused = code.returned(code.call("REFUSE", code.name(FACTS)))
        self.unit.add(_DECIDE, _PARAMETERS, [code.guarded([start, *body.steps(steps)], "MISTAKES", [refused])])

    def _start(self, body: Body) -> Step:
        """Load what is nearly always there without asking whether it is; what is absent after all is asked for."""
        severity = body.take(SEVERITY_PATH)
        likely = [code.assigned(severity, code.item("RANKS", code.item(FACTS, code.constant(SEVERITY_PATH))))]
        careful = [code.assigned(severity, read(FACTS, SEVERITY_PATH, Type.SEVERITY))]
        for fact in self.layout.sure:
            local = body.take(fact.path)
            likely.append(code.assigned(local, code.item(FACTS, code.constant(fact.path))))
            careful.append(code.assigned(local, read(FACTS, fact.path, fact.type)))
        likely.append(code.assigned(_OUTCOME, code.name(severity)))
        careful.append(code.assigned(_OUTCOME, code.item("START", code.name(severity))))
        return code.guarded(likely, "ABSENT", careful)

    # --- Rules asked one by one ---------------------------------------------------------------------------------------

    def _linear(self, body: Body) -> list[Step]:
        """Ask rules by priority; one that could only assign a status is not asked once an earlier one has."""
        steps: list[Step] = []
        for priority in sorted({slot.rule.priority for slot in self.layout.linear}):
            slots = [slot for slot in self.layout.linear if slot.rule.priority == priority]
            settled = self._settling(priority)
            late = [slot for slot in slots if settled and is_only_status(slot.rule.effects)]
            for slot in slots:
                if slot not in late:
                    steps += _asked(body, slot, slot.rule.condition)
            if late:
                inner = body.inner()
                asked = [step for slot in late for step in _asked(inner, slot, slot.rule.condition)]
                steps.append(code.when(code.negated(code.masked(_OUTCOME, settled)), inner.steps(asked)))
        return steps

    def _settling(self, priority: int) -> int:
        """Return the bits of rules of earlier priorities that certainly assign a status."""
        bits = 0
        for slot in self.layout.slots:
            if slot.rule.priority >= priority:
                continue
            for effects, bit in ((slot.rule.then, slot.matched), (slot.rule.otherwise, slot.otherwise)):
                if effects and is_static(effects) and possible(effects, _literal, {}).low is not None:
                    bits |= bit
        return bits

    # --- Rules behind an index ----------------------------------------------------------------------------------------

    def _index(self, body: Body, index: Index) -> list[Step]:
        fact = body.fact(index.fact.path, index.fact.type)
        if len(index.buckets) <= _FEW_VALUES:
            return [self._chain(body, fact, list(index.buckets.items()), index)]
        table: dict[ConstantValue, str] = {}
        for value, members in index.buckets.items():
            table[value] = self._bucket(members)
        return self._lookup(fact, table, index)

    def _chain(
        self, body: Body, fact: Code, buckets: Sequence[tuple[ConstantValue, tuple[Indexed, ...]]], index: Index
    ) -> Step:
        (value, members), *others = buckets
        inner = body.inner()
        asked = [step for member in members for step in _asked(inner, member.slot, member.rest)]
        rest = [self._chain(body, fact, others, index)] if others else self._when_unknown(fact, index)
        return code.when(code.equal(fact, code.constant(value)), inner.steps(asked), rest)

    def _lookup(self, fact: Code, table: Mapping[ConstantValue, str], index: Index) -> list[Step]:
        """Find the function of a value in a dictionary, filled once the functions are compiled."""
        finder = self.unit.fresh("INDEX_")
        self.unit.late[finder] = table
        bits = code.applied(code.item(finder, fact), code.name(FACTS))
        return [
            code.when(
                code.within(fact, code.name(finder)), [code.marked(_OUTCOME, bits)], self._when_unknown(fact, index)
            )
        ]

    def _bucket(self, members: tuple[Indexed, ...]) -> str:
        """Return the function that asks the rules of one value; equal sets of rules share it."""
        names = tuple(member.slot.rule.name for member in members)
        if names not in self.unit.buckets:
            identifier = self.unit.buckets[names] = self.unit.fresh("k")
            own = Body(self.unit, _PARAMETERS)
            asked = [step for member in members for step in _asked(own, member.slot, member.rest)]
            self._add_bits(identifier, own, asked)
        return self.unit.buckets[names]

    def _when_unknown(self, fact: Code, index: Index) -> list[Step]:
        """A rule whose indexed fact is unknown is itself unknown unless the rest of its condition is false."""
        watching = [member for member in index.members if member.slot.watches_unknown]
        if not watching:
            return []
        identifier = self.unit.fresh("u")
        own = Body(self.unit, _PARAMETERS)
        asked = [
            code.when(code.negated(truths.false(own, member.rest)), [_mark(member.slot.unknown)]) for member in watching
        ]
        self._add_bits(identifier, own, asked)
        return [code.when(code.unequal(fact, fact), [code.marked(_OUTCOME, code.call(identifier, code.name(FACTS)))])]

    def _add_bits(self, identifier: str, own: Body, asked: list[Step]) -> None:
        start, end = code.assigned(_OUTCOME, code.constant(0)), code.returned(code.name(_OUTCOME))
        self.unit.add(identifier, _PARAMETERS, own.steps([start, *asked, end]))


def _literal(term: terms.Term) -> Any:  # noqa: ANN401 - static effects hold literals only
    return term.runtime_value if isinstance(term, terms.Constant) else UNKNOWN


def _mark(bits: int) -> Step:
    return code.marked(_OUTCOME, code.constant(bits))


def _asked(body: Body, slot: Slot, condition: terms.Term) -> list[Step]:
    """Ask one rule: mark it matched, or unknown where that matters, or its `else`."""
    matched = [_mark(slot.matched)]
    unknown = [_mark(slot.unknown)] if slot.watches_unknown else []
    if condition == terms.ALWAYS:
        return matched
    if slot.rule.otherwise:
        is_true, is_false = truths.true(body, condition), truths.false(body, condition)
        return [code.when(is_true, matched, [code.when(is_false, [_mark(slot.otherwise)], unknown)])]
    conjuncts = terms.conjuncts(condition)
    if len(conjuncts) <= _MOST_NESTED:
        return _nested(body, conjuncts, matched, unknown)
    is_true = truths.true(body, condition)
    return [code.when(is_true, matched, _unless_false(body, condition, unknown))]


def _nested(body: Body, conjuncts: tuple[terms.Term, ...], matched: list[Step], unknown: list[Step]) -> list[Step]:
    """Ask one part after another, and load what a part needs only where the parts before it hold."""
    first, *others = conjuncts
    rest = tuple(others)
    is_true = truths.true(body, first)
    if not rest:
        doubt = [code.when(truths.unknown(body, first), unknown)] if unknown else []
        return [code.when(is_true, matched, doubt)]
    inner = body.inner()
    then = inner.steps(_nested(inner, rest, matched, unknown))
    if not unknown:
        return [code.when(is_true, then)]
    doubtful = body.inner()
    doubt = doubtful.steps(_unless_false(doubtful, terms.conjunction(rest), unknown))
    return [code.when(is_true, then, [code.when(truths.unknown(body, first), doubt)])]


def _unless_false(body: Body, condition: terms.Term, unknown: list[Step]) -> list[Step]:
    if not unknown or condition == terms.ALWAYS:
        return unknown
    return [code.when(code.negated(truths.false(body, condition)), unknown)]


def bind(unit: Unit, finish: Finish, refuse: Refuse, known: Mapping[int, Verdict]) -> None:
    """Give a unit the names its deciding function hands outcomes to."""
    start: dict[float, int] = {rank: rank for rank in RANK_OF.values()}
    start[UNKNOWN] = UNKNOWN_SEVERITY
    unit.namespace |= {
        "START": start,
        "FINISH": finish,
        "REFUSE": refuse,
        "KNOWN": known,
        "ABSENT": KeyError,
        "MISTAKES": (TypeError, AttributeError),
    }


@dataclass(frozen=True, slots=True)
class Functions:
    """The compiled functions of a unit: the deciding one, and every other by its name."""

    decide: Callable[[Facts], Verdict]
    others: Mapping[str, Any]


def decision_of(unit: Unit) -> Functions:
    """Return the functions of a unit, compiled, its indexes filled."""
    tables: dict[str, dict[ConstantValue, Any]] = {finder: {} for finder in unit.late}
    unit.namespace |= tables
    functions = unit.compiled()
    for finder, names in unit.late.items():
        tables[finder].update({value: functions[name] for value, name in names.items()})
    return Functions(functions[_DECIDE], functions)
