"""Who acts on the pages of the outbox, and whether they may."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from stellapolicy.api.permissions import actor_of
from stellapolicy.kernel.actor import Actor
from stellapolicy.outbox.services.dispatching import WRITE_SCOPE


def may(request: HttpRequest) -> bool:
    """Whether the reader may say who is told of what."""
    actor = actor_of(request)
    return actor is not None and actor.holds_for(WRITE_SCOPE, None)


def require_actor(request: HttpRequest) -> Actor:
    """Return who acts, or 403 where they may not say who is told of what."""
    actor = actor_of(request)
    if actor is None or not actor.holds_for(WRITE_SCOPE, None):
        raise PermissionDenied(f"this needs {WRITE_SCOPE}")
    return actor
