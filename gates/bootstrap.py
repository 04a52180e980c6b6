"""What the gates room seeds: one gate before each environment, observing until somebody decides otherwise."""

from datetime import datetime

from gates.models import GateMode
from gates.services.gates import establish_gate
from stellapolicy.kernel.actor import Actor
from stellapolicy.tenancy.models import Environment


def seed_gates(*, actor: Actor, at: datetime, modes: dict[str, GateMode] | None = None) -> None:
    """Give every environment without a gate the preset of its tier."""
    for environment in Environment.objects.filter(gates=None).order_by("slug"):
        mode = (modes or {}).get(environment.slug, GateMode.OBSERVE)
        establish_gate(actor=actor, environment=environment, preset=environment.tier, mode=mode, at=at)
