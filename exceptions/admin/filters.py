"""What the list of exceptions can be narrowed to."""

from typing import Any, cast

from django.contrib.admin import ModelAdmin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from exceptions.admin.queues import TITLES, Queue, narrowed
from exceptions.models.exception import PolicyExceptionQuerySet
from exceptions.rules.vocabulary import State
from exceptions.selectors.queues import standing_in
from stellapolicy.admin import cells
from stellapolicy.admin.shim import WordFilter
from stellapolicy.governance.admin.reading import reader
from stellapolicy.kernel.clock import now
from stellapolicy.tenancy.models import Environment, Service


class QueueFilter(WordFilter):
    """Narrows exceptions to a queue, judged as of now."""

    title = _("queue")
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:  # noqa: ARG002
        """Return the queues there are."""
        return [(queue.value, str(title)) for queue, title in TITLES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # Any: Django's own signature
        """Return the exceptions of the queue; one that does not exist is no filter that can be read."""
        chosen, rows = self.value(), cast("PolicyExceptionQuerySet", queryset)
        if not chosen:
            return queryset
        if chosen not in list(Queue):
            raise IncorrectLookupParameters(chosen)
        return narrowed(rows, Queue(chosen), actor=reader(request), at=now())


class StateFilter(WordFilter):
    """Narrows exceptions to a state as it is now, whether or not a worker has recorded it."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:  # noqa: ARG002
        """Return the states there are."""
        return [(state.value, cells.spoken(state.value)) for state in State]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # Any: Django's own signature  # noqa: ARG002
        """Return the exceptions in the state; one that does not exist is no filter that can be read."""
        chosen, rows = self.value(), cast("PolicyExceptionQuerySet", queryset)
        if not chosen:
            return queryset
        if chosen not in list(State):
            raise IncorrectLookupParameters(chosen)
        return standing_in(rows, [State(chosen)], at=now())


class _PlaceFilter(WordFilter):
    """Narrows exceptions to those that may concern a place: they name it, or leave it open."""

    field: str

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # Any: Django's own signature  # noqa: ARG002
        """Return the exceptions that may concern the place."""
        chosen = self.value()
        if not chosen:
            return queryset
        return queryset.filter(Q(**{f"{self.field}__contains": [chosen]}) | Q(**{self.field: []}))


class EnvironmentFilter(_PlaceFilter):
    """Narrows exceptions to an environment."""

    title = _("environment")
    parameter_name = "environment"
    field = "environments"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:  # noqa: ARG002
        """Return the environments of the tenant."""
        return [(row.slug, row.name) for row in Environment.objects.order_by("slug")]


class ServiceFilter(_PlaceFilter):
    """Narrows exceptions to a service."""

    title = _("service")
    parameter_name = "service"
    field = "services"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:  # noqa: ARG002
        """Return the services of the tenant."""
        return [(row.slug, row.name) for row in Service.objects.order_by("slug")]
