"""Which effect does at least as much as another, so that a request for the other is covered."""

from types import MappingProxyType
from typing import Final

from exceptions.rules.vocabulary import Effect

# What each does at least, beside itself. Licences and deprecations stand apart: they reach findings of their own.
_INCLUDES: Final = MappingProxyType(
    {
        Effect.SUPPRESS: frozenset(Effect),
        Effect.REQUIRE_CONTROL: frozenset({Effect.DEFER, Effect.DEFER_VENDOR, Effect.DEFER_DEFAULT}),
        Effect.DEFER: frozenset({Effect.DEFER_VENDOR, Effect.DEFER_DEFAULT}),
        Effect.DEFER_VENDOR: frozenset({Effect.DEFER, Effect.DEFER_DEFAULT}),
        Effect.DEFER_DEFAULT: frozenset({Effect.DEFER, Effect.DEFER_VENDOR}),
        Effect.DOWNGRADE_LOW: frozenset({Effect.DOWNGRADE_MEDIUM}),
    }
)


def is_as_strong(held: Effect, wanted: Effect) -> bool:
    """Whether an effect in force does everything that another one would."""
    return held is wanted or wanted in _INCLUDES.get(held, frozenset())
