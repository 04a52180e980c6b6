"""Reading the chain: whole and in order, however long."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from stellapolicy.audit.chain import GENESIS, Break, Link, Statement, Verifier
from stellapolicy.audit.models import ChainHead, Entry
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
