"""What may be asked of a gate, as one frozen value."""

from dataclasses import dataclass, field
from datetime import datetime

from policies.services.evidence import ArtifactReference, Upload
from stellapolicy.kernel import digest
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import rfc3339

DEFAULT_GATE = "default"


@dataclass(frozen=True, slots=True)
class GateRequest:
    """A question: may this artifact go to that environment.

    Evidence comes as a snapshot's name or as uploads; with neither, the newest snapshot of the artifact is judged.
    An explicit `at` asks about that instant and always gets the same answer.
    """

    artifact: ArtifactReference
    environment: str
    gate: str = DEFAULT_GATE
    snapshot: str = ""
    uploads: tuple[Upload, ...] = ()
    build: dict[str, str] = field(default_factory=dict)
    at: datetime | None = None

    def to_json(self) -> dict[str, JsonValue]:
        """Return the request without the bytes of its uploads, which their digests stand for."""
        return {
            "artifact": {
                "digest": self.artifact.digest,
                "name": self.artifact.name,
                "labels": dict(self.artifact.labels),
            },
            "environment": self.environment,
            "gate": self.gate,
            "snapshot": self.snapshot,
            "uploads": sorted(digest.of_bytes(upload.content) for upload in self.uploads),
            "build": dict(self.build),
            "at": rfc3339(self.at) if self.at else None,
        }

    @property
    def digest(self) -> str:
        """The digest of what is asked; where it was asked from does not matter."""
        asked = self.to_json()
        del asked["build"]
        return digest.of_json(asked)

    @classmethod
    def of_snapshot(cls, asked: dict[str, JsonValue]) -> "GateRequest":
        """Return the request a job holds, whose evidence is a snapshot by now."""
        match asked:
            case {
                "artifact": {"digest": str(artifact_digest), "name": str(name), "labels": dict(labels)},
                "environment": str(environment),
                "gate": str(gate),
                "snapshot": str(snapshot),
                "build": dict(build),
                "at": str() | None as at,
            }:
                return cls(
                    artifact=ArtifactReference(artifact_digest, name, {str(k): str(v) for k, v in labels.items()}),
                    environment=environment,
                    gate=gate,
                    snapshot=snapshot,
                    build={str(k): str(v) for k, v in build.items()},
                    at=datetime.fromisoformat(at) if at else None,
                )
            case _:
                raise ValueError("not a stored gate request")
