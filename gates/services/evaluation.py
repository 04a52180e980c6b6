"""Evaluates a gate: the one call behind the API, the queue, the command line, the admin and replay."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from gates.deciding.decide import Decided, decide
from gates.deciding.inputs import FrozenInputs
from gates.errors import EnvironmentUnknown, GateUnknown, InstantTooFar, SnapshotOfAnotherArtifact
from gates.metrics import count_decision
from gates.models import Gate, GateDecision
from gates.requests import GateRequest
from gates.services.excepting import Rows, frozen_form, standing_exceptions, write_back
from gates.services.freezing import Evidence, freeze
from policies import selectors as evidence
from policies.metrics import RUN_SECONDS
from policies.programs import program_by_digest
from policies.services.evidence import receive_evidence, register_artifact
from policies.services.releases import BuildContext, keep_build
from stellapolicy.audit import services as audit
from stellapolicy.kernel import digest
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.kernel.refusals import Fault
from stellapolicy.outbox.services.events import publish
from stellapolicy.tenancy.models import Environment

EVALUATE_SCOPE = "gate:evaluate"
LARGEST_SHIFT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Judged:
    inputs: FrozenInputs
    decided: Decided
    standing: Rows


@transaction.atomic
def evaluate_gate(*, actor: Actor, request: GateRequest, at: datetime) -> GateDecision:
    """Answer whether the artifact may go to the environment, and keep the answer for good.

    Evidence posted with the request is imported in the same transaction: a refusal keeps nothing. A request with an
    explicit `at` that was answered before gets that answer. Raises EnvironmentUnknown, GateUnknown, SnapshotUnknown,
    SnapshotOfAnotherArtifact, PackNotBound and the refusals of evidence.
    """
    gate = require_gate(request)
    if (earlier := _earlier_answer(request, gate)) is not None:
        actor.require(EVALUATE_SCOPE, service=earlier.artifact.service_id)
        return earlier
    refuse_far(request, at=at)
    found = _gather(actor, request, at=at)
    actor.require(EVALUATE_SCOPE, service=found.artifact.service_id)
    revision = evidence.active_revision(gate.environment)
    asked_about = request.at or at
    standing = standing_exceptions(
        found.findings, environment=gate.environment.slug, service=found.service, at=asked_about, now=at
    )
    excepted = frozen_form(standing, found.findings, at=asked_about, now=at)
    inputs = freeze(gate, found, revision, exceptions=excepted, at=asked_about)
    program = program_by_digest(revision.digest, lambda: revision.program)
    with RUN_SECONDS.time():
        decided = decide(inputs, program, found.findings, found.claims)
    if (context := BuildContext.from_client(request.build)) is not None:
        keep_build(actor=actor, artifact=found.artifact, context=context, at=at)
    return _keep(actor, request, gate, found, _Judged(inputs, decided, standing), at=at)


def _earlier_answer(request: GateRequest, gate: Gate) -> GateDecision | None:
    """Return what this very question about an explicit instant was answered by the gate in force."""
    if request.at is None:
        return None
    answers = GateDecision.objects.filter(request_digest=request.digest, gate=gate)
    return answers.select_related("artifact").order_by("created_at", "id").first()


def refuse_far(request: GateRequest, *, at: datetime) -> None:
    """Refuse to decide as of long ago or hence: a caller who may choose the day chooses how fresh the evidence is."""
    if request.at is not None and abs(request.at - at) > LARGEST_SHIFT:
        message = f"{rfc3339(request.at)} is more than {LARGEST_SHIFT // timedelta(minutes=1)} minutes from now"
        raise InstantTooFar(message, faults=(Fault("/at", InstantTooFar.code, message),))


def require_gate(request: GateRequest) -> Gate:
    """Return the gate in force that the request names, or refuse."""
    gates = Gate.objects.in_force().select_related("environment").filter(environment__slug=request.environment)
    gate = gates.filter(name=request.gate).first()
    if gate is not None:
        return gate
    if not Environment.objects.filter(slug=request.environment).exists():
        known = ", ".join(Environment.objects.order_by("slug").values_list("slug", flat=True))
        raise EnvironmentUnknown(f"{request.environment[:80]!r} is no environment of this tenant; there are: {known}")
    raise GateUnknown(f"{request.environment} has no gate {request.gate[:80]!r}")


def _gather(actor: Actor, request: GateRequest, *, at: datetime) -> Evidence:
    if request.uploads:
        received = receive_evidence(
            actor=actor, artifact=request.artifact, uploads=request.uploads, at=at, is_judged_at_once=True
        )
        if received.is_new:
            composed = received.composed
            spoken = evidence.as_claims(composed.claims)
            return Evidence(received.artifact, received.snapshot, composed.findings, spoken)
        # INVARIANT: a decision judges what its snapshot holds, also where a newer importer would read more out of it.
        findings, kept = evidence.checked_content(received.snapshot)
        return Evidence(received.artifact, received.snapshot, findings, evidence.as_claims(kept))
    artifact = register_artifact(request.artifact, at=at)
    snapshot = evidence.snapshot_named(request.snapshot) if request.snapshot else evidence.latest_snapshot(artifact.pk)
    if snapshot is None:
        return Evidence(artifact, None, (), [])
    if snapshot.artifact_id != artifact.pk:
        raise SnapshotOfAnotherArtifact(f"{snapshot.name} is evidence about {snapshot.artifact.digest}")
    findings, claims = evidence.checked_content(snapshot)
    return Evidence(artifact, snapshot, findings, evidence.as_claims(claims))


def _keep(
    actor: Actor, request: GateRequest, gate: Gate, found: Evidence, judged: _Judged, *, at: datetime
) -> GateDecision:
    inputs, decided = judged.inputs, judged.decided
    decision = GateDecision.objects.create(
        artifact=found.artifact,
        environment=gate.environment,
        gate=gate,
        snapshot=found.snapshot,
        decision=decided.combined.decision.value,
        exit_code=int(decided.combined.exit_code),
        mode=gate.mode,
        blocked_by=decided.combined.blocked_by or "",
        at=inputs.at,
        actor=actor.subject,
        build=request.build,
        inputs=inputs.to_json(),
        body=decided.body,
        body_digest=digest.of_json(decided.body),
        determinism_hash=str(decided.body["determinism_hash"]),
        request_digest=request.digest,
        created_at=at,
    )
    # Only where an exception may change is it asked whether this was the present: the answer may take a read.
    is_present = bool(decided.applied or decided.worsened) and _is_present(request, found)
    write_back(
        actor=actor,
        decision=decision,
        decided=decided,
        inputs=inputs,
        rows=judged.standing,
        is_present=is_present,
        at=at,
    )
    transaction.on_commit(partial(count_decision, decided))
    audit.record(actor, "gate.decided", decision, at=at, after_digest=decision.body_digest)
    publish("gate.decided", actor=actor, subject=f"artifact:{found.artifact.digest}", data=_told(decision), at=at)
    return decision


def _is_present(request: GateRequest, found: Evidence) -> bool:
    """Whether what is known of the artifact now was judged, as of now.

    Reports that came with the question were put together with what else is known now, and whoever names nothing is
    answered about the latest; only of a snapshot that was named it has to be asked whether it is that one.
    """
    if request.at is not None:
        return False
    if request.uploads or not request.snapshot:
        return True
    latest = evidence.latest_snapshot(found.artifact.pk)
    return found.snapshot is not None and latest is not None and latest.pk == found.snapshot.pk


def _told(decision: GateDecision) -> dict[str, JsonValue]:
    """Return what a decision tells outsiders; the rest they read under its id."""
    return {
        "decision_id": str(decision.pk),
        "decision": decision.decision,
        "exit_code": decision.exit_code,
        "mode": decision.mode,
        "blocked_by": decision.blocked_by,
        "environment": decision.environment.slug,
        "gate": decision.gate.name,
        "artifact": {"digest": decision.artifact.digest, "name": decision.artifact.name},
        "body_digest": decision.body_digest,
    }
