"""Keeps terms, asks others to agree to them, and puts them in force once they did."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from exceptions import ports
from exceptions.errors import ConditionAlreadyTrue, EvidenceMissing, FactsChanged, TooBroad, WindowOver
from exceptions.matching.first_look import scope_keys
from exceptions.matching.scope import Scope
from exceptions.models import Change, ExceptionTerms, PolicyException
from exceptions.rules.conditions import Action
from exceptions.rules.facts import compare
from exceptions.rules.hooks import HookState
from exceptions.rules.recheck import already_true
from exceptions.rules.vocabulary import ExceptionType, Level, State
from exceptions.selectors import KIND, TARGET, agreed_versions, level_rule, levels
from exceptions.services.drafting import Drafted, judge_level
from exceptions.services.hooks import evidence_report, signed_evidence_is_missing
from exceptions.services.judging import fired_today, look_at
from exceptions.services.seats import quorum_of
from stellapolicy.audit.services import Target
from stellapolicy.governance.models import ApprovalRequest
from stellapolicy.governance.services.approvals import request_approval
from stellapolicy.kernel import digest
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.kernel.severity import RANKS, Severity
from stellapolicy.tenancy.models import Environment, Tier


def keep_terms(
    exception: PolicyException, drafted: Drafted, *, change: Change, actor: Actor, at: datetime
) -> ExceptionTerms:
    """Write what was asked for as the newest terms of an exception that is held or new."""
    asked = drafted.asked
    content: dict[str, JsonValue] = {
        "tenant": str(exception.tenant_id),
        "exception": exception.number,
        "type": asked.type.value,
        "reason": asked.reason.value,
        "kind": drafted.kind.value,
        "scope": asked.scope.to_json(),
        "effect": drafted.effect.value,
        "starts_at": rfc3339(drafted.starts_at),
        "expires_at": rfc3339(asked.expires_at),
        "rationale": asked.rationale,
        "controls": list(asked.controls),
        "conditions": [one.to_json() for one in drafted.conditions],
        "seen": [one.to_json() for one in drafted.seen],
        "counts": _counts(drafted),
        "level": drafted.judged.level.value,
        "steps": [{"value": step.value, "why": step.why} for step in drafted.judged.steps],
    }
    terms = ExceptionTerms(
        exception=exception,
        version=exception.versions.count() + 1,
        change=change,
        scope=content["scope"],
        scope_digest=asked.scope.digest,
        effect=drafted.effect.value,
        starts_at=drafted.starts_at,
        expires_at=asked.expires_at,
        rationale=asked.rationale,
        controls=content["controls"],
        conditions=content["conditions"],
        seen=content["seen"],
        counts=content["counts"],
        level=drafted.judged.level.value,
        steps=content["steps"],
        digest=digest.of_json(content),
        proposed_by=actor.subject,
        person=actor.person,
        at=at,
    )
    terms.save(force_insert=True)
    agreed = agreed_versions(exception).values_list("counts__within", flat=True)
    exception.reach = reach_of([*agreed, terms.counts["within"]])
    exception.asked = terms
    return terms


def ask(
    exception: PolicyException,
    drafted: Drafted,
    *,
    actor: Actor,
    at: datetime,
    patience: timedelta | None = None,
    instead_of: ApprovalRequest | None = None,
) -> ApprovalRequest:
    """Ask for consent to the newest terms; at level A0 they take effect at once.

    patience: what is left of the time to decide, where the clock had stopped. instead_of: the request that asked for
    more, where an approver lessened it.
    """
    terms = _newest(exception)
    renewal = _is_mere_renewal(exception, terms)
    rule = quorum_of(
        drafted.rule,
        within=drafted.within,
        concerned=drafted.coverage.services,
        excluded=_authors(drafted.asked.scope) | _proposers(exception),
        one_is_enough=renewal,
    )
    return request_approval(
        actor=actor,
        kind=KIND,
        target=Target(TARGET, str(terms.pk)),
        payload=payload_of(exception, terms),
        rule=rule,
        reason=terms.rationale,
        at=at,
        expires_at=at + patience if patience is not None else None,
        instead_of=instead_of,
    )


def payload_of(exception: PolicyException, terms: ExceptionTerms) -> dict[str, JsonValue]:
    """Return what votes are over: everything that will hold, the facts by their digest."""
    return {
        "exception": exception.number,
        "change": terms.change,
        "type": exception.type,
        "reason": exception.reason,
        "effect": terms.effect,
        "scope": terms.scope,
        "starts_at": rfc3339(terms.starts_at),
        "expires_at": rfc3339(terms.expires_at),
        "rationale": terms.rationale,
        "controls": terms.controls,
        "conditions": terms.conditions,
        "ticket": terms.counts.get("ticket", exception.ticket),
        "level": terms.level,
        "seen_digest": digest.of_json(terms.seen),
        "terms_digest": terms.digest,
        "replaces": exception.terms.digest if exception.terms is not None else None,
    }


def put_in_force(exception: PolicyException, *, at: datetime) -> None:
    """Let the newest terms hold from now on; the caller holds the exception and has seen them approved."""
    terms = _newest(exception)
    exception.terms = terms
    exception.approved_at = at
    exception.ticket = str(terms.counts.get("ticket", exception.ticket))
    exception.first_approved_at = exception.first_approved_at or at
    exception.grace_until, exception.blocks = None, False
    exception.grace_told = False
    exception.held_because, exception.warned_of, exception.owner_asked_at = [], [], None
    mirror(exception, terms)


def mirror(exception: PolicyException, terms: ExceptionTerms) -> None:
    """Show the terms that count in the columns that lists and the matcher's first look read."""
    scope = terms.selector()
    exception.effect, exception.level = terms.effect, terms.level
    exception.severity = str(terms.counts.get("severity", Severity.UNKNOWN))
    exception.vulnerabilities = list(scope.vulnerabilities)
    exception.packages = scope_keys(scope)
    exception.rules = list(scope.rules)
    exception.services, exception.environments = list(scope.services), list(scope.environments)
    exception.service_ids = list(terms.counts.get("within", []))
    exception.artifact_count = int(terms.counts.get("artifacts", 0))
    exception.service_count = int(terms.counts.get("services", 0))
    exception.starts_at, exception.expires_at = terms.starts_at, terms.expires_at


def refuse_what_moved(exception: PolicyException, terms: ExceptionTerms, *, at: datetime) -> None:
    """Refuse to let terms hold that nobody would have asked for, or agreed to, knowing what is known today."""
    if terms.expires_at <= at:
        raise WindowOver(f"it was asked for until {rfc3339(terms.expires_at)}")
    scope, seen = terms.selector(), terms.seen_facts()
    coverage, around = look_at([(terms, ExceptionType(exception.type))], at=at)[terms.pk]
    if not coverage.complete:
        raise TooBroad("it covers more by now than anybody can look at; ask for less")
    for condition in already_true(terms.recheck_policy(), seen=coverage.seen):
        raise ConditionAlreadyTrue(f"it would be void at once: {condition.kind} {condition.threshold}".strip())
    worse = [one for one in fired_today(terms, coverage, around, at=at) if one.action is not Action.WARN]
    judged = judge_level(coverage, production=reaches_production(scope))
    if not worse and _rank(judged.level) <= _rank(Level(terms.level)):
        return
    changes = (
        f"{one.field} of {one.vulnerability or one.package}: {one.before} to {one.now}"
        for one in compare(seen, coverage.seen)
        if one.worse
    )
    said = "; ".join([*(one.in_words() for one in worse), *changes][:5]) or f"its level is {judged.level.upper()} now"
    raise FactsChanged(f"look again: {said}. Whoever asked must ask anew with the facts of today")


def _rank(level: Level) -> int:
    return tuple(Level).index(level)


def refuse_missing_evidence(exception: PolicyException, terms: ExceptionTerms, *, at: datetime) -> None:
    """Refuse where the level asks for evidence that is not there."""
    rule = level_rule(Level(terms.level), levels())
    reports = evidence_report(exception, terms, at=at)
    unmet = [one for one in reports if one.mandatory and one.state is not HookState.MET]
    if unmet:
        raise EvidenceMissing("; ".join(f"{one.name}: {one.why}" for one in unmet))
    if rule.needs_signed_evidence and signed_evidence_is_missing(exception, at=at):
        raise EvidenceMissing(f"level {terms.level.upper()} needs evidence with a signature that verifies")


def reaches_production(scope: Scope) -> bool:
    """Whether a scope may reach an environment that is production."""
    if not scope.environments:
        return True
    return Environment.objects.filter(slug__in=scope.environments, tier=Tier.PRODUCTION).exists()


def _newest(exception: PolicyException) -> ExceptionTerms:
    if exception.asked is None:
        raise ValueError(f"{exception.number} has no terms")
    return exception.asked


def _is_mere_renewal(exception: PolicyException, terms: ExceptionTerms) -> bool:
    """Whether only the end moves, of something that nobody would see differently today.

    INVARIANT: what is being revalidated is no renewal: something got worse.
    """
    held = exception.terms
    if held is None or exception.state != State.ACTIVE or terms.change != Change.EXTENSION:
        return False
    agreed, wanted = (
        (one.scope_digest, one.effect, one.conditions, one.controls, one.level, one.counts.get("ticket"))
        for one in (held, terms)
    )
    return agreed == wanted and not any(one.worse for one in compare(held.seen_facts(), terms.seen_facts()))


def _proposers(exception: PolicyException) -> frozenset[str]:
    """Return whoever asked for the exception, and for anything in the terms that wait: none of them decides.

    An approver who lessened what others asked for proposed nothing.
    """
    newest = exception.versions.exclude(change=Change.NARROWED)
    if exception.terms is not None:
        newest = newest.filter(version__gt=exception.terms.version)
    return frozenset({exception.person, *newest.values_list("person", flat=True)})


def _authors(scope: Scope) -> frozenset[str]:
    """Return who wrote the rules that a scope names: they do not decide about exceptions from them."""
    return ports.estate().authors_of(scope.rules) if scope.rules else frozenset()


def reach_of(places: Iterable[Sequence[str]]) -> list[UUID]:
    """Return the services within which all of several terms stayed; none where any of them could reach any service.

    INVARIANT: whoever may read an exception may read all that it ever did.
    """
    kept = list(places)
    return sorted({UUID(one) for within in kept for one in within}) if all(kept) else []


def _counts(drafted: Drafted) -> Mapping[str, JsonValue]:
    known = [Severity(one.severity) for one in drafted.seen]
    worst = max(known, key=lambda severity: RANKS[severity], default=Severity.UNKNOWN)
    return {
        "artifacts": drafted.coverage.breadth.artifacts,
        "services": drafted.coverage.breadth.services,
        "findings": len(drafted.coverage.findings),
        "unknowns": drafted.coverage.unknowns,
        "severity": worst.value,
        "within": [str(service) for service in drafted.within],
        "ticket": drafted.asked.ticket.strip(),
        "known": [list(pair) for pair in drafted.known],
        "digests": {
            **drafted.coverage.digests,
            **{f"program_{environment}": found for environment, found in ports.estate().programs().items()},
        },
    }
