"""The lint that looks for a finding which a later rule would block and an earlier one lets pass."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
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
from policies.language.trace import Truth
from policies.language.types import UNKNOWN, Facts
from policies.language.verdict import Status
from stellapolicy.kernel import canonical_json

_EVIDENCE: Final = ("vex.", "reachability.", "exception.")
_PERMISSIVE: Final = frozenset({Status.IGNORED, Status.PASS, Status.GUARDED_PASS})
_MOST_TRIES: Final = 2_000
"""Pairs of cases looked at in one pack; past it a lint keeps silent rather than slow."""


def lint_hiding(checked: CheckedPack, program: Program) -> Iterator[Diagnostic]:
    """Yield, for each permissive rule, one finding that a rule of a later priority would have blocked."""
    search = _Search(program, [_Cases(rule) for rule in checked.ruleset.rules if highest(rule.then) is Status.BLOCKED])
    for rule in checked.ruleset.rules:
        found = search.hidden_by(rule) if _is_permissive(rule) else None
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


class _Cases:
    """A rule and the cases in which it matches, worked out when first asked for."""

    def __init__(self, rule: ProgramRule) -> None:
        self.rule = rule

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        """The cases, none where there are too many to look at."""
        return cases(self.rule.condition) or ()


@dataclass(slots=True)
class _Search:
    """Looks for facts on which one rule lets pass what another blocks; tries so many pairs of cases and no more."""

    program: Program
    blocking: list[_Cases]
    tries: int = 0

    def hidden_by(self, rule: ProgramRule) -> tuple[ProgramRule, Facts] | None:
        """Return a rule that is hidden, with facts on which that is shown by evaluating them."""
        baseless = [case for case in cases(rule.condition) or () if not _rests_on_evidence(case)]
        later = (other for other in self.blocking if other.rule.priority > rule.priority)
        for mine, other in product(baseless, later):
            for theirs in other.cases:
                self.tries += 1
                if self.tries > _MOST_TRIES:
                    return None
                facts = self._shown(rule, other.rule, mine + theirs)
                if facts is not None:
                    return other.rule, facts
        return None

    def _shown(self, rule: ProgramRule, other: ProgramRule, case: Case) -> Facts | None:
        """Return facts of a case on which the one rule really lets pass what the other really blocks."""
        fixed = example(case)
        if fixed is None:
            return None
        facts = {**_examples(rule, other, fixed), **fixed}
        verdict = self.program.evaluate(facts)
        lets_pass = verdict.status in _PERMISSIVE and rule.name in verdict.matched_rules
        return facts if lets_pass and self.program.truth(other, facts) is Truth.TRUE else None


def _rests_on_evidence(case: Case) -> bool:
    return any(path.startswith(_EVIDENCE) for literal in case for path in terms.reads(literal.atom))


def _examples(rule: ProgramRule, other: ProgramRule, fixed: Facts) -> Facts:
    """Return a likely value for every other fact the two rules read, as the catalogue has it."""
    paths = (terms.reads(rule.condition) | terms.reads(other.condition)) - fixed.keys()
    return from_json({path: CATALOGUE[path].example for path in sorted(paths) if path in CATALOGUE})
