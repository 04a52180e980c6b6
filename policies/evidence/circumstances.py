"""The facts that every finding of an evaluation shares: where the artifact wants to go, what it is, and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from policies.language.types import Facts, FactValue


@dataclass(frozen=True, slots=True)
class Place:
    """The environment, as facts."""

    name: str
    tier: str
    exposure: str
    runtime: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Subject:
    """The artifact, and the service it belongs to where one claims it."""

    digest: str
    name: str
    labels: Mapping[str, str]
    service: str = ""
    service_tier: int | None = None
    team: str = ""


def circumstances(place: Place, subject: Subject, *, at: datetime) -> Facts:
    """Return the facts of an artifact before an environment at an instant; what nobody states is left out."""
    facts: dict[str, FactValue] = {
        "run.at": at,
        "env.name": place.name,
        "env.tier": place.tier,
        "env.exposure": place.exposure,
        "env.labels": _pairs(place.labels),
        "artifact.digest": subject.digest,
        "artifact.labels": _pairs(subject.labels),
    }
    if place.runtime:
        facts["env.runtime"] = place.runtime
    if subject.name:
        facts["artifact.name"] = subject.name
    if subject.service:
        facts["service.name"] = subject.service
        facts["service.team"] = subject.team
    if subject.service_tier is not None:
        facts["service.tier"] = float(subject.service_tier)
    return facts


def _pairs(labels: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(f"{name}={value}" for name, value in sorted(labels.items()))
