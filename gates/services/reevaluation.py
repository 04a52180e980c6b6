"""Asks gates again where an exception began, ended or changed: the present evidence is judged, nothing is posted."""

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

import structlog
from django.db.models import Q

from exceptions import ports
from exceptions.models import ExceptionApplication, PolicyException
from exceptions.rules.vocabulary import ExceptionType
from gates.models import Gate, GateDecision
from gates.models.decision import GateDecisionQuerySet
from gates.requests import GateRequest
from gates.services.evaluation import EVALUATE_SCOPE
from gates.services.jobs import Question, enqueue_again
from policies.services.evidence import ArtifactReference
from stellapolicy.kernel.actor import Actor
from stellapolicy.outbox.subscriptions import PublishedEvent

KEY: Final = "gates.reevaluate"
EVENTS: Final = (
    "exception.approved",
    "exception.activated",
    "exception.expired",
    "exception.revoked",
    "exception.revalidation_required",
    "exception.grace_ended",
)
MOST_TARGETS: Final = 500
SUBJECT: Final = "system:gates"

log = structlog.get_logger(__name__)


def follow_exception(event: PublishedEvent) -> None:
    """Queue every gate whose last answer the exception may concern, the newest answers first; at most 500.

    The rest are asked again when somebody asks; a log line says how many. Called once per event, in its transaction.
    """
    exception = PolicyException.objects.with_terms().filter(pk=UUID(str(event.data["exception_id"]))).first()
    if exception is None:
        return
    concerned = _concerned(exception, event)
    targets = list(concerned.select_related("artifact", "environment", "gate").defer("body", "inputs")[:MOST_TARGETS])
    left_out = concerned.count() - len(targets)
    if left_out:
        log.warning("gates.not_asked_again", exception=exception.number, left_out=left_out)
    because = f"exception {exception.number} {event.name.partition('.')[2].replace('_', ' ')}"
    enqueue_again(
        actor=Actor(tenant_id=event.tenant_id, subject=SUBJECT, scopes=frozenset({EVALUATE_SCOPE})),
        questions=[Question(one.artifact, _request(one, because)) for one in targets],
        event=str(event.id),
        reason=because,
        at=event.at,
    )


def latest_answers(artifacts: Iterable[UUID], environments: Sequence[str]) -> GateDecisionQuerySet:
    """Return the last answer about each of these artifacts of every gate in force, newest first.

    environments: slugs; none of them means everywhere.
    """
    about = GateDecision.objects.filter(artifact__in=list(artifacts))
    if environments:
        about = about.filter(environment__slug__in=environments)
    in_force = Gate.objects.in_force().values_list("environment", "name")
    gates = [Q(environment=environment, gate__name=name) for environment, name in in_force]
    if not gates:
        return GateDecision.objects.none()
    each = ("artifact_id", "environment_id", "gate__name")
    last = about.filter(Q(*gates, _connector=Q.OR)).order_by(*each, "-created_at", "-id").distinct(*each)
    return GateDecision.objects.filter(pk__in=last.values("pk")).order_by("-created_at", "-id")


def _concerned(exception: PolicyException, event: PublishedEvent) -> GateDecisionQuerySet:
    """Return the answers about what the exception covers now, and about what it ever changed under older terms."""
    terms = exception.terms or exception.asked
    if terms is None:
        return GateDecision.objects.none()
    scope = terms.selector()
    coverage = ports.covered(scope, type=ExceptionType(exception.type), at=event.at)
    changed = ExceptionApplication.objects.filter(exception=exception).order_by()
    digests = changed.values_list("artifact_digest", flat=True).distinct()
    known = GateDecision.objects.filter(artifact__digest__in=digests).order_by().values_list("artifact", flat=True)
    artifacts = {one.id for one in coverage.artifacts} | set(known.distinct())
    environments = set(scope.environments)
    if environments:
        environments |= set(changed.values_list("environment", flat=True).distinct())
    return latest_answers(artifacts, sorted(environments))


def _request(decision: GateDecision, because: str) -> GateRequest:
    artifact = decision.artifact
    return GateRequest(
        artifact=ArtifactReference(artifact.digest, artifact.name, artifact.labels),
        environment=decision.environment.slug,
        gate=decision.gate.name,
        build={"because": because},
    )
