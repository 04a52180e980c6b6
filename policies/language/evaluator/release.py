"""Release rules: judged once, over all findings that are neither ignored nor deferred.

A finding that was dismissed on accepted evidence, or put off until an instant, has had its decision; thresholds count
what is left. A deferral that is over blocks and counts again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from policies.language import terms
from policies.language.compiler.missing import Gaps
from policies.language.evaluator.outcomes import doubt_about
from policies.language.evaluator.possibilities import possible
from policies.language.evaluator.resolution import Branch, Resolution, resolve
from policies.language.ruleset import ProgramRule, Settings
from policies.language.terms import ReleaseAny, ReleaseCount, ReleaseMax, Term
from policies.language.types import UNKNOWN, Facts
from policies.language.verdict import ReleaseReason, ReleaseVerdict, Status, Verdict
from stellapolicy.kernel.severity import Severity

_DECIDED: Final = frozenset({Status.IGNORED, Status.DEFERRED})
Judged: TypeAlias = tuple[Facts, Verdict]
Condition: TypeAlias = Callable[[Sequence[Facts]], bool | float]
Predicate: TypeAlias = Callable[[Facts], bool | float]


@dataclass(frozen=True, slots=True)
class ReleaseRules:
    """The release rules of a program, their conditions and predicates compiled."""

    rules: tuple[ProgramRule, ...]
    settings: Settings
    digest: str
    conditions: Mapping[str, Condition]
    predicates: Mapping[Term, Predicate]
    gaps: Gaps

    def evaluate(self, findings: Sequence[Judged]) -> ReleaseVerdict:
        """Return the verdict on a release; positions in its reasons are those of `findings`."""
        counted = [(place, facts) for place, (facts, verdict) in enumerate(findings) if verdict.status not in _DECIDED]
        facts = [one for _, one in counted]
        branches, doubtful = [], []
        for rule in self.rules:
            answer = self.conditions[rule.name](facts)
            if answer is True:
                branches.append(_branch(rule, matched=True))
            elif answer is not False:
                doubtful.append(rule)
            elif rule.otherwise:
                branches.append(_branch(rule, matched=False))
        resolution = resolve(
            branches,
            [doubt_about(rule) for rule in doubtful],
            settings=Settings(on_unknown=self.settings.on_unknown),
            severity=Severity.UNKNOWN,
            digest=self.digest,
            value_of=_literal,
            facts={},
        )
        return self._verdict(resolution, branches, counted)

    def _verdict(
        self, resolution: Resolution, branches: Sequence[Branch], counted: Sequence[tuple[int, Facts]]
    ) -> ReleaseVerdict:
        found = resolution.verdict
        reasons = [
            *(self._reason(branch.rule, branch.possible.low, counted) for branch in branches),
            *(self._doubt(rule, found.worst, counted) for rule in resolution.doubtful),
        ]
        unknown = {path for reason in reasons for path in reason.unknown_facts}
        return ReleaseVerdict(
            status=found.status,
            program_digest=self.digest,
            worst=found.worst,
            undecided=found.undecided,
            rule=found.rule,
            because=found.because,
            messages=found.messages,
            matched_rules=found.matched_rules,
            unknown_facts=tuple(sorted(unknown)),
            reasons=tuple(reasons),
        )

    def _reason(self, rule: ProgramRule, status: Status | None, counted: Sequence[tuple[int, Facts]]) -> ReleaseReason:
        places = tuple(
            place for place, facts in counted if any(self.predicates[one](facts) is True for one in _predicates(rule))
        )
        return ReleaseReason(rule.name, status or Status.PASS, rule.because, certain=True, findings=places)

    def _doubt(self, rule: ProgramRule, worst: Status, counted: Sequence[tuple[int, Facts]]) -> ReleaseReason:
        places: list[int] = []
        missed = 0
        for place, facts in counted:
            answers = [(one, self.predicates[one](facts)) for one in _predicates(rule)]
            if any(answer is not False for _, answer in answers):
                places.append(place)
            for predicate, answer in answers:
                if answer is not True and answer is not False:
                    missed |= self.gaps.of(predicate)(facts)
        unknown = self.gaps.named(missed)
        return ReleaseReason(
            rule.name, worst, rule.because, certain=False, findings=tuple(places), unknown_facts=unknown
        )


def _branch(rule: ProgramRule, *, matched: bool) -> Branch:
    return Branch(rule, matched, possible(rule.then if matched else rule.otherwise, _literal, {}))


def _literal(term: Term) -> object:
    return term.runtime_value if isinstance(term, terms.Constant) else UNKNOWN


def _predicates(rule: ProgramRule) -> Iterator[Term]:
    for term in terms.walk(rule.condition):
        if isinstance(term, ReleaseAny | ReleaseCount | ReleaseMax):
            yield term.predicate


def predicates_of(rules: Sequence[ProgramRule]) -> tuple[Term, ...]:
    """Return every predicate that release rules ask of findings, each once."""
    return tuple(dict.fromkeys(predicate for rule in rules for predicate in _predicates(rule)))
