"""Lints of whole rules and of the pack: reasons, reachability, duplicates, complexity, what nothing uses."""

from collections.abc import Iterator
from typing import Final

from policies.language import terms
from policies.language.canonical import write_term
from policies.language.checker import CheckedPack, WrittenRule
from policies.language.diagnostics import Diagnostic, diagnose
from policies.language.evaluator.possibilities import highest, is_only_status, is_static, possible
from policies.language.lints.cases import is_contradictory
from policies.language.ruleset import ProgramRule
from policies.language.terms import ALWAYS, Conjunction, Constant, Disjunction, Table, Term
from policies.language.types import UNKNOWN
from stellapolicy.kernel import canonical_json

_MOST_WAYS: Final = 50


def lint_rules(checked: CheckedPack) -> Iterator[Diagnostic]:
    """Yield what is odd about rules as wholes."""
    rules = (*checked.ruleset.rules, *checked.ruleset.release_rules)
    for rule in rules:
        written = checked.written[rule.name]
        yield from _without_because(rule, written)
        yield from _too_complex(rule, written)
        yield from _contradicting(rule, written)
    yield from _overtaken(checked)
    yield from _duplicates(checked, checked.ruleset.rules)
    yield from _duplicates(checked, checked.ruleset.release_rules)
    yield from _unused_entries(checked)
    yield from _no_status(checked, rules)


def _at_name(written: WrittenRule, code: str, message: str, *, hint: str | None = None) -> Diagnostic:
    return diagnose(written.source, code, written.node.name.span, message, hint=hint)


def _at_condition(written: WrittenRule, code: str, message: str, *, hint: str | None = None) -> Diagnostic:
    return diagnose(written.source, code, written.node.condition.span, message, hint=hint)


def _without_because(rule: ProgramRule, written: WrittenRule) -> Iterator[Diagnostic]:
    if not (rule.because or "").strip():
        message = f"`{written.node.name.text}` does not say why"
        yield _at_name(written, "W501", message, hint='end the rule with `because "…"`')


def _too_complex(rule: ProgramRule, written: WrittenRule) -> Iterator[Diagnostic]:
    ways = 1 + sum(_choices(inner) for inner in terms.walk(rule.condition))
    if ways > _MOST_WAYS:
        message = f"there are {ways} ways through this condition; {_MOST_WAYS} are plenty"
        yield _at_condition(written, "W510", message)


def _choices(term: Term) -> int:
    match term:
        case Conjunction(operands) | Disjunction(operands):
            return len(operands) - 1
        case Table(rows):
            return len(rows)
        case _:
            return 0


def _contradicting(rule: ProgramRule, written: WrittenRule) -> Iterator[Diagnostic]:
    is_literal = isinstance(rule.condition, Constant) and rule.condition.value is False
    if is_literal or (is_contradictory(rule.condition) and not rule.otherwise):
        yield _at_condition(written, "W502", "this condition contradicts itself and is never true")


def _overtaken(checked: CheckedPack) -> Iterator[Diagnostic]:
    """Yield the rules that could only assign a status after a rule that always has."""
    for rules in (checked.ruleset.rules, checked.ruleset.release_rules):
        deciding = next((rule for rule in rules if rule.condition == ALWAYS and _certainly_assigns(rule)), None)
        for rule in rules:
            if deciding is not None and rule.priority > deciding.priority and is_only_status(rule.effects):
                message = f"`{deciding.name}` always matches before and has settled the status"
                yield _at_name(checked.written[rule.name], "W502", message)


def _certainly_assigns(rule: ProgramRule) -> bool:
    if not is_static(rule.then):
        return False
    return possible(rule.then, _literal, {}).low is not None


def _literal(term: Term) -> object:
    return term.runtime_value if isinstance(term, Constant) else UNKNOWN


def _duplicates(checked: CheckedPack, rules: tuple[ProgramRule, ...]) -> Iterator[Diagnostic]:
    first: dict[tuple[int, bytes], ProgramRule] = {}
    for rule in rules:
        key = (rule.priority, _fingerprint(rule.condition))
        earlier = first.setdefault(key, rule)
        if earlier is not rule:
            yield _at_condition(checked.written[rule.name], "W504", f"`{earlier.name}` has the same condition")


def _fingerprint(term: Term) -> bytes:
    """Return what two conditions share that differ in the order of their parts only."""
    match term:
        case Conjunction(operands) | Disjunction(operands):
            parts = sorted(_fingerprint(operand) for operand in operands)
            return b"(" + type(term).__name__.encode() + b" ".join(parts) + b")"
        case _:
            return canonical_json.dumps(write_term(term))


def _unused_entries(checked: CheckedPack) -> Iterator[Diagnostic]:
    for path, source, span in checked.profiles.unused():
        yield diagnose(source, "W506", span, f"nothing uses `{path}`")


def _no_status(checked: CheckedPack, rules: tuple[ProgramRule, ...]) -> Iterator[Diagnostic]:
    if not rules or any(highest(rule.effects) is not None for rule in rules):
        return
    source, file = checked.policies[0]
    status = checked.ruleset.settings.default_status
    yield diagnose(source, "W507", file.name.span, f"no rule assigns a status; every finding gets `{status}`")
