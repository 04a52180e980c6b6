"""Checks broken on purpose, one way each: what a tired hand might write."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from gates.checks import chain, reading, release_aggregate
from gates.checks.base import (
    CheckInput,
    CheckKind,
    CheckResult,
    ConnectionState,
    ExceptionState,
    FeedName,
    FeedState,
    Outcome,
    ScanState,
)
from gates.checks.registry import REGISTRY
from policies.excepting import Held
from policies.language.facts import FactValue
from policies.language.verdict import Status
from stellapolicy.kernel.severity import Severity
from tests.gates.checks.releases import PASSING

Run = Callable[[CheckInput, Any], CheckResult]
Break = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Mutant:
    """One way to break a check; `law` names the law that must notice, if one can, `fact` where to look for it."""

    title: str
    check: CheckKind
    apply: Break
    law: str | None = None
    fact: str | None = None


def _running(kind: CheckKind, broken: Callable[[Run], Run]) -> Break:
    """Replace what the registry runs for a kind."""
    entry = REGISTRY[kind]
    entries = {**REGISTRY, kind: replace(entry, run=broken(entry.run))}
    return lambda patch: patch.setattr(chain, "REGISTRY", entries)


def _seeing(kind: CheckKind, distorted: Callable[[CheckInput], CheckInput]) -> Break:
    """Let a check see something else than what it is given."""
    return _running(kind, lambda run: lambda subject, options: run(distorted(subject), options))


def _wishing(kind: CheckKind, **changes: object) -> Break:
    """Let a check take other options than those it is given."""
    return _running(kind, lambda run: lambda subject, options: run(subject, replace(options, **changes)))


def _assuming(path: str, value: FactValue) -> Callable[[CheckInput], CheckInput]:
    """Take a fact that is unknown for a value."""

    def distorted(subject: CheckInput) -> CheckInput:
        known = tuple(replace(one, facts={path: value, **one.facts}) for one in subject.findings)
        return replace(subject, findings=known)

    return distorted


def _without(path: str) -> Callable[[CheckInput], CheckInput]:
    """Forget a fact."""

    def distorted(subject: CheckInput) -> CheckInput:
        return replace(
            subject,
            findings=tuple(
                replace(one, facts={name: value for name, value in one.facts.items() if name != path})
                for one in subject.findings
            ),
        )

    return distorted


def _counting_the_dismissed(subject: CheckInput) -> CheckInput:
    return replace(
        subject,
        findings=tuple(
            replace(one, verdict=replace(one.verdict, status=Status.PASS))
            if one.verdict.status is Status.IGNORED
            else one
            for one in subject.findings
        ),
    )


def _unknown_is_none(subject: CheckInput) -> CheckInput:
    return replace(
        subject,
        findings=tuple(
            replace(one, verdict=replace(one.verdict, severity=Severity.NONE))
            if one.verdict.severity is Severity.UNKNOWN
            else one
            for one in subject.findings
        ),
    )


def _nothing_undecided(subject: CheckInput) -> CheckInput:
    decided = tuple(replace(one, verdict=replace(one.verdict, undecided=False)) for one in subject.findings)
    return replace(subject, findings=decided)


def _scan_is(state: ScanState) -> Callable[[CheckInput], CheckInput]:
    def distorted(subject: CheckInput) -> CheckInput:
        if subject.evidence.scan is not state:
            return subject
        return replace(subject, evidence=replace(subject.evidence, scan=ScanState.COMPLETE))

    return distorted


def _scanned_just_now(subject: CheckInput) -> CheckInput:
    return replace(subject, evidence=replace(subject.evidence, scanned_at=subject.evidence.scanned_at or subject.at))


def _feeds(change: Callable[[FeedState, datetime], FeedState]) -> Callable[[CheckInput], CheckInput]:
    def distorted(subject: CheckInput) -> CheckInput:
        return replace(subject, feeds={name: change(subject.feed(name), subject.at) for name in FeedName})

    return distorted


def _failed_is_absent(feed: FeedState, _: datetime) -> FeedState:
    gone = replace(feed, state=ConnectionState.NOT_CONFIGURED)
    return gone if feed.state is ConnectionState.FAILED else feed


def _model_of_the_check(feed: FeedState, _: datetime) -> FeedState:
    return replace(feed, model_date=feed.checked_at.date() if feed.checked_at else feed.model_date)


def _everything_connected(feed: FeedState, at: datetime) -> FeedState:
    return replace(feed, state=ConnectionState.FRESH, checked_at=feed.checked_at or at)


def _exceptions(change: Callable[[ExceptionState], ExceptionState]) -> Callable[[CheckInput], CheckInput]:
    return lambda subject: replace(subject, exceptions=tuple(map(change, subject.exceptions)))


def _window_that_closes(run: Run) -> Run:
    """Believe that waiting helps: what is due long ago is forgotten."""

    def broken(subject: CheckInput, options: object) -> CheckResult:
        kept = tuple(
            one
            for one in subject.findings
            if (due := reading.instant_fact(one, "kev.due_date")) is None or subject.at - due < timedelta(days=7)
        )
        return run(replace(subject, findings=kept), options)

    return broken


def _strictly_above(subject: CheckInput) -> CheckInput:
    below = 1e-9
    lowered = tuple(
        replace(one, facts={**one.facts, "epss.score": score - below})
        if (score := reading.number_fact(one, "epss.score")) is not None
        else one
        for one in subject.findings
    )
    return replace(subject, findings=lowered)


def _one_more_allowed(number: int, limit: int) -> Outcome:
    return Outcome.BLOCK if number > limit + 1 else _JUDGE(number, limit + 1)


def _never_near(number: int, limit: int) -> Outcome:
    return Outcome.BLOCK if number > limit else Outcome.PASS


def _patched(target: object, name: str, value: object) -> Break:
    return lambda patch: patch.setattr(target, name, value)


_JUDGE = release_aggregate.judge
_FACT = "an unknown fact is never better than any known value"
_SEVERITY = "an unknown severity is never better than any known one"
_SCAN = "removing the scan never improves"
_FEED = "losing a feed never improves"
_DISMISSAL = "a dismissal never worsens, withdrawing it never improves"
_LATER = "a later instant never opens a closed gate"
_MORE = "one more finding never improves"
_K = CheckKind

MUTANTS = (
    Mutant("forgets doubt", _K.POLICY_VERDICT, _seeing(_K.POLICY_VERDICT, _nothing_undecided)),
    Mutant("ignores release rules", _K.POLICY_VERDICT,
           _seeing(_K.POLICY_VERDICT, lambda subject: replace(subject, release=PASSING))),
    Mutant("counts the dismissed", _K.POLICY_VERDICT,
           _running(_K.POLICY_VERDICT, lambda run: lambda subject, options: replace(
               run(subject, options), outcome=Outcome.BLOCK if any(
                   one.verdict.status is Status.IGNORED for one in subject.findings) else Outcome.PASS)), _DISMISSAL),
    Mutant("looks at the last finding only", _K.POLICY_VERDICT, _seeing(_K.POLICY_VERDICT, lambda subject: replace(
        subject, findings=subject.findings[-1:])), _MORE),
    Mutant("takes a part for the whole", _K.EVIDENCE_COMPLETENESS,
           _seeing(_K.EVIDENCE_COMPLETENESS, _scan_is(ScanState.PARTIAL))),
    Mutant("takes another artifact's report", _K.EVIDENCE_COMPLETENESS,
           _seeing(_K.EVIDENCE_COMPLETENESS, _scan_is(ScanState.SUBJECT_MISMATCH))),
    Mutant("takes an unreadable report", _K.EVIDENCE_COMPLETENESS,
           _seeing(_K.EVIDENCE_COMPLETENESS, _scan_is(ScanState.UNREADABLE))),
    Mutant("takes the unscanned for clean", _K.EVIDENCE_COMPLETENESS,
           _seeing(_K.EVIDENCE_COMPLETENESS, _scan_is(ScanState.UNSCANNED))),
    Mutant("takes an undated scan for today's", _K.EVIDENCE_FRESHNESS,
           _seeing(_K.EVIDENCE_FRESHNESS, _scanned_just_now), _SCAN),
    Mutant("takes a failed feed for none", _K.EVIDENCE_FRESHNESS,
           _seeing(_K.EVIDENCE_FRESHNESS, _feeds(_failed_is_absent)), _FEED),
    Mutant("dates EPSS by its check", _K.EVIDENCE_FRESHNESS,
           _seeing(_K.EVIDENCE_FRESHNESS, _feeds(_model_of_the_check))),
    Mutant("always takes the site for sealed", _K.EVIDENCE_FRESHNESS,
           _seeing(_K.EVIDENCE_FRESHNESS, lambda subject: replace(subject, is_sealed=True))),
    Mutant("stops the clock", _K.EVIDENCE_FRESHNESS,
           _seeing(_K.EVIDENCE_FRESHNESS, lambda subject: replace(subject, at=min(
               [subject.at, subject.evidence.scanned_at or subject.at])))),
    Mutant("takes the unlisted and the unknown for one", _K.KEV_BLOCKER,
           _seeing(_K.KEV_BLOCKER, _assuming("kev.listed", value=False)), _FACT, "kev.listed"),
    Mutant("counts the dismissed", _K.KEV_BLOCKER, _seeing(_K.KEV_BLOCKER, _counting_the_dismissed)),
    Mutant("takes a missing due date for a distant one", _K.KEV_BLOCKER,
           _seeing(_K.KEV_BLOCKER, _assuming("kev.due_date", datetime.fromisoformat("2099-01-01T00:00:00Z"))), _FACT,
           "kev.due_date"),
    Mutant("forgets what is long overdue", _K.KEV_BLOCKER, _running(_K.KEV_BLOCKER, _window_that_closes), _LATER),
    Mutant("holds a missing feed against findings", _K.KEV_BLOCKER,
           _seeing(_K.KEV_BLOCKER, _feeds(_everything_connected))),
    Mutant("knows no due date", _K.KEV_BLOCKER, _seeing(_K.KEV_BLOCKER, _without("kev.due_date"))),
    Mutant("takes an unknown score for none", _K.EPSS_THRESHOLD,
           _seeing(_K.EPSS_THRESHOLD, _assuming("epss.score", 0.0)), _FACT, "epss.score"),
    Mutant("counts the dismissed", _K.EPSS_THRESHOLD, _seeing(_K.EPSS_THRESHOLD, _counting_the_dismissed)),
    Mutant("asks for more than the threshold", _K.EPSS_THRESHOLD, _seeing(_K.EPSS_THRESHOLD, _strictly_above)),
    Mutant("holds a missing feed against findings", _K.EPSS_THRESHOLD,
           _seeing(_K.EPSS_THRESHOLD, _feeds(_everything_connected))),
    Mutant("gives KEV a grace", _K.EPSS_THRESHOLD,
           _seeing(_K.EPSS_THRESHOLD, lambda subject: _assuming("kev.listed", value=False)(
               _without("kev.listed")(subject)))),
    Mutant("takes an unknown severity for none", _K.CVSS_THRESHOLD,
           _seeing(_K.CVSS_THRESHOLD, _unknown_is_none), _SEVERITY),
    Mutant("counts the dismissed", _K.CVSS_THRESHOLD, _seeing(_K.CVSS_THRESHOLD, _counting_the_dismissed)),
    Mutant("is off everywhere", _K.CVSS_THRESHOLD, _wishing(_K.CVSS_THRESHOLD, block_at=None, warn_at=None)),
    Mutant("judges by the score whatever it is told", _K.CVSS_THRESHOLD,
           _wishing(_K.CVSS_THRESHOLD, basis="severity")),
    Mutant("takes an unknown fix state for none", _K.CVSS_THRESHOLD,
           _seeing(_K.CVSS_THRESHOLD, _assuming("advisory.fix_available", value=False))),
    Mutant("takes an unknown age for youth", _K.CVSS_THRESHOLD,
           _seeing(_K.CVSS_THRESHOLD, _assuming("vuln.published", datetime.fromisoformat("2099-01-01T00:00:00Z")))),
    Mutant("takes an unknown severity for none", _K.RELEASE_AGGREGATE,
           _seeing(_K.RELEASE_AGGREGATE, _unknown_is_none), _SEVERITY),
    Mutant("counts the dismissed", _K.RELEASE_AGGREGATE,
           _seeing(_K.RELEASE_AGGREGATE, _counting_the_dismissed)),
    Mutant("takes an unknown fix state for none", _K.RELEASE_AGGREGATE,
           _seeing(_K.RELEASE_AGGREGATE, _assuming("advisory.fix_available", value=False)), _FACT,
           "advisory.fix_available"),
    Mutant("takes an unknown kind for a component", _K.RELEASE_AGGREGATE,
           _seeing(_K.RELEASE_AGGREGATE, _assuming("finding.kind", "component")), _FACT, "finding.kind"),
    Mutant("allows one more", _K.RELEASE_AGGREGATE, _patched(release_aggregate, "judge", _one_more_allowed)),
    Mutant("never warns", _K.RELEASE_AGGREGATE, _patched(release_aggregate, "judge", _never_near)),
    Mutant("counts what has no fix in production", _K.RELEASE_AGGREGATE,
           _wishing(_K.RELEASE_AGGREGATE, only_fixable=False)),
    Mutant("forgets who asked for a block", _K.EXCEPTION_RECHECK,
           _seeing(_K.EXCEPTION_RECHECK, _exceptions(lambda one: replace(
               one, held=Held.REVOKED if one.held is Held.BLOCKED else one.held)))),
    Mutant("takes what is void for what applies", _K.EXCEPTION_RECHECK,
           _seeing(_K.EXCEPTION_RECHECK, _exceptions(lambda one: replace(one, held=None)))),
    Mutant("forgets the grace", _K.EXCEPTION_RECHECK,
           _seeing(_K.EXCEPTION_RECHECK, _exceptions(lambda one: replace(one, grace_until=None)))),
    Mutant("holds up what would ship without it", _K.EXCEPTION_RECHECK,
           _seeing(_K.EXCEPTION_RECHECK, _exceptions(lambda one: replace(one, weight=Outcome.BLOCK)))),
)  # fmt: skip
