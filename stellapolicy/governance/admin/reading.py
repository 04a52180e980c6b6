"""Who reads in the admin, and as whom."""

from typing import Protocol, Self, TypeVar

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from stellapolicy.access.roles import Scope
from stellapolicy.api.permissions import actor_of
from stellapolicy.kernel.actor import Actor


class _Narrowed(Protocol):
    """Rows that know who may read them."""

    def visible_to(self, actor: Actor, scope: str) -> Self: ...

    def none(self) -> Self: ...


_RowsT = TypeVar("_RowsT", bound=_Narrowed)


def readable(rows: _RowsT, request: HttpRequest) -> _RowsT:
    """Return the rows that the reader's roles show; a superuser reads all and decides none."""
    actor = actor_of(request)
    if actor is None:
        return rows.none()
    if getattr(request.user, "is_superuser", False):
        return rows
    return rows.visible_to(actor, Scope.GOVERNANCE_READ)


def reader(request: HttpRequest) -> Actor:
    """Return who acts, or 403."""
    actor = actor_of(request)
    if actor is None:
        raise PermissionDenied
    return actor
