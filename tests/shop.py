"""What tests change about a seeded tenant, the way the product would."""

from gates.models import Gate, GateMode
from gates.requests import GateRequest
from gates.services.gates import establish_gate
from policies.services.evidence import ArtifactReference, Upload
from stellapolicy.kernel.actor import Actor
from tests.factories import NOON
from tests.reports import digest_of


def asked(image: str, *reports: bytes, environment: str = "production") -> GateRequest:
    """Return a question about an image."""
    return GateRequest(
        artifact=ArtifactReference(digest_of(image), image),
        environment=environment,
        uploads=tuple(Upload(f"{index}.json", report) for index, report in enumerate(reports)),
    )


def enforce(actor: Actor, mode: GateMode) -> None:
    """Replace the current gate of every environment by one in this mode."""
    for gate in list(Gate.objects.in_force().select_related("environment")):
        Gate.objects.filter(pk=gate.pk).update(is_current=False)
        establish_gate(
            actor=actor, environment=gate.environment, preset=gate.preset, mode=mode, version=gate.version + 1, at=NOON
        )
