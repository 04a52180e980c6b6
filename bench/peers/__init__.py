"""Other policy engines, each with the bench's policy in its own language; one that is not installed is skipped."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module

Judge = Callable[[Mapping[str, object]], str]
Shape = Callable[[Mapping[str, object]], Mapping[str, object]]
MODULES = ("datalogic", "zen", "cel_expr", "cel_rust", "cedar", "rego")


@dataclass(frozen=True, slots=True)
class Peer:
    """An engine that is installed, its policy compiled.

    `shaped` turns a finding under underscored names into what `judge` takes; it is not measured.
    """

    name: str
    judge: Judge
    shaped: Shape


def installed() -> tuple[list[Peer], list[str]]:
    """Return the peers that can be measured, and why each of the others cannot."""
    found: list[Peer] = []
    absent: list[str] = []
    for module in MODULES:
        try:
            adapter = import_module(f"bench.peers.{module}")
            found.append(Peer(adapter.NAME, adapter.judge(), getattr(adapter, "shaped", dict)))
        except ImportError as missing:
            absent.append(f"{module}: {missing}")
    return found, absent
