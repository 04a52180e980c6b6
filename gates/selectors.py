"""Reads of the gates room."""

from collections.abc import Container
from uuid import UUID

from django.db.models import QuerySet

from gates.checks.exit_codes import Decision, GateMode, Ruling
from gates.errors import DecisionUnknown, JobUnknown, ReportFormatUnknown
from gates.models import GateDecision, GateJob
from gates.reports.view import DecisionView
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import rfc3339

# Whoever may ask a gate may read what it answered.
READ_SCOPE = "gate:read|gate:evaluate"


def decision_by_id(pk: UUID, *, actor: Actor) -> GateDecision:
    """Return a decision with what names it, as far as the actor may read decisions."""
    named = GateDecision.objects.select_related("artifact", "environment", "gate", "snapshot")
    decision = named.visible_to(actor, READ_SCOPE).filter(pk=pk).first()
    if decision is None:
        raise DecisionUnknown(f"{pk} is no decision of this tenant")
    return decision


def decision_json(decision: GateDecision) -> dict[str, JsonValue]:
    """Return the whole answer: the deterministic body, and beside it what names and dates this row."""
    body: dict[str, JsonValue] = decision.body
    return {
        **body,
        "id": str(decision.pk),
        "created_at": rfc3339(decision.created_at),
        "actor": decision.actor,
        "build": decision.build,
        "body_digest": decision.body_digest,
        "links": links_of(decision),
    }


def links_of(decision: GateDecision) -> dict[str, JsonValue]:
    """Return where the decision is found."""
    own = f"/api/v1/gates/decisions/{decision.pk}"
    return {
        "self": own,
        "replay": f"{own}:replay",
        "report": f"{own}/report",
        "explain": f"{own}/explain",
        "page": f"/admin/gates/gatedecision/{decision.pk}/change/",
    }


def decision_view(decision: GateDecision) -> DecisionView:
    """Return a decision in the form reports are made from."""
    return DecisionView.from_json(decision_json(decision))


def report_format(text: str, *, known: Container[str]) -> str:
    """Return a format that exists, or refuse."""
    if text not in known:
        raise ReportFormatUnknown(f"{text[:40]!r} is no format of a decision")
    return text


def jobs_of(actor: Actor) -> QuerySet[GateJob]:
    """Return the jobs that the actor may read, with what they led to."""
    jobs = GateJob.objects.filter(tenant_id=actor.tenant_id).select_related("request")
    services = actor.services_with(READ_SCOPE)
    return jobs if services is None else jobs.filter(request__service__in=services)


def job_by_id(actor: Actor, pk: UUID) -> GateJob:
    """Return one job that the actor may read."""
    job = jobs_of(actor).filter(pk=pk).first()
    if job is None:
        raise JobUnknown(f"{pk} is no job of this tenant")
    return job


def ruling_of(decision: GateDecision) -> Ruling:
    """Return what the exit code of a decision depends on."""
    body = decision.body
    return Ruling(
        decision=Decision(decision.decision),
        mode=GateMode(decision.mode),
        with_exceptions=body["with_exceptions"],
        is_bypassed=body["bypassed"],
        is_evidence_only=body["evidence_only"],
    )
