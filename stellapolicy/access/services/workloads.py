"""Which pipelines are trusted with a service: said, and taken back with every token they still have."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from stellapolicy.access import issuers
from stellapolicy.access.errors import ServiceNotFound
from stellapolicy.access.identity_errors import WorkloadNotFound, WorkloadTrustedAlready
from stellapolicy.access.models import ApiToken, TrustedWorkload
from stellapolicy.access.roles import Scope
from stellapolicy.audit.services import record
from stellapolicy.kernel import digest
from stellapolicy.kernel.actor import Actor
from stellapolicy.tenancy.models import Service

_SCOPE = Scope.GOVERNANCE_WRITE


@transaction.atomic
def trust_workload(
    *,
    actor: Actor,
    issuer: str,
    repository_id: str,
    repository: str,
    ref_pattern: str,
    service_id: UUID,
    at: datetime,
    protected_only: bool = True,
    environment: str = "",
) -> TrustedWorkload:
    """Let the runs of a repository, on refs that match, ask gates and submit evidence for one service."""
    actor.require(_SCOPE, service=service_id)
    issuers.named(issuer)
    if not Service.objects.filter(pk=service_id).exists():
        raise ServiceNotFound("there is no such service in this tenant")
    workload = TrustedWorkload(
        tenant_id=actor.tenant_id,
        issuer=issuer,
        repository_id=repository_id,
        repository=repository,
        ref_pattern=ref_pattern,
        protected_only=protected_only,
        environment=environment,
        service_id=service_id,
        created_by=actor.subject,
        created_at=at,
    )
    try:
        with transaction.atomic():
            workload.save(force_insert=True)
    except IntegrityError:
        raise WorkloadTrustedAlready(f"{repository} is trusted for this service and {ref_pattern} already") from None
    record(actor, "workload.trusted", workload, at=at, after_digest=_digest(workload))
    return workload


@transaction.atomic
def withdraw_workload(*, actor: Actor, pk: UUID, at: datetime, reason: str = "") -> TrustedWorkload:
    """Trust a workload no longer: it gets no further token, and those it has are refused from the next request on."""
    workload = TrustedWorkload.objects.in_force().locked().filter(pk=pk).first()
    if workload is None:
        actor.require(_SCOPE)
        raise WorkloadNotFound("there is no such trusted workload in this tenant, or it was withdrawn")
    actor.require(_SCOPE, service=workload.service_id)
    workload.withdrawn_by, workload.withdrawn_at = actor.subject, at
    workload.save(update_fields=["withdrawn_by", "withdrawn_at"])
    ApiToken.objects.of_tenant(actor.tenant_id).filter(workload=workload).live(at=at).update(
        revoked_at=at, revoked_by=actor.subject
    )
    record(actor, "workload.withdrawn", workload, at=at, before_digest=_digest(workload), reason=reason)
    return workload


def _digest(workload: TrustedWorkload) -> str:
    return digest.of_json(
        {
            "issuer": workload.issuer,
            "repository_id": workload.repository_id,
            "repository": workload.repository,
            "ref_pattern": workload.ref_pattern,
            "protected_only": workload.protected_only,
            "environment": workload.environment,
            "service": str(workload.service_id),
        }
    )
