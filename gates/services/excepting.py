"""What a decision reads of exceptions before it is made, and what it writes back to them afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from exceptions.matching.first_look import finding_keys
from exceptions.matching.standing import StandingException
from exceptions.models import PolicyException
from exceptions.selectors import standing_about, standing_form
from exceptions.services.applications import Applied, record_applications
from exceptions.services.recheck import hold_fired
from gates.deciding.decide import Decided
from gates.deciding.inputs import FrozenInputs
from gates.models import GateDecision
from policies.evidence.excepting import names_of
from policies.evidence.snapshot import StoredFinding
from policies.excepting import narrowed, vulnerabilities_of
from stellapolicy.kernel.actor import Actor

Rows = Mapping[str, PolicyException]


def standing_exceptions(
    findings: Sequence[StoredFinding], *, environment: str, service: str, at: datetime, now: datetime
) -> dict[str, PolicyException]:
    """Return by number what was approved and may concern a release, in one read; none for one without findings.

    INVARIANT: what has ended is left out, whether or not a worker recorded its end; and whoever chooses the instant
    `at` they ask about revives and begins nothing: it must run at that instant and now.
    """
    if not findings:
        return {}
    rows = standing_about(
        {name for stored in findings for name in names_of(stored)},
        finding_keys(stored.purl for stored in findings),
        environment=environment,
        service=service,
    )
    return {row.number: row for row in rows if row.expires_at > max(at, now) and row.starts_at <= now}


def frozen_form(
    rows: Rows, findings: Sequence[StoredFinding], *, at: datetime, now: datetime
) -> tuple[StandingException, ...]:
    """Return exceptions the way a decision about the instant `at`, made now, freezes them, by number."""
    names = vulnerabilities_of(findings)
    return tuple(narrowed(_as_of(standing_form(rows[number]), at=at, now=now), names) for number in sorted(rows))


def _as_of(exception: StandingException, *, at: datetime, now: datetime) -> StandingException:
    """Return an exception whose grace, where it is over now, was over at the instant asked about too."""
    until = exception.grace_until
    return exception if until is None or until > now else replace(exception, grace_until=min(until, at))


def write_back(
    *,
    actor: Actor,
    decision: GateDecision,
    decided: Decided,
    inputs: FrozenInputs,
    rows: Rows,
    is_present: bool,
    at: datetime,
) -> None:
    """Record every finding that an exception changed, and let what became worse take effect with this decision.

    is_present: whether the present evidence was judged, as of now. INVARIANT: a decision about anything else, which
    whoever asks may choose, is judged by the conditions and changes no exception.
    """
    record_applications(
        [
            Applied(
                exception=rows[one.exception].pk,
                terms=_terms(rows[one.exception]),
                finding=one.finding,
                raw_status=one.raw_status,
                status=one.status,
                effect=one.effect,
            )
            for one in decided.applied
        ],
        run=decision.pk,
        artifact_digest=inputs.subject.digest,
        environment=inputs.place.name,
        program_digest=inputs.program_digest,
        is_present=is_present,
        at=at,
    )
    if decided.worsened and is_present:
        terms = {one.id: one.terms_digest for one in inputs.exceptions or ()}
        found = {(number, terms[number]): fired for number, fired in decided.worsened.items()}
        hold_fired(tenant_id=actor.tenant_id, found=found, at=at)


def _terms(exception: PolicyException) -> UUID:
    if exception.terms_id is None:
        raise AssertionError(f"{exception.number} stands without terms")
    return exception.terms_id
