"""Who reads and acts in the admin of exceptions."""

from django.contrib.admin import ModelAdmin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpRequest

from exceptions.models import PolicyException
from exceptions.models.exception import PolicyExceptionQuerySet
from stellapolicy.access.roles import Scope
from stellapolicy.api.permissions import actor_of


def listed(page: ModelAdmin[PolicyException], request: HttpRequest) -> QuerySet[PolicyException]:
    """Return the exceptions that the list of an address shows; one whose filter cannot be read is no good address."""
    try:
        return page.get_changelist_instance(request).get_queryset(request)
    except IncorrectLookupParameters as unread:
        raise BadRequest(str(unread)) from unread


def readable(rows: PolicyExceptionQuerySet, request: HttpRequest) -> PolicyExceptionQuerySet:
    """Return the exceptions that the reader's roles show; a superuser reads all and decides none."""
    actor = actor_of(request)
    if actor is None:
        return rows.none()
    if getattr(request.user, "is_superuser", False):
        return rows
    return rows.visible_to(actor, Scope.EXCEPTION_READ)
