"""The shipped gates: a chain with its options, and the mode it is meant to run in."""

from dataclasses import dataclass
from enum import StrEnum

from gates.checks.base import CheckKind, Tier
from gates.checks.chain import ChainStep, step
from gates.checks.exit_codes import GateMode
from stellapolicy.kernel.canonical_json import JsonValue

_PRODUCTION = (
    CheckKind.EVIDENCE_COMPLETENESS,
    CheckKind.EVIDENCE_FRESHNESS,
    CheckKind.POLICY_VERDICT,
    CheckKind.KEV_BLOCKER,
    CheckKind.EPSS_THRESHOLD,
    CheckKind.RELEASE_AGGREGATE,
    CheckKind.EXCEPTION_RECHECK,
)
_ELSEWHERE = (*_PRODUCTION[:-2], CheckKind.CVSS_THRESHOLD, *_PRODUCTION[-2:])
"""Outside production a single bad score stops a release; in production reachability decides that."""


class PresetName(StrEnum):
    """The names of the shipped gates."""

    PRODUCTION = "production"
    STAGING = "staging"
    DEVELOPMENT = "development"
    OBSERVE = "observe"


@dataclass(frozen=True, slots=True)
class Preset:
    """A shipped gate; `tier` is whose options it carries."""

    name: PresetName
    tier: Tier
    mode: GateMode
    chain: tuple[ChainStep, ...]

    def to_json(self) -> dict[str, JsonValue]:
        """Return the form that a gate definition stores."""
        return {"preset": self.name.value, "mode": self.mode.value, "chain": [one.to_json() for one in self.chain]}


def _preset(name: PresetName, tier: Tier, mode: GateMode, kinds: tuple[CheckKind, ...]) -> Preset:
    return Preset(name, tier, mode, tuple(step(kind, tier) for kind in kinds))


PRESETS = {
    preset.name: preset
    for preset in (
        _preset(PresetName.PRODUCTION, Tier.PRODUCTION, GateMode.ENFORCE, _PRODUCTION),
        _preset(PresetName.STAGING, Tier.STAGING, GateMode.ENFORCE, _ELSEWHERE),
        _preset(PresetName.DEVELOPMENT, Tier.DEVELOPMENT, GateMode.WARN, _ELSEWHERE),
        # What production would say, with nobody held back: where a tenant begins.
        _preset(PresetName.OBSERVE, Tier.PRODUCTION, GateMode.OBSERVE, _PRODUCTION),
    )
}
