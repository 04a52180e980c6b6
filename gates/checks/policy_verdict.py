"""policy_verdict: what the policy says of each finding and of the release, weighed for the environment."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from gates.checks import reading
from gates.checks.base import CheckInput, CheckKind, CheckResult, Excuse, JudgedFinding, Outcome, Reason, Response, Tier
from gates.checks.options import choice, option
from policies.language.verdict import ReleaseReason, ReleaseVerdict, Status, Verdict

_UNDECIDED = "policy.undecided"
_SILENT = frozenset({Status.PASS, Status.IGNORED})
_FIXES = {
    Status.REQUIRES_VEX: "Provide the VEX statement that the policy asks for.",
    Status.ESCALATED: "Ask the role it is escalated to for a release.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyVerdictOptions:
    """What the two statuses weigh that wait for somebody: a vendor's statement, a release by a role."""

    requires_vex: Response = field(metadata=option(choice(Response)))
    escalated: Response = field(metadata=option(choice(Response)))


def defaults(tier: Tier) -> PolicyVerdictOptions:
    """Return the shipped options: both block in production and warn elsewhere."""
    response = Response.BLOCK if tier is Tier.PRODUCTION else Response.WARN
    return PolicyVerdictOptions(requires_vex=response, escalated=response)


def check(subject: CheckInput, options: PolicyVerdictOptions) -> CheckResult:
    """Give a reason for every finding the policy does not simply pass, and for every release rule that spoke."""
    outcomes = _outcomes(options)
    reasons = [
        _of_finding(finding, outcomes)
        for finding in subject.findings
        if finding.verdict.undecided or finding.verdict.status not in _SILENT
    ]
    reasons.extend(_of_release(subject, outcomes))
    return CheckResult.because(CheckKind.POLICY_VERDICT, reasons)


_Outcomes = dict[Status, Outcome]


def _outcomes(options: PolicyVerdictOptions) -> _Outcomes:
    return {
        Status.IGNORED: Outcome.PASS,
        Status.PASS: Outcome.PASS,
        Status.GUARDED_PASS: Outcome.PASS_WITH_NOTE,
        Status.WARNED: Outcome.WARN,
        Status.DEFERRED: Outcome.WARN,
        Status.ESCALATED: options.escalated.outcome,
        Status.REQUIRES_VEX: options.requires_vex.outcome,
        Status.BLOCKED: Outcome.BLOCK,
    }


def _heavier(left: Outcome, right: Outcome) -> Outcome:
    return max(left, right, key=lambda outcome: outcome.rank)


def _of_finding(finding: JudgedFinding, outcomes: _Outcomes) -> Reason:
    """Weigh one verdict; what the policy could not decide for lack of a fact warns at least."""
    verdict, excuse = finding.verdict, finding.excuse
    outcome = outcomes[verdict.status]
    return Reason(
        code=_code(verdict),
        text=f"{reading.subject_of(finding)}: {_words(verdict)}{_excuse(verdict, excuse)}",
        outcome=_heavier(outcome, Outcome.WARN) if verdict.undecided else outcome,
        finding=finding.key,
        value=verdict.status.value,
        evidence=_rules(verdict.rule) + tuple(verdict.unknown_facts) + _names(excuse),
        fix=_FIXES.get(verdict.status) or reading.remedy_of(finding),
    )


def _excuse(verdict: Verdict, excuse: Excuse | None) -> str:
    """Return what an exception makes of it; the words before are those of the policy."""
    return "" if excuse is None else f" {excuse.text}: {verdict.status.value.replace('_', ' ')}."


def _code(verdict: Verdict) -> str:
    if verdict.undecided:
        return _UNDECIDED
    return verdict.code.value if verdict.code else f"policy.{verdict.status}"


def _words(verdict: Verdict) -> str:
    because = verdict.because or "; ".join(verdict.messages) or f"the policy says {verdict.status}"
    rule = f" (rule {verdict.rule})" if verdict.rule else ""
    if not verdict.undecided:
        return f"{because}{rule}."
    missing = ", ".join(verdict.unknown_facts) or "a fact"
    return f"undecided, {missing} is not known{rule}; the policy then says {verdict.status}."


def _rules(rule: str | None) -> tuple[str, ...]:
    return (rule,) if rule else ()


def _names(excuse: Excuse | None) -> tuple[str, ...]:
    return () if excuse is None else (excuse.id,)


def _of_release(subject: CheckInput, outcomes: _Outcomes) -> Iterator[Reason]:
    """Give the release rules that spoke; together they weigh no less than the release's own verdict."""
    release = subject.release
    floor = _heavier(outcomes[release.status], Outcome.WARN) if release.undecided else outcomes[release.status]
    reasons = [_of_release_rule(reason, subject, outcomes, floor) for reason in release.reasons]
    yield from reasons
    if all(reason.outcome.rank < floor.rank for reason in reasons) and floor is not Outcome.PASS:
        yield _summary(release, floor)


def _of_release_rule(rule: ReleaseReason, subject: CheckInput, outcomes: _Outcomes, floor: Outcome) -> Reason:
    outcome = outcomes[rule.status] if rule.certain else min(floor, outcomes[rule.status], key=lambda one: one.rank)
    counted = tuple(subject.findings[place].key for place in rule.findings if place < len(subject.findings))
    doubt = "" if rule.certain else f"; undecided, {', '.join(rule.unknown_facts) or 'a fact'} is not known"
    return Reason(
        code=f"policy.release_{rule.status}" if rule.certain else _UNDECIDED,
        text=f"The release: {rule.because or 'a release rule matched'} (rule {rule.rule}){doubt}.",
        outcome=outcome,
        value=len(counted),
        findings=tuple(sorted(counted)),
        evidence=(rule.rule, *rule.unknown_facts),
    )


def _summary(release: ReleaseVerdict, outcome: Outcome) -> Reason:
    because = release.because or "; ".join(release.messages) or f"the policy says {release.status}"
    return Reason(
        code=_UNDECIDED if release.undecided else f"policy.release_{release.status}",
        text=f"The release: {because}.",
        outcome=outcome,
        value=release.status.value,
        evidence=_rules(release.rule) + tuple(release.unknown_facts),
    )
