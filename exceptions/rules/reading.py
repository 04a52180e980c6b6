"""Reading what an administrator or a client wrote: every mistake at its JSON Pointer, with the word that was meant."""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches

from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.pointers import below
from stellapolicy.kernel.refusals import Fault

LONGEST_WORD = 64


def no_such(word: object, choices: Iterable[str]) -> str:
    """Return the sentence for a word that is not among the choices, with the nearest one."""
    known = sorted(map(str, choices))
    written = str(word)[:LONGEST_WORD]
    near = get_close_matches(written, known, n=1)
    meant = f" Did you mean {near[0]}?" if near else ""
    return f"There is no {written!r}.{meant} It is one of: {', '.join(known)}."


def read_object(
    stated: JsonValue, *, names: Iterable[str], code: str, pointer: str, faults: list[Fault]
) -> Mapping[str, JsonValue]:
    """Return the object at a pointer; one that is none, and every name it may not have, becomes a fault."""
    if not isinstance(stated, Mapping):
        faults.append(Fault(pointer, f"{code}.type", "an object is expected here"))
        return {}
    known = list(names)
    faults += [
        Fault(below(pointer, name), f"{code}.unknown", no_such(name, known))
        for name in sorted(stated)
        if name not in known
    ]
    return stated


def read_flag(stated: JsonValue, *, code: str, pointer: str, faults: list[Fault]) -> bool:
    """Return true or false; anything else becomes a fault."""
    if not isinstance(stated, bool):
        faults.append(Fault(pointer, code, "true or false is expected here"))
    return stated is True


def read_count(stated: JsonValue, *, low: int, high: int, code: str, pointer: str, faults: list[Fault]) -> int:
    """Return a whole number within bounds, both included; anything else becomes a fault."""
    if isinstance(stated, bool) or not isinstance(stated, int) or not low <= stated <= high:
        faults.append(Fault(pointer, code, f"a whole number from {low} to {high} is expected here"))
        return low
    return stated


def decimal_of(stated: JsonValue) -> Decimal | None:
    """Return the number that a JSON number or a text states; None where it states none."""
    if isinstance(stated, bool) or not isinstance(stated, str | int | float) or len(str(stated)) > LONGEST_WORD:
        return None
    try:
        number = Decimal(str(stated))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
