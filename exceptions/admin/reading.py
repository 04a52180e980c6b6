"""Who reads and acts in the admin of exceptions."""

from django.http import HttpRequest

from exceptions.models.exception import PolicyExceptionQuerySet
from stellapolicy.access.roles import Scope
from stellapolicy.api.permissions import actor_of


def readable(rows: PolicyExceptionQuerySet, request: HttpRequest) -> PolicyExceptionQuerySet:
    """Return the exceptions that the reader's roles show; a superuser reads all and decides none."""
    actor = actor_of(request)
    if actor is None:
        return rows.none()
    if getattr(request.user, "is_superuser", False):
        return rows
    return rows.visible_to(actor, Scope.EXCEPTION_READ)
