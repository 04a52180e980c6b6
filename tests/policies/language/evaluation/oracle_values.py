"""The oracle's half that knows values and truths: a slow reading of expressions, straight from the syntax tree.

It shares the parser, the catalogue and the functions with the product, and nothing else: no checker, no terms,
no generated code. Unknown is None.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from policies.language import tree
from policies.language.facts import CATALOGUE
from policies.language.functions import FUNCTIONS, METHODS
from policies.language.functions.quantities import microseconds
from policies.language.tree import ArithmeticOperator, Comparator
from policies.language.types import UNKNOWN, Type

SCALE = ("none", "info", "low", "medium", "high", "critical")
FIELDS = ("status", "justification", "source", "trust", "issued_at")


COMPARED: dict[Comparator, Callable[[Any, Any], bool]] = {
    Comparator.EQUAL: operator.eq,
    Comparator.NOT_EQUAL: operator.ne,
    Comparator.LESS: operator.lt,
    Comparator.LESS_OR_EQUAL: operator.le,
    Comparator.GREATER: operator.gt,
    Comparator.GREATER_OR_EQUAL: operator.ge,
    Comparator.IN: lambda item, container: item in container,
    Comparator.NOT_IN: lambda item, container: item not in container,
}


@dataclass(frozen=True, order=True)
class Rank:
    """A severity on its scale."""

    place: int


def rank(word: str) -> Rank | None:
    return Rank(SCALE.index(word.lower())) if word.lower() in SCALE else None


@dataclass
class Reading:
    """One finding (or one release) read against the profiles of a policy."""

    profiles: Mapping[str, tree.ProfileEntry]
    facts: Mapping[str, Any]
    statement: Mapping[str, Any] | None = None
    findings: Sequence[Mapping[str, Any]] = ()

    # --- Values -------------------------------------------------------------------------------------------------------

    def value(self, node: Any) -> Any:
        return getattr(self, f"_{type(node).__name__.lower()}")(node)

    def _text(self, node: tree.Text) -> str:
        return node.value

    def _number(self, node: tree.Number) -> float:
        return float(node.value)

    def _boolean(self, node: tree.Boolean) -> bool:
        return node.value

    def _duration(self, node: tree.Duration) -> timedelta:
        return timedelta(seconds=node.seconds)

    def _day(self, node: tree.Day) -> datetime:
        return datetime.combine(node.value, datetime.min.time(), UTC)

    def _instant(self, node: tree.Instant) -> datetime:
        return node.value

    def _listliteral(self, node: tree.ListLiteral) -> tuple[Any, ...]:
        return tuple(self.value(item) for item in node.items)

    def _path(self, node: tree.Path) -> Any:
        path = node.dotted
        if path in self.profiles:
            return self._entry(self.profiles[path])
        if self.statement is not None and path in FIELDS:
            return self.statement.get(path)
        found = self.facts.get(path)
        if found is None or found is UNKNOWN:
            return None
        spec = CATALOGUE.get(path)
        return rank(found) if spec is not None and spec.type is Type.SEVERITY else found

    def _entry(self, entry: Any) -> Any:
        if isinstance(entry, tree.Scalar):
            return self.value(entry.value)
        total = 0.0
        for row in entry.rows:
            answer = self.value(row.condition)
            if answer is None:
                return None
            total += float(row.adjustment.value) if answer else 0.0
        return total

    def _index(self, node: tree.Index) -> float | None:
        key = self.value(node.key)
        assert isinstance(node.base, tree.Path)
        entry = self.profiles[node.base.dotted]
        assert isinstance(entry, tree.SourceMap)
        return next((float(row.adjustment.value) for row in entry.rows if row.source.value == key), None)

    def _member(self, node: tree.Member) -> Any:
        assert isinstance(node.base, tree.Call)
        statements = self.facts.get("vex.statements")
        if statements is None:
            return None
        answers = [(one, self._asked(node.base, one)) for one in statements]
        if any(answer is None for _, answer in answers):
            return None
        fitting = [one for one, answer in answers if answer]
        if not fitting:
            return "none" if node.name.text == "status" else None
        dates = [one.get("issued_at") for one in fitting]
        latest = fitting
        if None not in dates:
            latest = [one for one in fitting if one["issued_at"] == max(date for date in dates if date)]
        fields = {one.get(node.name.text) for one in latest}
        return fields.pop() if len(fields) == 1 else None

    def _signed(self, node: tree.Signed) -> Any:
        operand = self.value(node.operand)
        return operand if operand is None or node.sign is tree.Sign.PLUS else -operand

    def _arithmetic(self, node: tree.Arithmetic) -> Any:
        left, right = self.value(node.left), self.value(node.right)
        if left is None or right is None:
            return None
        if node.operator is ArithmeticOperator.ADD:
            return left + right
        if node.operator is ArithmeticOperator.SUBTRACT:
            return left - right
        if node.operator is ArithmeticOperator.MULTIPLY:
            return left * right
        return left / right if right else None

    # --- Truths -------------------------------------------------------------------------------------------------------

    def _not(self, node: tree.Not) -> bool | None:
        operand = self.value(node.operand)
        return None if operand is None else not operand

    def _and(self, node: tree.And) -> bool | None:
        answers = [self.value(operand) for operand in node.operands]
        return False if False in answers else None if None in answers else True

    def _or(self, node: tree.Or) -> bool | None:
        answers = [self.value(operand) for operand in node.operands]
        return True if True in answers else None if None in answers else False

    def _comparison(self, node: tree.Comparison) -> bool | None:
        left, right = self.value(node.left), self.value(node.right)
        if left is None or right is None:
            return None
        if isinstance(left, Rank) and not isinstance(right, Rank):
            right = rank(right) if isinstance(right, str) else tuple(rank(word) for word in right)
        if isinstance(right, Rank) and isinstance(left, str):
            left = rank(left)
        return COMPARED[node.operator](left, right)

    # --- Calls --------------------------------------------------------------------------------------------------------

    def _call(self, node: tree.Call) -> Any:
        name = node.target.dotted
        if name == "exists":
            return self.value(node.arguments[0].value) is not None
        if name == "coalesce":
            found = self.value(node.arguments[0].value)
            return self.value(node.arguments[1].value) if found is None else found
        if name.startswith(("vex.", "release.")):
            return self._aggregate(node, name.split(".")[1])
        return self._function(node, name)

    def _aggregate(self, node: tree.Call, name: str) -> Any:
        members = self.facts.get("vex.statements")
        if members is None:
            return None
        answers = [self._asked(node, member) for member in members]
        if name == "any":
            return True if True in answers else None if None in answers else False
        if name == "all":
            return False if False in answers or not answers else None if None in answers else True
        return None if None in answers else float(answers.count(True))

    def _asked(self, node: tree.Call, member: Mapping[str, Any]) -> bool | None:
        if not node.arguments:
            return True
        answer: bool | None = Reading(self.profiles, self.facts, statement=member).value(node.arguments[0].value)
        return answer

    def _function(self, node: tree.Call, name: str) -> Any:
        arguments = [self.value(argument.value) for argument in node.arguments]
        if name == "days_since" and len(arguments) == 1:
            arguments.append(self.facts.get("run.at"))
        if name in METHODS:
            arguments.insert(0, self.facts.get(METHODS[name].parameters[0].name))
        if any(argument is None for argument in arguments):
            return None
        if name == "contains":
            return arguments[1] in arguments[0]
        if name == "matches_any" and isinstance(arguments[0], tuple):
            return any(FUNCTIONS[name].implementation(one, arguments[1]) for one in arguments[0])
        plain = [microseconds(one) if isinstance(one, datetime) else one for one in arguments]
        found = (METHODS.get(name) or FUNCTIONS[name]).implementation(*plain)
        if found is UNKNOWN:
            return None
        return Rank(found) if name == "severity_band" else found


def paths_read(node: tree.Node) -> set[str]:
    """Every fact an expression reads, profiles and fields of statements left out."""
    found = set()
    for inner in tree.walk(node):
        if isinstance(inner, tree.Call):
            name = inner.target.dotted
            found |= {METHODS[name].parameters[0].name} if name in METHODS else set()
            found |= {"run.at"} if name == "days_since" and len(inner.arguments) == 1 else set()
            found |= {"vex.statements"} if name.startswith("vex.") else set()
        elif isinstance(inner, tree.Path) and "." in inner.dotted and not inner.dotted.startswith("profile."):
            found.add(inner.dotted)
    targets = {inner.target.dotted for inner in tree.walk(node) if isinstance(inner, tree.Call)}
    return {path for path in found if path not in targets or path in CATALOGUE}
