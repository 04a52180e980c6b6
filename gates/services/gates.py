"""Puts gates before environments."""

from datetime import datetime

from gates.checks.presets import PRESETS, PresetName
from gates.models import Gate, GateMode
from stellapolicy.audit import services as audit
from stellapolicy.kernel import digest
from stellapolicy.kernel.actor import Actor
from stellapolicy.tenancy.models import Environment


def establish_gate(
    *,
    actor: Actor,
    environment: Environment,
    preset: str,
    mode: GateMode,
    at: datetime,
    name: str = "default",
    version: int = 1,
) -> Gate:
    """Create a version of a gate from a preset; it is the current one."""
    chain = [step.to_json() for step in PRESETS[PresetName(preset)].chain]
    gate = Gate.objects.create(
        environment=environment,
        name=name,
        version=version,
        mode=mode,
        preset=preset,
        chain=chain,
        digest=digest.of_json({"preset": preset, "mode": mode.value, "chain": chain}),
        created_by=actor.subject,
        created_at=at,
    )
    audit.record(actor, "gate.established", gate, at=at, after_digest=gate.digest)
    return gate
