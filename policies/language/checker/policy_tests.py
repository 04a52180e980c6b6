"""The tests inside a policy: their facts read as facts from outside are, their expectations as conditions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC

from policies.language import tree
from policies.language.checker import expressions
from policies.language.checker.scope import Place, Scope
from policies.language.facts import FactsRefused, from_json
from policies.language.source import Source, Span
from policies.language.terms import Term
from policies.language.types import Facts, FactValue
from stellapolicy.kernel.canonical_json import JsonValue


@dataclass(frozen=True, slots=True)
class Expectation:
    """One thing a test expects: its text as written, and the condition on the verdict."""

    text: str
    condition: Term
    span: Span


@dataclass(frozen=True, slots=True)
class CheckedTest:
    """A test that can run: facts given, conditions on the verdict they lead to."""

    name: str
    policy: str
    source: Source
    span: Span
    facts: Facts
    expectations: tuple[Expectation, ...]


def check_test(scope: Scope, policy: str, node: tree.PolicyTest) -> CheckedTest:
    """Return a test; facts and expectations that cannot be used are reported and left out."""
    source = scope.gathering.source
    inside = scope.at(Place.EXPECTATION)
    expectations = []
    for wanted in node.expectations:
        condition = expressions.check_truth(inside, wanted)
        if condition is not None:
            text = source.text[wanted.span.start : wanted.span.end]
            expectations.append(Expectation(text, condition, wanted.span))
    return CheckedTest(node.name.value, policy, source, node.span, _given(scope, node.given), tuple(expectations))


def _given(scope: Scope, entries: tuple[tree.Entry, ...]) -> Facts:
    facts: dict[str, FactValue] = {}
    seen: set[str] = set()
    for entry in entries:
        path = entry.path.dotted
        if path in seen:
            scope.gathering.report("E307", entry.path.span, f"`{path}` is given twice")
        seen.add(path)
        facts.update(_fact(scope, path, entry))
    return facts


def _fact(scope: Scope, path: str, entry: tree.Entry) -> Mapping[str, FactValue]:
    spec = scope.names.fact(path)
    if spec is not None and scope.names.is_off(spec):
        scope.gathering.report("E314", entry.path.span, f"`{path}` belongs to a group that no source delivers here")
        return {}
    try:
        return from_json({path: _json(entry.value)}, signals=scope.names.signals)
    except FactsRefused as refusal:
        for fault in refusal.faults:
            scope.gathering.report("E319", entry.span, fault.message)
        return {}


def _json(value: tree.Value) -> JsonValue:  # noqa: PLR0911 - one line for each shape of literal
    match value:
        case tree.Text(content) | tree.Boolean(content):
            return content
        case tree.Number():
            return float(value.value)
        case tree.Null():
            return None
        case tree.Day(text):
            return f"{text}T00:00:00Z"
        case tree.Instant():
            return value.value.astimezone(UTC).isoformat()
        case tree.Duration(count, unit):
            return f"{count}{unit.value}"  # no fact is a duration; the text shows in the refusal
        case tree.ListLiteral(items):
            return [_json(item) for item in items]
        case tree.Record(fields):
            return {field.name.text: _json(field.value) for field in fields}
