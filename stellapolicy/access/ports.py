"""What access asks of a higher room: that a second person confirms before something takes effect."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Protocol
from uuid import UUID

from django_stubs_ext import StrOrPromise

from stellapolicy.audit.services import Target
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.canonical_json import JsonValue


@dataclass(frozen=True, slots=True)
class HeldDeed:
    """What was asked for, by whom (`requester` as it acted, `person` the human behind it) and why."""

    payload: Mapping[str, JsonValue]
    requester: str
    person: str
    reason: str


@dataclass(frozen=True, slots=True)
class HeldKind:
    """A sort of deed that can be held back.

    scope: what whoever confirms must hold in the whole tenant.
    setting: the governance setting that may switch the second person off; empty where none may.
    describe: a payload to the sentences a reader decides by.
    complete: does the deed once it is confirmed, as `complete(actor=who confirmed, deed=, at=)`, in the transaction of
    the last vote; a refusal of it leaves everything as it was, the vote included.
    """

    name: str
    title: StrOrPromise
    scope: str
    setting: str
    describe: Callable[[Mapping[str, JsonValue]], tuple[str, ...]]
    complete: "Completion"


class Completion(Protocol):
    """Does a deed that was confirmed."""

    def __call__(self, *, actor: Actor, deed: HeldDeed, at: datetime) -> object:
        """Do it; a refusal undoes the confirmation."""
        ...


class SecondPerson(Protocol):
    """Keeps deeds until somebody else confirms them."""

    def hold(
        self,
        *,
        actor: Actor,
        kind: str,
        target: Target,
        payload: Mapping[str, JsonValue],
        reason: str,
        at: datetime,
        excluding: frozenset[str] = frozenset(),
    ) -> UUID | None:
        """Keep a deed and return the id of the request that waits; None says: do it at once, nobody need confirm.

        `excluding` names people (`user:…`) who may not confirm besides the actor, such as whoever gains by it.
        """
        ...


class AtOnce:
    """Holds nothing back: what stands here while no higher room keeps deeds."""

    def hold(
        self,
        *,
        actor: Actor,  # noqa: ARG002 - the port's signature
        kind: str,  # noqa: ARG002 - the port's signature
        target: Target,  # noqa: ARG002 - the port's signature
        payload: Mapping[str, JsonValue],  # noqa: ARG002 - the port's signature
        reason: str,  # noqa: ARG002 - the port's signature
        at: datetime,  # noqa: ARG002 - the port's signature
        excluding: frozenset[str] = frozenset(),  # noqa: ARG002 - the port's signature
    ) -> UUID | None:
        """Return None."""
        return None


_KINDS: dict[str, HeldKind] = {}
_wired: list[SecondPerson] = []


def register_kind(kind: HeldKind) -> None:
    """Make a sort of deed known, in `apps.ready`; saying the same twice is harmless."""
    if _KINDS.setdefault(kind.name, kind) != kind:
        raise ValueError(f"{kind.name} is registered already")


def kinds() -> Mapping[str, HeldKind]:
    """Return every sort of deed by name."""
    return MappingProxyType(_KINDS)


def wire(second_person: SecondPerson) -> None:
    """Let a higher room keep deeds from now on."""
    _wired[:] = [second_person]


def second_person() -> SecondPerson:
    """Return whoever keeps deeds: `second_person().hold(actor=…, kind=…, …)`."""
    return _wired[0] if _wired else AtOnce()
