"""What tests change about a seeded tenant, the way the product would."""

from gates.models import Gate, GateMode
from gates.services.gates import establish_gate
from stellapolicy.kernel.actor import Actor
from tests.factories import NOON


def enforce(actor: Actor, mode: GateMode) -> None:
    """Replace the current gate of every environment by one in this mode."""
    for gate in list(Gate.objects.in_force().select_related("environment")):
        Gate.objects.filter(pk=gate.pk).update(is_current=False)
        establish_gate(
            actor=actor, environment=gate.environment, preset=gate.preset, mode=mode, version=gate.version + 1, at=NOON
        )
