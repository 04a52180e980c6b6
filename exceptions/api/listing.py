"""Exceptions as lists: all of them, counted, and grouped by what they are about; and asking for a new one."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, ClassVar, cast

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from exceptions import errors
from exceptions.api.detail import ExceptionOutput, address_of, told
from exceptions.api.filters import ExceptionFilter
from exceptions.api.inputs import ExceptionInput
from exceptions.api.outputs import ExceptionRowOutput
from exceptions.models import PolicyException
from exceptions.models.exception import PolicyExceptionQuerySet
from exceptions.selectors import requests_for, visible
from exceptions.selectors.queues import MOST_IN_GROUP, VulnerabilityGroup, brief, undecided_groups
from exceptions.selectors.statistics import Statistics
from exceptions.services.request import request_exception
from stellapolicy.access.roles import Scope
from stellapolicy.api.pagination import KeysetPagination
from stellapolicy.api.views import ActorRequest, ScopedView
from stellapolicy.governance.selectors import voter_of
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import now
from stellapolicy.kernel.refusals import Refusal

# What asking for something, or for other terms, can be refused for.
ASKING_REFUSALS: tuple[type[Refusal], ...] = (
    errors.ExceptionInvalid,
    errors.TooBroad,
    errors.TooLong,
    errors.TicketMissing,
    errors.ConditionAlreadyTrue,
    errors.AlreadyCovered,
)


def row_context(rows: Sequence[PolicyException], actor: Actor, *, at: datetime) -> dict[str, Any]:  # Any: DRF's context
    """Return what rows are rendered with; four reads, however many they are."""
    asked = [row.asked_id for row in rows if row.asked_id is not None]
    return {"at": at, "requests": requests_for(asked), "voter": voter_of(actor, at=at)}


class ExceptionsView(ScopedView):
    """The exceptions of the tenant, as far as you may read them."""

    required_scopes: ClassVar = {"GET": Scope.EXCEPTION_READ, "POST": Scope.EXCEPTION_WRITE}
    refusals: ClassVar = {"POST": ASKING_REFUSALS}
    page_order = ("-created_at", "-id")
    serializer_class = ExceptionRowOutput
    filterset_class = ExceptionFilter

    def get_serializer(self, rows: Sequence[PolicyException] = (), **said: Any) -> Any:  # noqa: ANN401 - DRF's signature
        """Return the serializer of a page."""
        context = row_context(rows, cast("ActorRequest", self.request).actor, at=now()) if rows else {}
        return ExceptionRowOutput(rows, context=context, **said)

    @extend_schema(operation_id="exceptions_list", responses=ExceptionRowOutput(many=True))
    def get(self, request: ActorRequest) -> Response:
        """List exceptions, the newest first, each with the decision it waits for."""
        return self.page(brief(visible(request.actor)))

    @extend_schema(operation_id="exceptions_request", request=ExceptionInput, responses={201: ExceptionOutput})
    def post(self, request: ActorRequest) -> Response:
        """Ask for an exception; it applies once those agreed whom its level asks for, at level A0 at once.

        The answer says the level with its computation, the seats and who could fill them, and what evidence is missing.
        """
        asked = ExceptionInput(data=request.data)
        asked.is_valid(raise_exception=True)
        at = now()
        exception = request_exception(actor=request.actor, asked=asked.to_asked(), at=at)
        answer = told(exception, request.actor, at=at)
        return Response(answer, status=HTTPStatus.CREATED, headers={"Location": address_of(exception)})


class DebtOutput(serializers.Serializer[Any]):  # Any: a Debt
    """What a team owes."""

    team = serializers.CharField(allow_blank=True, help_text="Slug; empty for what no team answers for.")
    exceptions = serializers.IntegerField(help_text="Those that apply.")
    severe = serializers.IntegerField(help_text="Of these, of high, critical or unknown severity.")
    days = serializers.IntegerField(help_text="Their ages, added.")
    oldest_at = serializers.DateTimeField(allow_null=True)


class StatisticsOutput(serializers.Serializer[Any]):  # Any: a Statistics
    """Counts as of now; by severity, level and kind of those that apply."""

    by_state = serializers.DictField(child=serializers.IntegerField())
    by_severity = serializers.DictField(child=serializers.IntegerField())
    by_level = serializers.DictField(child=serializers.IntegerField())
    by_kind = serializers.DictField(child=serializers.IntegerField())
    applying = serializers.IntegerField()
    expiring = serializers.IntegerField(help_text="Those that apply and end within 14 days.")
    unused = serializers.IntegerField(help_text="In force for 30 days, and needed by nothing in that time.")
    over_broad = serializers.IntegerField(help_text="More than 25 artifacts or 3 services when approved.")
    renewals = serializers.IntegerField(help_text="How often a later end was agreed to.")
    debt = DebtOutput(many=True)
    median_decision_seconds = serializers.SerializerMethodField(
        help_text="The middle time from asking to the first yes or the no; null where nothing was decided."
    )

    def get_median_decision_seconds(self, counted: Statistics) -> int | None:
        """Return the median in whole seconds."""
        return None if counted.median_decision is None else round(counted.median_decision.total_seconds())


class StatisticsView(ScopedView):
    """Counts over the exceptions you may read."""

    required_scopes: ClassVar = {"GET": Scope.EXCEPTION_READ}
    pagination_class = None  # type: ignore[assignment]  # one answer

    @extend_schema(operation_id="exceptions_stats", responses=StatisticsOutput)
    def get(self, request: ActorRequest) -> Response:
        """Return how many stand where, what should not be there, whose debt it is, and how long decisions take."""
        counted = Statistics.of(visible(request.actor).select_related(None), at=now())
        return Response(StatisticsOutput(counted).data)


class GroupOutput(serializers.Serializer[Any]):  # Any: a VulnerabilityGroup
    """The undecided requests that name one vulnerability."""

    vulnerability = serializers.CharField()
    count = serializers.IntegerField()
    exceptions = ExceptionRowOutput(many=True, help_text=f"The oldest {MOST_IN_GROUP} of them.")


class GroupPagination(KeysetPagination):
    """Pages groups by their vulnerability."""

    def rows_after(
        self,
        queryset: QuerySet[Any],
        order: Sequence[str],  # noqa: ARG002 - of the floor; groups have one order
        last: Sequence[object] | None,
        count: int,
    ) -> list[Any]:  # Any: groups
        """Return so many groups."""
        if not isinstance(queryset, PolicyExceptionQuerySet):
            raise TypeError("groups are made of exceptions")
        after = str(last[0]) if last else ""
        return list(undecided_groups(queryset, after=after, count=count))


class GroupsView(ScopedView):
    """Undecided requests, grouped by what they are about, so that they can be decided together through bulk."""

    required_scopes: ClassVar = {"GET": Scope.EXCEPTION_READ}
    page_order = ("vulnerability",)
    pagination_class = GroupPagination
    serializer_class = GroupOutput
    queryset = PolicyException.objects.none()

    def get_serializer(self, groups: Sequence[VulnerabilityGroup] = (), **said: Any) -> Any:  # noqa: ANN401 - DRF's signature
        """Return the serializer of a page."""
        rows = [row for group in groups for row in group.exceptions]
        context = row_context(rows, cast("ActorRequest", self.request).actor, at=now()) if rows else {}
        return GroupOutput(groups, context=context, **said)

    @extend_schema(operation_id="exceptions_by_vulnerability", responses=GroupOutput(many=True))
    def get(self, request: ActorRequest) -> Response:
        """List the vulnerabilities that undecided requests name, with these requests; other names are not joined."""
        return self.page(visible(request.actor))
