"""The one way a write is recorded, and the walk that proves that nobody changed what was."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import structlog
from django.db import connection, models

from stellapolicy.audit import actions, selectors
from stellapolicy.audit.chain import GENESIS, Statement
from stellapolicy.audit.models import ChainHead, ChainVerification, Entry
from stellapolicy.audit.selectors import Verification
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.ids import new_id
from stellapolicy.tenancy.scope import ScopeSwitched, current_tenant

logger = structlog.get_logger(__name__)

# Takes the next number and the hash before it, and holds the row: the writers of a tenant queue here until the one
# before them commits, so that no two entries follow the same one.
_TAKE_NUMBER = f"""
    INSERT INTO {ChainHead._meta.db_table} AS head (id, tenant_id, seq, hash) VALUES (%s, %s, 1, %s)
    ON CONFLICT (tenant_id) DO UPDATE SET seq = head.seq + 1
    RETURNING seq, hash
"""  # noqa: S608, SLF001 - the name of our own table


class Target(NamedTuple):
    """What was acted upon, where it is not a row."""

    type: str
    id: str


def record(
    actor: Actor,
    action: str,
    target: models.Model | Target,
    *,
    at: datetime,
    before_digest: str = "",
    after_digest: str = "",
    reason: str = "",
    ticket: str = "",
) -> Entry:
    """Append what the actor did to the chain of the actor's tenant, in the caller's transaction; three statements.

    The digests are of what the target was and became, as far as that has content (`sha256:…`, else empty).
    """
    actions.label(action)
    if current_tenant() != actor.tenant_id:
        raise ScopeSwitched(f"{actor.subject} belongs to another tenant than the scope")
    named = _named(target)
    seq, prev_hash = _take_number(actor)
    said = Statement(
        tenant_id=actor.tenant_id,
        seq=seq,
        at=at,
        actor=actor.subject,
        action=action,
        target_type=named.type,
        target_id=named.id,
        before_digest=before_digest,
        after_digest=after_digest,
        reason=reason,
        ticket=ticket,
        request_id=actor.request_id,
        address=actor.address,
        prev_hash=prev_hash,
    )
    return _append(said)


def verify_chain(*, tenant_id: UUID, at: datetime) -> Verification:
    """Walk the chain of a tenant from its beginning and keep what was found; a broken one is an error in the log."""
    found = selectors.verify(tenant_id)
    ChainVerification.objects.update_or_create(
        tenant_id=tenant_id,
        defaults={
            "verified_at": at,
            "entries": found.entries,
            "breaks": len(found.breaks),
            "head_hash": found.head_hash,
        },
    )
    if found.breaks:
        logger.error("audit_chain_broken", tenant=str(tenant_id), places=[str(each.seq) for each in found.breaks[:10]])
    return found


def _take_number(actor: Actor) -> tuple[int, str]:
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_NUMBER, [new_id(), actor.tenant_id, GENESIS])
        seq, prev_hash = cursor.fetchone()
    return int(seq), str(prev_hash)


def _append(said: Statement) -> Entry:
    entry = Entry(
        tenant_id=said.tenant_id,
        seq=said.seq,
        at=said.at,
        actor=said.actor,
        action=said.action,
        target_type=said.target_type,
        target_id=said.target_id,
        before_digest=said.before_digest,
        after_digest=said.after_digest,
        reason=said.reason,
        ticket=said.ticket,
        request_id=said.request_id,
        address=said.address,
        prev_hash=said.prev_hash,
        hash=said.hash(),
    )
    entry.save(force_insert=True)
    ChainHead.objects.filter(tenant_id=said.tenant_id).update(hash=entry.hash)
    return entry


def _named(target: models.Model | Target) -> Target:
    if isinstance(target, Target):
        return target
    return Target(type=target._meta.label_lower, id=str(target.pk))  # noqa: SLF001 - Django's public face of a model
