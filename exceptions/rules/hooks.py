"""Evidence hooks: what a plan must be able to show, and whether what was shown is good enough now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias

from exceptions.rules.hook_schemas import SCHEMAS, Schema, instants, mistakes
from exceptions.rules.level_table import LevelRule
from exceptions.rules.vocabulary import KIND_OF, Kind, Reason
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.kernel.decimals import from_units
from stellapolicy.kernel.refusals import Fault

CLOCKS_DIFFER: Final = timedelta(minutes=5)
"""How far ahead of ours the clock of whoever issued the evidence may be."""
_TRUST_UNITS = 10_000
_MOST_SAID = 3


class HookKind(StrEnum):
    """What evidence can show."""

    FEATURE_FLAG_DISABLED = "feature_flag_disabled"
    BACKPORT_MERGED = "backport_merged"
    COMPENSATING_CONTROL = "compensating_control"
    SECURITY_REVIEW = "security_review"
    RUNTIME_MITIGATION = "runtime_mitigation"
    WAF_RULE_DEPLOYED = "waf_rule_deployed"
    CUSTOM_ATTESTATION = "custom_attestation"


class Signature(StrEnum):
    """What is known of the signature on evidence."""

    UNSIGNED = "unsigned"
    VERIFIED = "verified"
    BAD = "bad"


class HookState(StrEnum):
    """How a hook stands, the nearest to met first."""

    MET = "met"
    STALE = "stale"
    LOW_TRUST = "low_trust"
    SCHEMA = "schema"
    BAD_SIGNATURE = "bad_signature"
    MISSING = "missing"


HookGroup: TypeAlias = tuple[HookKind, ...]
"""Hooks of which one is enough."""


@dataclass(frozen=True, slots=True)
class Hook:
    """What evidence of one kind must be: how fresh, how far believed (in 1/10,000), signed, and of what shape."""

    kind: HookKind
    title: str
    max_age: timedelta
    min_trust: int
    must_be_signed: bool = False

    @property
    def schema(self) -> Schema:
        """The JSON Schema of its claims."""
        return SCHEMAS[self.kind]

    def judge(self, submitted: "Submitted", *, at: datetime) -> tuple[HookState, str]:
        """Return how one submission stands, and why; the first of signature, shape, trust and age that fails."""
        if submitted.signature is Signature.BAD:
            return HookState.BAD_SIGNATURE, "its signature does not verify with any key that is trusted now"
        if self.must_be_signed and submitted.signature is not Signature.VERIFIED:
            return HookState.BAD_SIGNATURE, "it is not signed, and has to be"
        if wrong := schema_mistakes(self, submitted.claims, pointer=""):
            said = (f"{fault.pointer}: {fault.message}".removeprefix(": ") for fault in wrong[:_MOST_SAID])
            return HookState.SCHEMA, "; ".join(said)
        if later := [name for name, moment in instants(self.kind, submitted.claims) if moment - at > CLOCKS_DIFFER]:
            return HookState.SCHEMA, f"{', '.join(later)} is yet to come"
        if submitted.trust < self.min_trust:
            found, needed = (from_units(trust, units=_TRUST_UNITS) for trust in (submitted.trust, self.min_trust))
            return HookState.LOW_TRUST, f"it is believed to {found}, {needed} is needed"
        return self._judge_age(submitted.issued_at, at=at)

    def _judge_age(self, issued_at: datetime, *, at: datetime) -> tuple[HookState, str]:
        if issued_at - at > CLOCKS_DIFFER:
            return HookState.STALE, f"it is dated {rfc3339(issued_at)}, which is yet to come"
        if at - issued_at > self.max_age:
            return HookState.STALE, f"it is of {rfc3339(issued_at)}, older than {self.max_age.days} days"
        return HookState.MET, f"shown on {issued_at.date().isoformat()}"


@dataclass(frozen=True, slots=True)
class Submitted:
    """Evidence as it came: what it claims, how far it is believed (in 1/10,000), and what became of its signature."""

    kind: HookKind
    issued_at: datetime
    claims: Mapping[str, JsonValue]
    trust: int
    signature: Signature
    id: str


@dataclass(frozen=True, slots=True)
class HookReport:
    """How one hook stands by the best evidence there is; `group` are the kinds of which one is enough."""

    kind: HookKind
    mandatory: bool
    state: HookState
    why: str
    evidence: str
    group: HookGroup

    @property
    def name(self) -> str:
        """What is asked for, in words."""
        return " or ".join(HOOKS[kind].title for kind in self.group)


_UNSIGNED_TRUST, _SIGNED_TRUST = 4_000, 6_000
_MONTH, _QUARTER = timedelta(days=30), timedelta(days=90)

# A control or a rule may be gone tomorrow, so it is shown every month; what was merged or reviewed stays so for longer.
HOOKS: Final[Mapping[HookKind, Hook]] = MappingProxyType(
    {
        hook.kind: hook
        for hook in (
            Hook(HookKind.FEATURE_FLAG_DISABLED, "feature flag disabled", _MONTH, _UNSIGNED_TRUST),
            Hook(HookKind.BACKPORT_MERGED, "backport merged", _QUARTER, _SIGNED_TRUST, must_be_signed=True),
            Hook(HookKind.COMPENSATING_CONTROL, "compensating control", _MONTH, _UNSIGNED_TRUST),
            Hook(HookKind.SECURITY_REVIEW, "security review", _QUARTER, _SIGNED_TRUST, must_be_signed=True),
            Hook(HookKind.RUNTIME_MITIGATION, "runtime mitigation", _MONTH, _UNSIGNED_TRUST),
            Hook(HookKind.WAF_RULE_DEPLOYED, "WAF rule deployed", _MONTH, _UNSIGNED_TRUST),
            Hook(HookKind.CUSTOM_ATTESTATION, "custom attestation", _MONTH, _SIGNED_TRUST, must_be_signed=True),
        )
    }
)

# What is scheduled is not merged yet: until then its flag is off, or somebody signs for the plan.
_OF_REASON: Final[Mapping[Reason, HookGroup]] = {
    Reason.SCHEDULED_FIX: (
        HookKind.BACKPORT_MERGED,
        HookKind.FEATURE_FLAG_DISABLED,
        HookKind.CUSTOM_ATTESTATION,
    ),
    Reason.COMPENSATING_CONTROL: (HookKind.COMPENSATING_CONTROL,),
    Reason.RUNTIME_MITIGATION: (HookKind.RUNTIME_MITIGATION, HookKind.WAF_RULE_DEPLOYED),
    Reason.NETWORK_ISOLATION: (HookKind.COMPENSATING_CONTROL,),
    Reason.DEPRECATION_IN_PROGRESS: (HookKind.FEATURE_FLAG_DISABLED,),
    Reason.LICENSE_WAIVER: (HookKind.SECURITY_REVIEW,),
}
_NEARNESS: Final = {state: place for place, state in enumerate(HookState)}


def schema_mistakes(hook: Hook, claims: Mapping[str, JsonValue], *, pointer: str = "/claims") -> tuple[Fault, ...]:
    """Return every mistake in the shape of claims for a hook, at its place."""
    return mistakes(hook.kind, claims, pointer=pointer)


def mandatory_hooks(reason: Reason, rule: LevelRule) -> tuple[HookGroup, ...]:
    """Return what a level asks to be shown for a reason: groups, one hook of each; only plans have to show anything."""
    if not rule.needs_hook_for_plans or KIND_OF[reason] is not Kind.PLAN:
        return ()
    return (_OF_REASON[reason],)


def judge_hooks(
    mandatory: Iterable[HookGroup], submitted: Sequence[Submitted], *, at: datetime
) -> tuple[HookReport, ...]:
    """Return how every mandatory group stands, then every other hook that something was submitted for.

    The best evidence counts; of equally good the latest.
    """
    groups = tuple(mandatory)
    asked = {kind for group in groups for kind in group}
    others = sorted({one.kind for one in submitted} - asked, key=list(HookKind).index)
    return (
        *(_report(group, submitted, at=at, mandatory=True) for group in groups),
        *(_report((kind,), submitted, at=at, mandatory=False) for kind in others),
    )


def signed_evidence_met(submitted: Iterable[Submitted], *, at: datetime) -> bool:
    """Whether some evidence is good enough now and carries a signature that verifies."""
    return any(
        one.signature is Signature.VERIFIED and HOOKS[one.kind].judge(one, at=at)[0] is HookState.MET
        for one in submitted
    )


def _report(group: HookGroup, submitted: Iterable[Submitted], *, at: datetime, mandatory: bool) -> HookReport:
    judged = [(one, *HOOKS[one.kind].judge(one, at=at)) for one in submitted if one.kind in group]
    if not judged:
        return HookReport(group[0], mandatory, HookState.MISSING, "nothing was submitted", "", group)
    best, state, why = min(judged, key=lambda each: (_NEARNESS[each[1]], -each[0].issued_at.timestamp(), each[0].id))
    return HookReport(best.kind, mandatory, state, why, best.id, group)
