"""Compiled programs kept in this process by digest; rebuilt from their canonical form when they are not."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock

from policies.language.program import Program
from stellapolicy.kernel.canonical_json import JsonValue

_CAPACITY = 256
_kept: OrderedDict[str, Program] = OrderedDict()
_lock = Lock()


def program_by_digest(digest: str, canonical: Callable[[], Mapping[str, JsonValue]]) -> Program:
    """Return the program of this digest; `canonical` is asked only when the process does not hold it.

    INVARIANT: a canonical form that has another digest is refused, so a changed row can change no verdict.
    """
    with _lock:
        if digest in _kept:
            _kept.move_to_end(digest)
            return _kept[digest]
    program = Program.from_canonical(canonical())
    if program.digest != digest:
        raise ValueError(f"the stored program of {digest} has digest {program.digest}")
    with _lock:
        _kept[digest] = program
        while len(_kept) > _CAPACITY:
            _kept.popitem(last=False)
    return program
