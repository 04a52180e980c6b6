"""The laws: pairs of releases of which the second may never be judged more mildly than the first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from hypothesis import strategies as st

from gates.checks.base import CheckInput, ConnectionState, FeedState, JudgedFinding, ScanState
from gates.checks.exit_codes import Decision
from policies.language.verdict import Status
from stellapolicy.kernel.severity import Severity
from tests.gates.checks.generated import FACTS, SEVERITIES, STATUSES, findings, releases

Pair = tuple[CheckInput, CheckInput]
Holds = Callable[[Decision, Decision], bool]
_ORDER = {Decision.PASS: 0, Decision.WARN: 1, Decision.BLOCK: 2}


def _never_milder(before: Decision, after: Decision) -> bool:
    return _ORDER[after] >= _ORDER[before]


def _block_stays(before: Decision, after: Decision) -> bool:
    return before is not Decision.BLOCK or after is Decision.BLOCK


@dataclass(frozen=True)
class Law:
    """A law of gates: the pairs it speaks of, and what must hold between their decisions."""

    pairs: st.SearchStrategy[Pair]
    holds: Holds = _never_milder


def _with(subject: CheckInput, place: int, one: JudgedFinding) -> CheckInput:
    found = list(subject.findings)
    found[place] = one
    return replace(subject, findings=tuple(found))


@st.composite
def _a_finding(draw: st.DrawFn) -> tuple[CheckInput, int]:
    subject = draw(releases().filter(lambda one: len(one.findings) > 0))
    return subject, draw(st.integers(0, len(subject.findings) - 1))


@st.composite
def scan_removed(draw: st.DrawFn) -> Pair:
    """The scan is gone, incomplete, of something else, or of unknown date."""
    subject = draw(releases())
    worse = draw(st.sampled_from([state for state in ScanState if state is not ScanState.COMPLETE]))
    subject = replace(subject, evidence=replace(subject.evidence, scan=ScanState.COMPLETE))
    without = draw(
        st.sampled_from(
            [
                replace(subject.evidence, scan=worse),
                replace(subject.evidence, scanned_at=None),
                replace(subject.evidence, scan=ScanState.UNSCANNED, scanned_at=None),
                replace(subject.evidence, is_subject_stated=False),
            ]
        )
    )
    return subject, replace(subject, evidence=without)


def _last_read(feed: FeedState) -> FeedState:
    return replace(feed, state=ConnectionState.FAILED, checked_at=None, model_date=None)


@st.composite
def feed_lost(draw: st.DrawFn) -> Pair:
    """A feed that was connected has nothing to say any more, and the findings lose what it said."""
    subject = draw(releases())
    name = draw(st.sampled_from(sorted(subject.feeds)))
    bare = tuple(
        replace(one, facts={path: value for path, value in one.facts.items() if not path.startswith(f"{name}.")})
        for one in subject.findings
    )
    feeds = {**subject.feeds, name: _last_read(subject.feeds[name])}
    return subject, replace(subject, findings=bare, feeds=feeds)


@st.composite
def fact_forgotten(draw: st.DrawFn, paths: tuple[str, ...] = tuple(sorted(FACTS))) -> Pair:
    """One fact of one finding is known in the first release, whatever it says, and unknown in the second."""
    subject, place = draw(_a_finding())
    path = draw(st.sampled_from(paths))
    one = subject.findings[place]
    if path == "kev.due_date":  # says nothing of what is not listed
        one = replace(one, facts={**one.facts, "kev.listed": True})
    known = replace(one, facts={**one.facts, path: draw(FACTS[path])})
    unknown = replace(one, facts={name: value for name, value in one.facts.items() if name != path})
    return _with(subject, place, known), _with(subject, place, unknown)


def _rated(one: JudgedFinding, severity: Severity) -> JudgedFinding:
    facts = {path: value for path, value in one.facts.items() if path != "severity.normalized"}
    stated = {} if severity is Severity.UNKNOWN else {"severity.normalized": severity.value}
    return replace(one, facts={**facts, **stated}, verdict=replace(one.verdict, severity=severity))


@st.composite
def severity_forgotten(draw: st.DrawFn) -> Pair:
    """The severity of one finding is known in the first release and unknown in the second."""
    subject, place = draw(_a_finding())
    one = subject.findings[place]
    known = _rated(one, draw(SEVERITIES))
    return _with(subject, place, known), _with(subject, place, _rated(one, Severity.UNKNOWN))


@st.composite
def asked_later(draw: st.DrawFn) -> Pair:
    """The same release, asked about later."""
    subject = draw(releases())
    return subject, replace(subject, at=subject.at + timedelta(hours=draw(st.integers(1, 24 * 90))))


@st.composite
def finding_added(draw: st.DrawFn) -> Pair:
    """One more finding."""
    subject = draw(releases(STATUSES))
    return subject, replace(subject, findings=(*subject.findings, draw(findings(STATUSES))))


def _judged(one: JudgedFinding, status: Status) -> JudgedFinding:
    return replace(one, verdict=replace(one.verdict, status=status, worst=status))


@st.composite
def dismissal_withdrawn(draw: st.DrawFn) -> Pair:
    """A dismissal that was accepted is withdrawn; read backwards, a dismissal is added."""
    subject, place = draw(_a_finding())
    one = subject.findings[place]
    status = draw(STATUSES)
    return _with(subject, place, _judged(one, Status.IGNORED)), _with(subject, place, _judged(one, status))


@st.composite
def policy_stricter(draw: st.DrawFn) -> Pair:
    """The policy says something more restrictive of one finding."""
    subject, place = draw(_a_finding())
    one = subject.findings[place]
    milder, stricter = sorted([draw(STATUSES), draw(STATUSES)], key=lambda status: status.restrictiveness)
    return _with(subject, place, _judged(one, milder)), _with(subject, place, _judged(one, stricter))


@st.composite
def policy_undecided(draw: st.DrawFn) -> Pair:
    """The policy lacks a fact, and the pack asks for the status it would otherwise have reached."""
    subject, place = draw(_a_finding())
    one = subject.findings[place]
    doubtful = replace(one, verdict=replace(one.verdict, undecided=True))
    return subject, _with(subject, place, doubtful)


LAWS: Mapping[str, Law] = {
    "removing the scan never improves": Law(scan_removed()),
    "losing a feed never improves": Law(feed_lost()),
    "an unknown fact is never better than any known value": Law(fact_forgotten()),
    "an unknown severity is never better than any known one": Law(severity_forgotten()),
    "a later instant never opens a closed gate": Law(asked_later(), _block_stays),
    "one more finding never improves": Law(finding_added()),
    "a dismissal never worsens, withdrawing it never improves": Law(dismissal_withdrawn()),
    "a stricter policy never improves": Law(policy_stricter()),
    "an undecided verdict never improves": Law(policy_undecided()),
}
