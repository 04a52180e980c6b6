"""The kinds of request there are, each registered by the room that knows what it means."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from django_stubs_ext import StrOrPromise

from stellapolicy.kernel.actor import Actor

if TYPE_CHECKING:
    from stellapolicy.governance.models import ApprovalRequest


class Completion(Protocol):
    """Lets take effect what was asked."""

    def __call__(self, *, actor: Actor, request: "ApprovalRequest", at: datetime) -> object:
        """Do it, in the transaction of the last vote; a refusal leaves everything as it was, that vote included."""
        ...


class Closing(Protocol):
    """Lets the room that asked know that a request ended without taking effect."""

    def __call__(self, *, actor: Actor, request: "ApprovalRequest", reason: str, at: datetime) -> object:
        """Follow, in the transaction that rejected, withdrew or expired it."""
        ...


@dataclass(frozen=True, slots=True)
class ApprovalKind:
    """What a request of this kind is called, who decides it, what it will do, and what does it.

    scope: what a seat asks for that names neither scope nor role nor people.
    describe: the sentences a reader decides by.
    may_be_automatic: whether a rule without seats is allowed, so that it takes effect at once.
    needs_comment: whether a yes says why too; a no always does.
    closed: follows a request that was rejected, withdrawn by whoever asked, or expired.
    hold: takes the locks that completing or following will need. INVARIANT: they come before the request's own and the
    audit chain's, everywhere, so that no two doors wait for each other.
    """

    name: str
    title: StrOrPromise
    scope: str
    describe: "Callable[[ApprovalRequest], tuple[str, ...]]"
    complete: Completion
    may_be_automatic: bool = False
    needs_comment: bool = False
    closed: Closing | None = None
    hold: "Callable[[ApprovalRequest], object] | None" = None


_KINDS: dict[str, ApprovalKind] = {}


def register(kind: ApprovalKind) -> None:
    """Make a kind known, in `apps.ready`; saying the same twice is harmless."""
    if _KINDS.setdefault(kind.name, kind) != kind:
        raise ValueError(f"{kind.name} is registered already")


def kind_of(name: str) -> ApprovalKind:
    """Return a kind; an unknown one is a mistake of ours."""
    return _KINDS[name]


def kinds() -> Mapping[str, ApprovalKind]:
    """Return every kind by name."""
    return MappingProxyType(_KINDS)
