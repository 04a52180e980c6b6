"""Reading the chain: whole and in order, however long."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Min, Q

from stellapolicy.audit.chain import GENESIS, Break, Link, Statement, Verifier
from stellapolicy.audit.models import ChainHead, ChainVerification, Entry
from stellapolicy.tenancy.scope import tenant_scope

_BATCH = 2000


@dataclass(frozen=True, slots=True)
class Verification:
    """What a walk along one chain found; intact when there is no break."""

    tenant_id: UUID
    entries: int
    head_hash: str
    breaks: tuple[Break, ...]


def links(tenant_id: UUID, *, after: int = 0) -> Iterator[Link]:
    """Yield the chain of a tenant in its order, a batch of rows in memory at a time, each read in its own scope."""
    seq = after
    while batch := _batch(tenant_id, after=seq):
        yield from batch
        seq = batch[-1].statement.seq


def verify(tenant_id: UUID) -> Verification:
    """Walk the whole chain of a tenant and return every edit, gap, reordering or shortening.

    Writers are not held up: the head is read after the entries, and what they appended meanwhile is walked as well.
    """
    verifier = Verifier()
    while True:
        walked = verifier.seq
        for link in links(tenant_id, after=verifier.seq):
            verifier.walk(link)
        seq, last = _head(tenant_id)
        if seq <= verifier.seq or verifier.seq == walked:
            break
    verifier.finish(head_seq=seq, head_hash=last)
    return Verification(tenant_id, verifier.entries, verifier.hash, tuple(verifier.breaks))


def chain_ok(*, at: datetime) -> float | None:  # noqa: ARG001 - how gauges are read
    """Return 1 while every chain was intact when it was last walked, else 0; None before the first walk."""
    walked = ChainVerification.objects.aggregate(chains=Count("pk"), broken=Count("pk", filter=Q(breaks__gt=0)))
    return None if not walked["chains"] else float(walked["broken"] == 0)


def chain_verification_age(*, at: datetime) -> float | None:
    """Return how long ago the chain that waits longest was walked, in seconds; None before the first walk."""
    oldest = ChainVerification.objects.aggregate(oldest=Min("verified_at"))["oldest"]
    return None if oldest is None else (at - oldest).total_seconds()


def _batch(tenant_id: UUID, *, after: int) -> list[Link]:
    with tenant_scope(tenant_id):
        return [_link(entry, tenant_id) for entry in Entry.objects.after(after)[:_BATCH]]


def _head(tenant_id: UUID) -> tuple[int, str]:
    with tenant_scope(tenant_id):
        head = ChainHead.objects.first()
    return (head.seq, head.hash) if head else (0, GENESIS)


def _link(entry: Entry, tenant_id: UUID) -> Link:
    return Link(
        statement=Statement(
            tenant_id=tenant_id,
            seq=entry.seq,
            at=entry.at,
            actor=entry.actor,
            action=entry.action,
            target_type=entry.target_type,
            target_id=entry.target_id,
            before_digest=entry.before_digest,
            after_digest=entry.after_digest,
            reason=entry.reason,
            ticket=entry.ticket,
            request_id=entry.request_id,
            address=entry.address,
            prev_hash=entry.prev_hash,
        ),
        hash=entry.hash,
    )
