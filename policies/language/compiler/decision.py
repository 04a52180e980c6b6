"""The function that decides: it asks every rule that could matter and hands the outcome on as one integer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from policies.language import terms
from policies.language.compiler import code, truths
from policies.language.compiler.code import Code, Step
from policies.language.compiler.layout import UNKNOWN_SEVERITY, Index, Indexed, Layout, Slot
from policies.language.compiler.unit import FACTS, RANK_OF, Body, Unit
from policies.language.evaluator.possibilities import is_only_status, is_static, possible
from policies.language.ruleset import SEVERITY_PATH
from policies.language.terms import ConstantValue
from policies.language.types import UNKNOWN, Facts, Type
from policies.language.verdict import Verdict

Finish: TypeAlias = Callable[[int, Facts], Verdict]
Refuse: TypeAlias = Callable[[Facts], Verdict]
_OUTCOME: Final = "k"
_VERDICT: Final = "d"
_DECIDE: Final = "decide"
_PARAMETERS: Final = (FACTS,)
_FEW_VALUES: Final = 4


@dataclass(slots=True)
class DecisionWriter:
    """Writes the deciding function of one program into a unit."""

    unit: Unit
    layout: Layout

    def write(self) -> None:
        """Write the function `decide`, and those it hands single values of an index to."""
        body = Body(self.unit, _PARAMETERS)
        severity = body.fact(SEVERITY_PATH, Type.SEVERITY)
        steps = [code.assigned(_OUTCOME, code.call("START", severity))]
        for index in self.layout.indexes:
            steps += self._index(body, index)
        steps += self._linear(body)
        steps += [
            code.assigned(_VERDICT, code.call("KNOWN", code.name(_OUTCOME))),
            code.when(code.other(code.name(_VERDICT), code.constant(None)), [code.returned(code.name(_VERDICT))]),
            code.returned(code.call("FINISH", code.name(_OUTCOME), code.name(FACTS))),
        ]
        refused = code.returned(code.call("REFUSE", code.name(FACTS)))
        self.unit.add(_DECIDE, _PARAMETERS, [code.guarded(body.steps(steps), "MISTAKES", refused)])

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
        found = self.unit.fresh("b")
        finder = self.unit.fresh("INDEX_")
        self.unit.late[finder] = table
        bits = code.call(found, code.name(FACTS))
        return [
            code.assigned(found, code.call(finder, fact)),
            code.when(
                code.other(code.name(found), code.constant(None)),
                [code.marked(_OUTCOME, bits)],
                self._when_unknown(fact, index),
            ),
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
    if condition == terms.ALWAYS:
        return matched
    is_true, is_false = truths.true(body, condition), truths.false(body, condition)
    if slot.rule.otherwise:
        unknown = [_mark(slot.unknown)] if slot.watches_unknown else []
        return [code.when(is_true, matched, [code.when(is_false, [_mark(slot.otherwise)], unknown)])]
    if not slot.watches_unknown:
        return [code.when(is_true, matched)]
    return [code.when(is_true, matched, [code.when(code.negated(is_false), [_mark(slot.unknown)])])]


def bind(unit: Unit, finish: Finish, refuse: Refuse, known: Mapping[int, Verdict]) -> None:
    """Give a unit the names its deciding function hands outcomes to."""
    start: dict[float, int] = {rank: rank for rank in RANK_OF.values()}
    start[UNKNOWN] = UNKNOWN_SEVERITY
    unit.namespace |= {
        "START": start.__getitem__,
        "FINISH": finish,
        "REFUSE": refuse,
        "KNOWN": known.get,
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
    unit.namespace |= {finder: table.get for finder, table in tables.items()}
    functions = unit.compiled()
    for finder, names in unit.late.items():
        tables[finder].update({value: functions[name] for value, name in names.items()})
    return Functions(functions[_DECIDE], functions)
