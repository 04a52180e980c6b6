"""What exceptions ask of the rooms above: which findings they cover, who wrote a rule, and what would flip."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from exceptions.matching.scope import Scope
from exceptions.matching.standing import StandingException
from exceptions.rules.facts import SeenFacts, united
from exceptions.rules.levels import Breadth
from exceptions.rules.vocabulary import ExceptionType
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.canonical_json import JsonValue

MOST_FINDINGS: Final = 20_000


@dataclass(frozen=True, slots=True)
class CoveredArtifact:
    """An artifact whose present evidence holds covered findings."""

    id: UUID
    digest: str
    name: str
    service_id: UUID | None
    service: str


@dataclass(frozen=True, slots=True)
class CoveredFinding:
    """One finding of present evidence that a scope covers, with what is known of it today."""

    artifact: CoveredArtifact
    key: str
    kind: str
    title: str
    seen: SeenFacts


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a scope covers in the present evidence of every artifact; `complete` is False where there was more."""

    findings: tuple[CoveredFinding, ...] = ()
    complete: bool = True
    knowledge: tuple[SeenFacts, ...] = ()
    """What the feeds say of the vulnerabilities the scope names, found or not (package empty)."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """The digests of what was looked at: snapshots, programs, feeds."""

    @property
    def artifacts(self) -> tuple[CoveredArtifact, ...]:
        """Every artifact with a covered finding, once."""
        found = {one.artifact.id: one.artifact for one in self.findings}
        return tuple(sorted(found.values(), key=lambda one: (one.name, one.digest)))

    @property
    def services(self) -> tuple[UUID, ...]:
        """The services of these artifacts."""
        return tuple(sorted({one.service_id for one in self.artifacts if one.service_id is not None}))

    @property
    def breadth(self) -> Breadth:
        """How many artifacts and services are covered."""
        return Breadth(artifacts=len(self.artifacts), services=len(self.services))

    @property
    def seen(self) -> tuple[SeenFacts, ...]:
        """What is known today, one row per vulnerability and package."""
        return united((*(one.seen for one in self.findings), *self.knowledge))

    @property
    def unknowns(self) -> int:
        """How many findings are of a severity nobody states."""
        return sum(1 for one in self.findings if one.seen.severity == "unknown")


@dataclass(frozen=True, slots=True)
class Selection:
    """One scope among several whose coverage is asked for at once; `key` is whatever tells them apart."""

    key: str
    scope: Scope
    type: ExceptionType


class Estate(Protocol):
    """Reads the present evidence of the tenant of the scope."""

    def covered_each(
        self, selections: Sequence[Selection], *, at: datetime, limit: int = MOST_FINDINGS
    ) -> Mapping[str, Coverage]:
        """Return what each scope covers now, by the one matcher, in a number of reads that does not grow with them.

        limit: how many findings are looked at in all; beyond it every coverage says that it is not complete.
        """
        ...

    def programs(self) -> Mapping[str, str]:
        """Return the digest of the policy in force in each environment, by its slug."""
        ...

    def touched_by(self, artifacts: Iterable[str]) -> frozenset[str]:
        """Return every name of a vulnerability in the present evidence of the artifacts of these digests."""
        ...

    def authors_of(self, rules: Iterable[str]) -> frozenset[str]:
        """Return the people (`user:…`) who wrote the policies in force that hold these rules; globs are allowed."""
        ...


@dataclass(frozen=True, slots=True)
class Flip:
    """One artifact before one gate: how it is decided today, and how it would be."""

    gate: str
    environment: str
    artifact: CoveredArtifact
    before: str
    after: str
    raw: str
    blocked_by_before: str
    blocked_by_after: str
    changed_findings: int
    first_reason: str

    @property
    def is_flip(self) -> bool:
        """Whether the decision itself would change."""
        return self.before != self.after

    def to_json(self) -> dict[str, JsonValue]:
        """Return the form the API shows."""
        return {
            "gate": self.gate,
            "environment": self.environment,
            "artifact": {"digest": self.artifact.digest, "name": self.artifact.name, "service": self.artifact.service},
            "before": self.before,
            "after": self.after,
            "raw": self.raw,
            "blocked_by_before": self.blocked_by_before,
            "blocked_by_after": self.blocked_by_after,
            "changed_findings": self.changed_findings,
            "flips": self.is_flip,
            "first_reason": self.first_reason,
        }


@dataclass(frozen=True, slots=True)
class ChangedFinding:
    """A finding whose result would change, as a sample."""

    artifact: str
    environment: str
    key: str
    identifier: str
    purl: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Previewed:
    """What would change: the flips first; `complete` is False where more was affected than looked at."""

    flips: tuple[Flip, ...] = ()
    samples: tuple[ChangedFinding, ...] = ()
    targets: int = 0
    complete: bool = True

    @property
    def flipping(self) -> int:
        """How many decisions would change."""
        return sum(1 for one in self.flips if one.is_flip)


class Preview(Protocol):
    """Answers what would flip by deciding again; it writes nothing."""

    def preview(
        self,
        *,
        actor: Actor,
        scope: Scope,
        added: StandingException | None,
        removed: frozenset[str],
        at: datetime,
    ) -> Previewed:
        """Return what becomes of artifacts the scope covers with `added` in force, and `removed` (numbers) not."""
        ...


@dataclass(frozen=True, slots=True)
class BlockedFinding:
    """A finding that held a release back, as far as a request for an exception begins with it; "" is not known."""

    name: str
    kind: str
    purl: str
    rule: str
    artifact: str
    service: str
    environment: str
    owner_team: str
    digest: str = ""


class Blocked(Protocol):
    """Tells what a decision held back."""

    def finding_of(self, *, actor: Actor, decision: UUID, key: str) -> BlockedFinding | None:
        """Return a finding of a decision that the actor may read, or None."""
        ...


_estate: Estate | None = None
_preview: Preview | None = None
_blocked: Blocked | None = None


def wire_estate(port: Estate) -> None:
    """Let a room above read the estate for us, in its `apps.ready`."""
    global _estate  # noqa: PLW0603 - set once as the apps load
    _estate = port


def wire_preview(port: Preview) -> None:
    """Let a room above answer what would flip, in its `apps.ready`."""
    global _preview  # noqa: PLW0603 - set once as the apps load
    _preview = port


def wire_blocked(port: Blocked) -> None:
    """Let a room above tell what its decisions held back, in its `apps.ready`."""
    global _blocked  # noqa: PLW0603 - set once as the apps load
    _blocked = port


def estate() -> Estate:
    """Return who reads the estate."""
    if _estate is None:
        raise RuntimeError("no room above exceptions reads the estate")
    return _estate


def covered(scope: Scope, *, type: ExceptionType, at: datetime) -> Coverage:  # noqa: A002 - what the field is called
    """Return what one scope covers now."""
    return estate().covered_each([Selection("", scope, type)], at=at)[""]


def preview() -> Preview:
    """Return who answers what would flip."""
    if _preview is None:
        raise RuntimeError("no room above exceptions answers what would flip")
    return _preview


def blocked() -> Blocked:
    """Return who tells what was held back."""
    if _blocked is None:
        raise RuntimeError("no room above exceptions tells what it held back")
    return _blocked
