"""The arithmetic of the chain, pure: what an entry says, and the hash that binds it to the one before."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from stellapolicy.kernel import digest
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import rfc3339

GENESIS: Final = "sha256:" + "0" * 64


@dataclass(frozen=True, slots=True)
class Statement:
    """Everything an entry says, as it was said."""

    tenant_id: UUID
    seq: int
    at: datetime
    actor: str
    action: str
    target_type: str
    target_id: str
    before_digest: str
    after_digest: str
    reason: str
    ticket: str
    request_id: str
    address: str
    prev_hash: str

    def to_json(self) -> dict[str, JsonValue]:
        """Return the form that is hashed and exported."""
        return {
            "tenant": str(self.tenant_id),
            "seq": self.seq,
            "at": rfc3339(self.at),
            "actor": self.actor,
            "action": self.action,
            "target_type": self.target_type,
            "target_id": self.target_id,
            "before_digest": self.before_digest,
            "after_digest": self.after_digest,
            "reason": self.reason,
            "ticket": self.ticket,
            "request_id": self.request_id,
            "address": self.address,
            "prev_hash": self.prev_hash,
        }

    def hash(self) -> str:
        """Return the digest of the canonical JSON, which includes the hash of the entry before."""
        return digest.of_json(self.to_json())


class BreakKind(StrEnum):
    """How a chain can be broken."""

    EDITED = "edited"
    MISSING = "missing"
    UNCHAINED = "unchained"
    SHORTENED = "shortened"


@dataclass(frozen=True, slots=True)
class Break:
    """One place where the chain does not hold."""

    seq: int
    kind: BreakKind
    detail: str


@dataclass(frozen=True, slots=True)
class Link:
    """One stored entry: what it says and the hash stored beside it."""

    statement: Statement
    hash: str


class Verifier:
    """Walks a chain in its order and notes every break; it holds one link at a time, however long the chain."""

    def __init__(self) -> None:
        self.entries = 0
        self.seq = 0
        self.hash = GENESIS
        self.breaks: list[Break] = []

    def walk(self, link: Link) -> None:
        """Judge the next link against the one before."""
        said = link.statement
        if said.seq != self.seq + 1:
            gone = f"{self.seq + 1}" if said.seq == self.seq + 2 else f"{self.seq + 1} to {said.seq - 1}"
            self.breaks.append(Break(said.seq, BreakKind.MISSING, f"{gone} missing"))
        elif said.prev_hash != self.hash:
            self.breaks.append(Break(said.seq, BreakKind.UNCHAINED, "does not follow the entry before it"))
        if said.hash() != link.hash:
            self.breaks.append(Break(said.seq, BreakKind.EDITED, "says something else than its hash"))
        self.entries, self.seq, self.hash = self.entries + 1, said.seq, link.hash

    def finish(self, *, head_seq: int, head_hash: str) -> None:
        """Judge the end of the chain against its head (0 and `GENESIS` where none was ever recorded)."""
        if (self.seq, self.hash) != (head_seq, head_hash):
            detail = f"ends at {self.seq}, its head is {head_seq}"
            self.breaks.append(Break(self.seq, BreakKind.SHORTENED, detail))
