"""The saved queues of approvals."""

from typing import Any, cast

from django.contrib.admin import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from stellapolicy.admin.shim import WordFilter
from stellapolicy.governance.admin.reading import reader
from stellapolicy.governance.approvals import kinds
from stellapolicy.governance.models import ApprovalState
from stellapolicy.governance.models.approval import ApprovalRequestQuerySet
from stellapolicy.governance.selectors import decidable
from stellapolicy.kernel.clock import now

MINE = "mine_to_decide"
ASKED = "asked_by_me"


class QueueFilter(WordFilter):
    """Narrows requests to a queue, judged as of now."""

    title = _("queue")
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:  # noqa: ARG002
        """Return the queues there are."""
        return [
            (MINE, str(_("Mine to decide"))),
            (ASKED, str(_("Asked by me"))),
            *((state.value, str(state.label)) for state in ApprovalState),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # Any: Django's own signature
        """Return the requests of the queue; a queue that does not exist narrows nothing."""
        chosen, rows = self.value(), cast("ApprovalRequestQuerySet", queryset)
        match chosen:
            case "mine_to_decide":
                return rows.filter(pk__in=decidable(reader(request), at=now()).values("pk"))
            case "asked_by_me":
                return rows.filter(person=reader(request).person)
            case str() if chosen in ApprovalState.values:
                return rows.standing(chosen, at=now())
            case _:
                return queryset


class KindFilter(WordFilter):
    """Narrows requests to one kind."""

    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:  # noqa: ARG002
        """Return the kinds there are."""
        return [(name, str(kind.title)) for name, kind in sorted(kinds().items())]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # Any: Django's own signature  # noqa: ARG002
        """Return the requests of the kind."""
        chosen = self.value()
        return queryset.filter(kind=chosen) if chosen else queryset
