"""Who acts in the admin, and whether they may."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from stellapolicy.access.roles import Scope
from stellapolicy.api.permissions import actor_of
from stellapolicy.kernel.actor import Actor


def may(request: HttpRequest, scope: Scope) -> bool:
    """Whether the roles of the person bring the scope in the whole tenant; being a superuser brings none."""
    actor = actor_of(request)
    return actor is not None and actor.holds_for(scope, None)


def require_actor(request: HttpRequest, scope: Scope) -> Actor:
    """Return who acts, or 403 where they do not hold the scope."""
    actor = actor_of(request)
    if actor is None or not actor.holds_for(scope, None):
        raise PermissionDenied(f"this needs {scope}")
    return actor
