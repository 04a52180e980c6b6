"""The lint that looks for a finding which a later rule would block and an earlier one lets pass."""

from collections.abc import Iterator
from itertools import islice, product
from typing import Final

from policies.language import terms
from policies.language.checker import CheckedPack
from policies.language.diagnostics import Diagnostic, diagnose
from policies.language.evaluator.possibilities import highest, is_static, possible
from policies.language.facts import CATALOGUE, from_json, to_json
from policies.language.lints.cases import Case, cases, example
from policies.language.program import Program
from policies.language.ruleset import ProgramRule
from policies.language.terms import Constant, Term
from policies.language.trace import RuleOutcome, Truth
from policies.language.types import UNKNOWN, Facts
from policies.language.verdict import Status
from stellapolicy.kernel import canonical_json

_EVIDENCE: Final = ("vex.", "reachability.", "exception.")
_PERMISSIVE: Final = frozenset({Status.IGNORED, Status.PASS, Status.GUARDED_PASS})
_MOST_TRIES: Final = 2_000
"""Pairs of cases looked at in one pack; past it a lint keeps silent rather than slow."""


def lint_hiding(checked: CheckedPack, program: Program) -> Iterator[Diagnostic]:
    """Yield, for each permissive rule, one finding that a rule of a later priority would have blocked."""
    tries = iter(range(_MOST_TRIES))
    blocking = [rule for rule in checked.ruleset.rules if highest(rule.then) is Status.BLOCKED]
    for rule in checked.ruleset.rules:
        if not _is_permissive(rule):
            continue
        later = [other for other in blocking if other.priority > rule.priority]
        found = next(_hidden(rule, later, program, tries), None)
        if found is not None:
            hidden, facts = found
            written = checked.written[rule.name]
            message = f"this can hide the block of `{hidden.name}`"
            hint = f"for example {canonical_json.dumps(to_json(facts)).decode()}"
            yield diagnose(written.source, "W509", written.node.name.span, message, hint=hint)


def _is_permissive(rule: ProgramRule) -> bool:
    if not is_static(rule.then):
        return False
    return possible(rule.then, _literal, {}).low in _PERMISSIVE


def _literal(term: Term) -> object:
    return term.runtime_value if isinstance(term, Constant) else UNKNOWN


def _hidden(
    rule: ProgramRule, later: list[ProgramRule], program: Program, tries: Iterator[int]
) -> Iterator[tuple[ProgramRule, Facts]]:
    """Yield rules that are hidden, each with facts on which that is shown by evaluating them."""
    baseless = [case for case in cases(rule.condition) or () if not _rests_on_evidence(case)]
    for other in later:
        pairs = product(baseless, cases(other.condition) or ())
        for _, (mine, theirs) in zip(tries, islice(pairs, _MOST_TRIES), strict=False):
            facts = example(mine + theirs)
            if facts is not None:
                whole = {**_examples(rule, other, facts), **facts}
                if _shows(program, rule, other, whole):
                    yield other, whole


def _rests_on_evidence(case: Case) -> bool:
    return any(path.startswith(_EVIDENCE) for literal in case for path in terms.reads(literal.atom))


def _examples(rule: ProgramRule, other: ProgramRule, fixed: Facts) -> Facts:
    """Return a likely value for every other fact the two rules read, as the catalogue has it."""
    paths = (terms.reads(rule.condition) | terms.reads(other.condition)) - fixed.keys()
    return from_json({path: CATALOGUE[path].example for path in sorted(paths) if path in CATALOGUE})


def _shows(program: Program, rule: ProgramRule, other: ProgramRule, facts: Facts) -> bool:
    """Whether on these facts the rule really lets pass what the other really blocks."""
    verdict, trace = program.explain(facts)
    seen = {one.rule: one for one in trace.rules}
    matched = seen[rule.name].outcome is RuleOutcome.MATCHED and verdict.status in _PERMISSIVE
    return matched and seen[other.name].truth is Truth.TRUE
