"""What a function of the language looks like to the checker and to the running program."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from policies.language.types import UNKNOWN, Type

Implementation: TypeAlias = Callable[..., Any]  # arguments and result are checked by `Parameter` and `Function.result`
LiteralCheck: TypeAlias = Callable[[str], str | None]
"""Takes a literal, returns what is wrong with it or None; lets a typing mistake be an error before anything runs."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: its name, type, the fact that stands in when it is left out, and a check of literals."""

    name: str
    type: Type
    default_fact: str | None = None
    check: LiteralCheck | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """One function, with the sentence and the example that the generated reference shows."""

    name: str
    parameters: tuple[Parameter, ...]
    result: Type
    implementation: Implementation
    description: str
    example: str


def unknown_if_unknown(function: Implementation) -> Implementation:
    """Return the function made to answer UNKNOWN as soon as one argument is unknown."""

    def careful(*arguments: object) -> object:
        for argument in arguments:
            if argument != argument:  # noqa: PLR0124 - only what is not a number differs from itself
                return UNKNOWN
        return function(*arguments)

    return careful
