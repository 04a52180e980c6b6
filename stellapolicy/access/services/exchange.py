"""Exchanges the ID token of a pipeline's run for a short token of ours (in the manner of RFC 8693)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from stellapolicy.access import id_tokens, issuers
from stellapolicy.access.claims import Run, judge, run_of
from stellapolicy.access.identity_errors import (
    AudienceRefused,
    IdentityReplayed,
    IssuerUnknown,
    ProviderMismatch,
    RepositoryMismatch,
    WorkloadAmbiguous,
    WorkloadRefused,
    WorkloadUntrusted,
)
from stellapolicy.access.issuers import TrustedIssuer
from stellapolicy.access.keys import key_for
from stellapolicy.access.models import WORKLOAD_SCOPES, ApiToken, SpentIdentity, TrustedWorkload
from stellapolicy.access.selectors import Trusting, tenants_trusting
from stellapolicy.access.services.tokens import IssuedToken, write_token
from stellapolicy.audit.services import record
from stellapolicy.kernel import digest
from stellapolicy.kernel.actor import Actor
from stellapolicy.tenancy.scope import tenant_scope

LIFETIME: Final = timedelta(minutes=15)
_LONGEST_NAME: Final = 80


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a run sends: its ID token, whose pipeline it is, and, where it is trusted with several services, which one.

    Anybody may trust any repository, so the run itself says which tenant it means to speak to. provider and audience
    are what the sender takes for granted; where they are given they must be so.
    """

    token: str
    tenant: str
    provider: str = ""
    audience: str = ""
    service: str = ""
    address: str = ""
    request_id: str = ""


def exchange_identity(*, asked: Exchange, at: datetime) -> IssuedToken:
    """Return a token of 15 minutes for one service, or refuse with the code of what is wrong.

    The order is the order of trust: form, issuer, key, signature, audience, times; then repository, run, replay.
    """
    issuer, run, expires_at = _proven(asked, at=at)
    tenant_id = _tenant_trusting(issuer, run, asked)
    with tenant_scope(tenant_id):
        workload = _workload_trusting(issuer, run, asked)
        spent = _spend(issuer, run, expires_at=expires_at)
        actor = Actor(tenant_id=tenant_id, subject=run.subject, address=asked.address, request_id=asked.request_id)
        issued = write_token(
            ApiToken(
                tenant_id=tenant_id,
                workload=workload,
                acts_as=run.subject,
                name=f"{f'{run.repository}@{run.ref}'[:_LONGEST_NAME]} {spent[-12:]}",
                scopes=list(WORKLOAD_SCOPES),
                service_id=workload.service_id,
                created=at,
                created_by=run.subject,
                expiry=at + LIFETIME,
            )
        )
        proof = f"{issuer.name}, repository {run.repository_id}, token {run.token_id}"
        record(actor, "workload.exchanged", issued.token, at=at, reason=proof[:500])
    return issued


def _proven(asked: Exchange, *, at: datetime) -> tuple[TrustedIssuer, Run, datetime]:
    """Return issuer, run and end of a token that proves itself."""
    unverified = id_tokens.read(asked.token)
    issuer = next((each for each in issuers.configured() if each.issuer == unverified.issuer), None)
    if issuer is None:
        raise IssuerUnknown(f"tokens of {unverified.issuer[:200]!r} are not accepted here")
    if asked.provider and asked.provider != issuer.provider:
        raise ProviderMismatch(f"the token is of {issuer.name}, a {issuer.provider} issuer")
    if asked.audience and asked.audience != issuer.audience:
        raise AudienceRefused(f"tokens for {issuer.audience} are accepted here")
    key = key_for(issuer.keys, unverified, at=at)
    claims = id_tokens.verify(unverified, key, issuer=issuer.issuer, audience=issuer.audience, at=at)
    run, ends = run_of(issuer.provider, claims), id_tokens.instant_of(claims, "exp")
    return issuer, run, (ends or at) + id_tokens.SKEW


def _tenant_trusting(issuer: TrustedIssuer, run: Run, asked: Exchange) -> UUID:
    """Return the tenant asked for, where it trusts the repository by its id; the name of one proves nothing."""
    known = tenants_trusting(issuer.name, repository_id=run.repository_id, repository=run.repository)
    trusting = tuple(each for each in known if each.tenant.is_called(asked.tenant))
    for each in trusting:
        if each.repository_id == run.repository_id:
            return each.tenant.tenant_id
    raise _stranger(trusting, run, asked)


def _stranger(trusting: tuple[Trusting, ...], run: Run, asked: Exchange) -> WorkloadRefused:
    if trusting:
        return RepositoryMismatch(
            f"a repository called {run.repository} is trusted, and it is another one than {run.repository_id}"
        )
    return WorkloadUntrusted(
        f"the tenant {asked.tenant} does not trust the repository {run.repository} ({run.repository_id})"
    )


def _workload_trusting(issuer: TrustedIssuer, run: Run, asked: Exchange) -> TrustedWorkload:
    """Return what covers the run, held against withdrawal; of several refusals the first one is told."""
    rows = TrustedWorkload.objects.in_force().filter(issuer=issuer.name, repository_id=run.repository_id)
    if asked.service:
        rows = rows.filter(service__slug=asked.service)
    covering: list[TrustedWorkload] = []
    refusals: list[WorkloadRefused] = []
    for workload in rows.locked().order_by("created_at", "pk"):
        try:
            judge(
                run,
                ref_pattern=workload.ref_pattern,
                protected_only=workload.protected_only,
                environment=workload.environment,
            )
        except WorkloadRefused as refused:
            refusals.append(refused)
        else:
            covering.append(workload)
    if not covering:
        raise next(iter(refusals), WorkloadUntrusted(f"{run.repository} is not trusted for {asked.service or 'this'}"))
    if len({workload.service_id for workload in covering}) > 1:
        raise WorkloadAmbiguous("the repository is trusted for several services: say which `service`")
    return covering[0]


def _spend(issuer: TrustedIssuer, run: Run, *, expires_at: datetime) -> str:
    """Remember that the token was exchanged, and return by which digest; the second of two at once waits and fails."""
    spent = digest.of_json({"issuer": issuer.issuer, "jti": run.token_id})
    try:
        with transaction.atomic():
            SpentIdentity(digest=spent, expires_at=expires_at).save(force_insert=True)
    except IntegrityError:
        raise IdentityReplayed("this token was exchanged before; ask the pipeline for a fresh one") from None
    return spent
