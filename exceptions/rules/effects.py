"""The registry of effects: what each pair of type and reason does, for how long at most, and who follows it up."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from itertools import product
from types import MappingProxyType
from typing import Final, TypeAlias

from exceptions.rules.reading import decimal_of, no_such, read_object
from exceptions.rules.vocabulary import KIND_OF, Effect, ExceptionType, Kind, Reason
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.pointers import below
from stellapolicy.kernel.refusals import Fault


class Routing(StrEnum):
    """Who follows up what was approved; nobody in particular where it is empty."""

    NOBODY = ""
    CONTROL_VERIFICATION = "control_verification"
    VENDOR_TRACKING = "vendor_tracking"
    LEGAL_REVIEW = "legal_review"
    MANUAL_REVIEW = "manual_review"


LONGEST: Final[Mapping[Effect, timedelta]] = MappingProxyType(
    {
        Effect.SUPPRESS: timedelta(days=365),
        Effect.DEFER: timedelta(days=90),
        Effect.REQUIRE_CONTROL: timedelta(days=180),
        Effect.DOWNGRADE_LOW: timedelta(days=365),
        Effect.DOWNGRADE_MEDIUM: timedelta(days=365),
        Effect.DEFER_VENDOR: timedelta(days=180),
        Effect.SUPPRESS_DEPRECATION: timedelta(days=90),
        Effect.SUPPRESS_LICENSE: timedelta(days=365),
        Effect.DEFER_DEFAULT: timedelta(days=30),
    }
)
"""How long an effect may last at all; a level may allow less."""

ROUTING: Final[Mapping[Effect, Routing]] = MappingProxyType(
    {
        Effect.REQUIRE_CONTROL: Routing.CONTROL_VERIFICATION,
        Effect.DEFER_VENDOR: Routing.VENDOR_TRACKING,
        Effect.SUPPRESS_LICENSE: Routing.LEGAL_REVIEW,
        Effect.DEFER_DEFAULT: Routing.MANUAL_REVIEW,
    }
)

Pair: TypeAlias = tuple[ExceptionType, Reason]
Registry: TypeAlias = Mapping[Pair, "EffectEntry"]
Overrides: TypeAlias = Mapping[str, JsonValue]

_BY_REASON: Final = {
    Reason.FALSE_POSITIVE: Effect.SUPPRESS,
    Reason.VENDOR_NOT_AFFECTED: Effect.SUPPRESS,
    Reason.TEST_ONLY: Effect.DOWNGRADE_LOW,
    Reason.SCHEDULED_FIX: Effect.DEFER,
    Reason.COMPENSATING_CONTROL: Effect.REQUIRE_CONTROL,
    Reason.RUNTIME_MITIGATION: Effect.REQUIRE_CONTROL,
    Reason.NETWORK_ISOLATION: Effect.DOWNGRADE_MEDIUM,
    Reason.DEPRECATION_IN_PROGRESS: Effect.SUPPRESS_DEPRECATION,
    Reason.LICENSE_WAIVER: Effect.SUPPRESS_LICENSE,
    Reason.ACCEPTED_RISK: Effect.DEFER,
}
# What nobody can say anything about is not suppressed on anybody's word; it waits for the vendor.
_BY_PAIR: Final = {
    (ExceptionType.UNKNOWN, Reason.FALSE_POSITIVE): Effect.DEFER_VENDOR,
    (ExceptionType.UNKNOWN, Reason.VENDOR_NOT_AFFECTED): Effect.DEFER_VENDOR,
    # Reasons that say nothing of what the type names: an unknown finding has no licence and is not deprecated.
    (ExceptionType.UNKNOWN, Reason.LICENSE_WAIVER): Effect.DEFER_DEFAULT,
    (ExceptionType.UNKNOWN, Reason.DEPRECATION_IN_PROGRESS): Effect.DEFER_DEFAULT,
    (ExceptionType.VULNERABILITY, Reason.LICENSE_WAIVER): Effect.DEFER_DEFAULT,
    # What is about to go still has its vulnerabilities until it has gone: they are put off, not ignored.
    (ExceptionType.VULNERABILITY, Reason.DEPRECATION_IN_PROGRESS): Effect.DEFER_DEFAULT,
}
_MAY_AWAIT_VENDOR: Final = frozenset({Reason.FALSE_POSITIVE, Reason.VENDOR_NOT_AFFECTED})
_OVERRIDABLE: Final = ("effect", "longest_days", "routing")
_NO_OVERRIDES: Final[Overrides] = MappingProxyType({})


class EffectsRefused(ValueError):  # noqa: N818 - a setting that is refused with all its mistakes
    """Overrides of the registry that cannot stand."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("; ".join(f"{fault.pointer}: {fault.message}" for fault in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class EffectEntry:
    """What one pair of type and reason does; `alternatives` are effects a requester may ask for in its place."""

    type: ExceptionType
    reason: Reason
    kind: Kind
    effect: Effect
    alternatives: tuple[Effect, ...]
    longest: timedelta
    routing: Routing

    @property
    def effects(self) -> tuple[Effect, ...]:
        """Every effect that may be asked for, the usual one first."""
        return self.effect, *self.alternatives

    def longest_for(self, effect: Effect) -> timedelta:
        """Return how long one of the effects may last: never longer than the pair, nor than the effect itself."""
        return min(self.longest, LONGEST[effect])

    def routing_for(self, effect: Effect) -> Routing:
        """Return who follows up one of the effects."""
        return self.routing if effect is self.effect else ROUTING.get(effect, Routing.NOBODY)


def registry(overrides: Overrides = _NO_OVERRIDES) -> Registry:
    """Return the entry of every pair of type and reason, in the order of both.

    overrides: by `type/reason`, another `effect`, a shorter `longest_days`, another `routing`. Raises EffectsRefused
    with every mistake.
    """
    faults: list[Fault] = []
    entries = {pair: _shipped(pair) for pair in product(ExceptionType, Reason)}
    names = {f"{type_}/{reason}": (type_, reason) for type_, reason in entries}
    for name in sorted(overrides):
        if name not in names:
            faults.append(Fault(below("", name), "effects.pair", no_such(name, names)))
            continue
        entry = entries[names[name]]
        entries[names[name]] = _overridden(entry, overrides[name], pointer=below("", name), faults=faults)
    if faults:
        raise EffectsRefused(tuple(faults))
    return MappingProxyType(entries)


def _shipped(pair: Pair) -> EffectEntry:
    type_, reason = pair
    effect = _BY_PAIR.get(pair, _BY_REASON[reason])
    return EffectEntry(
        type=type_,
        reason=reason,
        kind=KIND_OF[reason],
        effect=effect,
        alternatives=tuple(_alternatives(reason, effect)),
        longest=LONGEST[effect],
        routing=ROUTING.get(effect, Routing.NOBODY),
    )


def _alternatives(reason: Reason, effect: Effect) -> Iterator[Effect]:
    if reason in _MAY_AWAIT_VENDOR and effect is not Effect.DEFER_VENDOR:
        yield Effect.DEFER_VENDOR


def _overridden(entry: EffectEntry, override: JsonValue, *, pointer: str, faults: list[Fault]) -> EffectEntry:
    stated = read_object(override, names=_OVERRIDABLE, code="effects", pointer=pointer, faults=faults)
    if (wanted := stated.get("effect")) is not None:
        entry = _with_effect(entry, wanted, pointer=below(pointer, "effect"), faults=faults)
    if (days := stated.get("longest_days")) is not None:
        entry = _with_longest(entry, days, pointer=below(pointer, "longest_days"), faults=faults)
    if (routing := stated.get("routing")) is not None:
        entry = _with_routing(entry, routing, pointer=below(pointer, "routing"), faults=faults)
    return entry


def _with_effect(entry: EffectEntry, stated: JsonValue, *, pointer: str, faults: list[Fault]) -> EffectEntry:
    if not isinstance(stated, str) or stated not in list(Effect):
        faults.append(Fault(pointer, "effects.effect", no_such(stated, Effect)))
        return entry
    effect = Effect(stated)
    return replace(
        entry,
        effect=effect,
        alternatives=tuple(_alternatives(entry.reason, effect)),
        longest=LONGEST[effect],
        routing=ROUTING.get(effect, Routing.NOBODY),
    )


def _with_longest(entry: EffectEntry, stated: JsonValue, *, pointer: str, faults: list[Fault]) -> EffectEntry:
    most = LONGEST[entry.effect].days
    days = decimal_of(stated)
    if days is None or not 1 <= days <= most or days != int(days):
        message = f"a whole number of days from 1 to {most} is expected here, the longest that {entry.effect} may last"
        faults.append(Fault(pointer, "effects.longest_days", message))
        return entry
    return replace(entry, longest=timedelta(days=int(days)))


def _with_routing(entry: EffectEntry, stated: JsonValue, *, pointer: str, faults: list[Fault]) -> EffectEntry:
    if not isinstance(stated, str) or stated not in list(Routing):
        faults.append(Fault(pointer, "effects.routing", no_such(stated, [each for each in Routing if each])))
        return entry
    return replace(entry, routing=Routing(stated))
