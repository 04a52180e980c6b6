"""What the page of a decision shows, worked out of the stored body: why, what is in the way, what would clear it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
from django.utils.translation import gettext as _

from gates.checks.base import Outcome, Reason
from gates.checks.exit_codes import Decision, GateMode
from gates.models import GateDecision
from gates.reports.view import CheckView, DecisionView, FindingView
from gates.selectors import decision_view
from policies.models import Report
from stellapolicy.kernel.severity import WORST_FIRST

ROWS = 200
_AT_ONCE = 20
_WHY = 3
_HELD = (Outcome.BLOCK, Outcome.WARN)
RowT = TypeVar("RowT")


@dataclass(frozen=True, slots=True)
class FindingRow(FindingView):
    """A finding with what only a page has room for."""

    url: str = ""
    kind: str = ""
    severity_explanation: str = ""
    cvss_vector: str = ""
    kev_due_date: str | None = None
    fix_available: bool | None = None
    messages: tuple[str, ...] = ()
    unknown_facts: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def is_downgraded(self) -> bool:
        """Whether an exception lowered its severity."""
        return self.raw_severity not in ("", self.severity)

    @property
    def name(self) -> str:
        """What it is called: its identifier, else its title or key."""
        return self.id or self.title or self.key

    @property
    def part(self) -> str:
        """The component it is in."""
        return f"{self.component} {self.version}".strip() or self.purl

    @property
    def severity_source(self) -> str:
        """Who gave the severity, as the explanation says it."""
        words = self.severity_explanation.partition(" from ")[2].partition(";")[0]
        return words.strip()

    @property
    def epss_percent(self) -> str:
        """The exploit prediction in percent; empty where it is unknown."""
        if self.epss is None:
            return ""
        share = float(self.epss) * 100
        return f"{share:.1f} %" if share >= 0.1 or not share else f"{share:.3f} %"  # noqa: PLR2004 - a tenth of a percent


@dataclass(frozen=True, slots=True)
class _Source:
    digest: str


@dataclass(frozen=True, slots=True)
class _Evidence:
    sources: tuple[_Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of why: a check, the heaviest thing it says, and how many more it has to say."""

    check: str
    outcome: str
    text: str
    more: int


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing to do and the findings it clears; `versions` are the fixed ones, each with its findings."""

    what: str
    clears: tuple[str, ...] = ()
    versions: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The first rows of a list and how many it has."""

    rows: tuple[Any, ...]  # Any: whatever the list is of
    total: int

    @property
    def first(self) -> tuple[Any, ...]:  # Any: as above
        """The rows seen at once."""
        return self.rows[:_AT_ONCE]

    @property
    def rest(self) -> tuple[Any, ...]:  # Any: as above
        """The rows seen on demand."""
        return self.rows[_AT_ONCE:]

    @property
    def hidden(self) -> int:
        """How many rows only the full JSON shows."""
        return self.total - len(self.rows)


@dataclass(frozen=True, slots=True)
class DecisionPage:
    """Everything the template needs, in the order it is read."""

    view: DecisionView
    headline: str
    tone: str
    symbol: str
    exit_words: str
    why: tuple[Line, ...]
    blocking: Excerpt
    warning: Excerpt
    noted: Excerpt
    remedies: tuple[Remedy, ...]
    exceptions: Excerpt
    suppressed: Excerpt
    accepted: Excerpt
    refused: Excerpt
    replay_command: str
    by_severity: tuple[tuple[str, int], ...]
    digests: tuple[tuple[str, str], ...]
    reports: Mapping[str, str] = field(default_factory=dict)


def page_of(decision: GateDecision) -> DecisionPage:
    """Return the page of a decision; one query, for the reports it names."""
    view = decision_view(decision)
    findings = msgspec.convert(view.body["findings"], tuple[FindingRow, ...])
    by_outcome = {outcome: [row for row in findings if row.outcome is outcome] for outcome in Outcome}
    noted = [row for row in findings if row.outcome not in _HELD]
    counted = view.counts.by_severity
    return DecisionPage(
        view=view,
        headline=headline(view),
        tone=view.decision.value,
        symbol=_SYMBOLS[view.decision],
        exit_words=_exit_words(view),
        why=tuple(_why(view.checks)),
        blocking=_excerpt(by_outcome[Outcome.BLOCK]),
        warning=_excerpt(by_outcome[Outcome.WARN]),
        noted=_excerpt(noted),
        remedies=tuple(_remedies(view, findings)),
        exceptions=_excerpt(view.exceptions),
        suppressed=_excerpt(view.suppressed),
        accepted=_excerpt([claim for claim in view.claims if claim.accepted]),
        refused=_excerpt([claim for claim in view.claims if not claim.accepted]),
        replay_command=f"manage.py replay {decision.pk}",
        by_severity=tuple((word, counted[word]) for word in WORST_FIRST if counted.get(word)),
        digests=tuple((name, text) for name in _in_order(view.digests) if (text := view.digests[name])),
        reports=_reports(decision, view),
    )


_DIGESTS = ("artifact", "snapshot", "findings", "program", "gate", "knowledge")


def _in_order(digests: Mapping[str, str | None]) -> list[str]:
    """Return the names of the digests in the order of the evaluation, feeds last."""
    known = [name for name in _DIGESTS if name in digests]
    return known + sorted(digests.keys() - set(known))


_SYMBOLS = {Decision.BLOCK: "block", Decision.WARN: "warning", Decision.PASS: "check_circle"}


def headline(view: DecisionView) -> str:
    """Return the verdict in a word or two; a gate that does not enforce speaks in the conditional."""
    if view.bypassed:
        return _("Let through")
    if view.verdict is Decision.BLOCK:
        return _("Blocked") if view.mode is GateMode.ENFORCE else _("Would be blocked")
    if view.verdict is Decision.WARN:
        return _("May ship, with warnings")
    return _("May ship")


def _exit_words(view: DecisionView) -> str:
    stops = _("the pipeline stops") if view.exit_code else _("the pipeline goes on")
    return f"{view.exit_code}, {stops}"


def _why(checks: Sequence[CheckView]) -> Iterable[Line]:
    """Give one line a check, the heaviest checks first, at most three."""
    held = [check for check in checks if check.outcome in _HELD]
    held.sort(key=lambda check: -check.outcome.rank)
    for check in held[:_WHY]:
        heaviest = [reason for reason in check.reasons if reason.outcome is check.outcome]
        text = heaviest[0].text if heaviest else _("It gave no reason, and a check without a reason is not trusted.")
        yield Line(check.check, check.outcome.value, text, max(len(heaviest) - 1, 0))


def _excerpt(rows: Sequence[RowT]) -> Excerpt:
    return Excerpt(rows=tuple(rows[:ROWS]), total=len(rows))


def _remedies(view: DecisionView, findings: Sequence[FindingRow]) -> Iterable[Remedy]:
    """Give what would make it pass: upgrades by component, those that clear most first, then everything else."""
    held = Outcome.BLOCK if view.verdict is Decision.BLOCK else Outcome.WARN
    in_the_way = [row for row in findings if row.outcome is held]
    upgrades = sorted(_upgrades(in_the_way), key=lambda remedy: (-len(remedy.clears), remedy.what))
    yield from upgrades
    upgraded = {row.key for row in in_the_way if row.fixed_versions}
    reasons = [reason for check in view.checks for reason in check.reasons if reason.outcome is held]
    yield from _others(reasons, upgraded, {row.key: row.name for row in findings})


def _upgrades(findings: Sequence[FindingRow]) -> Iterable[Remedy]:
    components: dict[str, dict[str, list[str]]] = {}
    for row in findings:
        if row.fixed_versions:
            versions = components.setdefault(row.part, {})
            versions.setdefault(" / ".join(row.fixed_versions), []).append(row.name)
    for part, versions in components.items():
        cleared = tuple(dict.fromkeys(name for names in versions.values() for name in names))
        yield Remedy(part, cleared, tuple((version, tuple(names)) for version, names in sorted(versions.items())))


def _others(reasons: Sequence[Reason], upgraded: set[str], names: Mapping[str, str]) -> Iterable[Remedy]:
    sentences: dict[str, list[str]] = {}
    for reason in reasons:
        if reason.fix and not (reason.concerns and upgraded.issuperset(reason.concerns)):
            sentences.setdefault(reason.fix, []).extend(names.get(key, key) for key in reason.concerns)
    for sentence, cleared in sentences.items():
        yield Remedy(sentence, tuple(dict.fromkeys(cleared)))


def _reports(decision: GateDecision, view: DecisionView) -> Mapping[str, str]:
    """Return the page of each report by its digest, where this tenant still has it."""
    evidence = msgspec.convert(view.body["evidence"], _Evidence)
    digests = [source.digest for source in evidence.sources]
    rows = Report.objects.filter(artifact=decision.artifact_id, digest__in=digests).values_list("digest", "pk")
    return {report_digest: str(pk) for report_digest, pk in rows}
