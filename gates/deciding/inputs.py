"""Everything a decision is made from, frozen: what is stored with it, and what replay reads back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from exceptions.matching.standing import StandingException
from policies.evidence.circumstances import Place, Subject
from policies.evidence.knowledge import Knowledge
from stellapolicy.kernel import digest
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import rfc3339

__all__ = ["FrozenInputs", "GateVersion", "Place", "SnapshotReference", "Subject"]

_NAMED_BY_DIGEST = frozenset({"knowledge", "exceptions"})


@dataclass(frozen=True, slots=True)
class GateVersion:
    """The gate in force: its chain as stored."""

    name: str
    version: int
    mode: str
    preset: str
    chain: JsonValue
    digest: str


@dataclass(frozen=True, slots=True)
class SnapshotReference:
    """The evidence: its content name, the digest of what it holds, and what its reports say of themselves."""

    name: str
    content_digest: str
    evidence: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class FrozenInputs:
    """The question with everything needed to answer it again, findings and program named by digest.

    exceptions: those that may concern the release, by id. INVARIANT: None is a question from before there were any; it
    is answered as it was then, without a word about exceptions.
    """

    at: datetime
    place: Place
    subject: Subject
    gate: GateVersion
    pack: str
    program_digest: str
    knowledge: Knowledge
    snapshot: SnapshotReference | None = None
    connection_mode: str = field(default="connected")
    exceptions: tuple[StandingException, ...] | None = None

    def to_json(self) -> dict[str, JsonValue]:
        """Return the form a decision stores."""
        return {
            "at": rfc3339(self.at),
            "place": {
                "name": self.place.name,
                "tier": self.place.tier,
                "exposure": self.place.exposure,
                "runtime": self.place.runtime,
                "labels": dict(self.place.labels),
            },
            "subject": {
                "digest": self.subject.digest,
                "name": self.subject.name,
                "labels": dict(self.subject.labels),
                "service": self.subject.service,
                "service_tier": self.subject.service_tier,
                "team": self.subject.team,
            },
            "gate": {
                "name": self.gate.name,
                "version": self.gate.version,
                "mode": self.gate.mode,
                "preset": self.gate.preset,
                "chain": self.gate.chain,
                "digest": self.gate.digest,
            },
            "pack": self.pack,
            "program_digest": self.program_digest,
            "knowledge": self.knowledge.to_json(),
            "snapshot": None
            if self.snapshot is None
            else {
                "name": self.snapshot.name,
                "content_digest": self.snapshot.content_digest,
                "evidence": self.snapshot.evidence,
            },
            "connection_mode": self.connection_mode,
            **({} if self.exceptions is None else {"exceptions": self._exceptions_json()}),
        }

    def _exceptions_json(self) -> list[JsonValue]:
        return [one.to_json() for one in self.exceptions or ()]

    @classmethod
    def from_json(cls, stored: Mapping[str, object]) -> "FrozenInputs":
        """Return what `to_json` stored; anything else is a fault of the database and raises ValueError."""
        match stored:
            case {
                "at": str(at),
                "place": dict(place),
                "subject": dict(subject),
                "gate": dict(gate),
                "pack": str(pack),
                "program_digest": str(program_digest),
                "knowledge": dict(knowledge),
                "snapshot": dict() | None as snapshot,
                "connection_mode": str(connection_mode),
                **more,
            }:
                return cls(
                    at=datetime.fromisoformat(at),
                    place=Place(**place),
                    subject=Subject(**subject),
                    gate=GateVersion(**gate),
                    pack=pack,
                    program_digest=program_digest,
                    knowledge=Knowledge.from_json(knowledge),
                    snapshot=SnapshotReference(**snapshot) if snapshot is not None else None,
                    connection_mode=connection_mode,
                    exceptions=_exceptions(more.get("exceptions")),
                )
            case _:
                raise ValueError("the stored inputs of the decision have another shape")

    @property
    def digests(self) -> dict[str, JsonValue]:
        """The digests of everything that went in."""
        return {
            "artifact": self.subject.digest,
            "snapshot": self.snapshot.name if self.snapshot else None,
            "findings": self.snapshot.content_digest if self.snapshot else None,
            "program": self.program_digest,
            "gate": self.gate.digest,
            "knowledge": digest.of_json(self.knowledge.to_json()),
            **{f"feed_{name}": feed.digest for name, feed in sorted(self.knowledge.feeds.items())},
            **({} if self.exceptions is None else {"exceptions": digest.of_json(self._exceptions_json())}),
        }

    def determinism_hash(self, digests: Mapping[str, JsonValue]) -> str:
        """Return the digest of the question: content digests, names, options and the instant; no tenant, host or row.

        `digests` are this value's own, which are dear to compute.
        """
        stored = {name: value for name, value in self.to_json().items() if name not in _NAMED_BY_DIGEST}
        return digest.of_json({**stored, "digests": digests})


def _exceptions(stored: object) -> tuple[StandingException, ...] | None:
    if stored is None:
        return None
    if not isinstance(stored, list) or not all(isinstance(row, dict) for row in stored):
        raise ValueError("the stored exceptions of the decision have another shape")
    return tuple(map(StandingException.from_json, stored))
