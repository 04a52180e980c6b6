"""What the page of one finding's trace shows: rules that spoke, rules that kept silent, and the facts."""

from dataclasses import dataclass

from gates.services.replay import ExplainedFinding
from policies.language.trace import RuleOutcome, RuleTrace
from policies.language.verdict import Verdict
from stellapolicy.admin.cells import written

_SPOKE = (RuleOutcome.MATCHED, RuleOutcome.UNKNOWN)


@dataclass(frozen=True, slots=True)
class AtomLine:
    """One part of a condition: its text, its truth, and the values it was judged by."""

    text: str
    truth: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule and what became of it."""

    name: str
    priority: int
    outcome: str
    is_decisive: bool
    because: str
    atoms: tuple[AtomLine, ...]
    actions: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything the template needs."""

    name: str
    title: str
    url: str
    purl: str
    verdict: Verdict
    spoke: tuple[RuleLine, ...]
    silent: tuple[RuleLine, ...]
    facts: tuple[tuple[str, str], ...]
    trace_id: str
    exception: str | None
    status: str


def page_of(explained: ExplainedFinding) -> Explanation:
    """Return the page of an explained finding."""
    lines = [(rule.outcome, _line(rule, explained.verdict)) for rule in explained.trace.rules]
    origin = explained.stored.origin
    return Explanation(
        name=explained.stored.identifier or explained.stored.key,
        title=str(origin.get("title") or ""),
        url=str(origin.get("url") or ""),
        purl=explained.stored.purl,
        verdict=explained.verdict,
        spoke=tuple(line for outcome, line in lines if outcome in _SPOKE),
        silent=tuple(line for outcome, line in lines if outcome not in _SPOKE),
        facts=tuple((path, written(value)) for path, value in sorted(explained.facts.items())),
        trace_id=explained.trace.id,
        exception=explained.exception,
        status=explained.status,
    )


def _line(rule: RuleTrace, verdict: Verdict) -> RuleLine:
    return RuleLine(
        name=rule.rule,
        priority=rule.priority,
        outcome=rule.outcome.value,
        is_decisive=rule.rule == verdict.rule,
        because=rule.because or "",
        atoms=tuple(
            AtomLine(atom.text, atom.truth.value, tuple((name, written(value)) for name, value in atom.values))
            for atom in rule.atoms
        ),
        actions=tuple((action.text, action.applied) for action in rule.actions),
    )
