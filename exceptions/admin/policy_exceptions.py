"""Exceptions: the queues people work through, the one page of each, and every deed about them."""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from exceptions.admin import acts, asking, bulk, changes, detail, evidence, export, grouping, previewing, wording
from exceptions.admin import effects as effects_page
from exceptions.admin import reports as reports_page
from exceptions.admin.filters import EnvironmentFilter, QueueFilter, ServiceFilter, StateFilter
from exceptions.admin.queues import TITLES
from exceptions.admin.reading import listed, readable
from exceptions.admin.searching import found, is_number
from exceptions.models import PolicyException
from exceptions.models.exception import PolicyExceptionQuerySet
from exceptions.rules.vocabulary import IN_FORCE, State
from exceptions.selectors.offers import Act
from exceptions.services.bulk import MOST_ROWS, Verb
from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin, Section, SidePage
from stellapolicy.admin.filters import PeriodFilter
from stellapolicy.admin.shim import ChoicesFilter, RelatedFilter
from stellapolicy.api.permissions import actor_of
from stellapolicy.kernel.clock import now

_NAME = "exceptions_policyexception"


def _for_many(verb: Verb) -> Callable[..., HttpResponse]:
    """Return the action of the list that leads to the page of a deed for many."""

    @admin.action(description=bulk.TITLES[verb])
    def choose(page: "PolicyExceptionAdmin", request: HttpRequest, rows: QuerySet[PolicyException]) -> HttpResponse:
        return bulk.choose(page, request, verb, list(rows[: MOST_ROWS + 1]))

    choose.__name__ = f"{verb.value}_selected"
    return choose


@admin.register(PolicyException)
class PolicyExceptionAdmin(PageAdmin[PolicyException]):
    """Every departure from policy that somebody asked for. INVARIANT: no form here writes a row; services do."""

    section = Section.EXCEPTIONS
    is_catalogue = True
    icon = "assignment_late"
    place = 10
    menu_title = _("Exceptions")
    row_title = _("Exception")
    empty_advice = _("A blocked finding has the button that asks for one; so has this list.")
    page_template = "admin/exceptions/exception.html"
    list_before_template = "admin/exceptions/queues.html"
    side_pages = (
        SidePage(_("By vulnerability"), "stacks", f"{_NAME}_groups"),
        SidePage(_("Reports"), "bar_chart", f"{_NAME}_reports"),
        SidePage(_("Effects"), "rule_settings", f"{_NAME}_effects"),
    )

    list_display = ("called", "subject", "state_now", "level_badge", "severity_badge", "asked_by", "owner", "ends")
    list_display_links = ("called", "subject")
    list_filter: ClassVar = [
        QueueFilter,
        StateFilter,
        ("level", ChoicesFilter),
        ("severity", ChoicesFilter),
        ("type", ChoicesFilter),
        ("reason", ChoicesFilter),
        ("owner_team", RelatedFilter),
        EnvironmentFilter,
        ServiceFilter,
        ("created_at", PeriodFilter),
    ]
    search_fields = ("number",)
    search_help_text = _("Number, vulnerability, package (pkg:…) or ticket, each whole")
    sortable_by = ()
    actions = tuple(_for_many(verb) for verb in Verb)
    actions_selection_counter = True

    def get_queryset(self, request: HttpRequest) -> PolicyExceptionQuerySet:
        """Return the exceptions the reader may see, with who answers for each."""
        return readable(PolicyException.objects.select_related("owner_team"), request)

    def page_rows(self, request: HttpRequest) -> PolicyExceptionQuerySet:
        """Return the exceptions a page may be asked for, with their terms."""
        return readable(PolicyException.objects.with_terms(), request)

    def find(self, request: HttpRequest, object_id: str) -> PolicyException:
        """Return the exception of a page, by its id or by its number: people write numbers into tickets."""
        if not is_number(object_id):
            return super().find(request, object_id)
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self.page_rows(request).filter(number=object_id.upper()).first()
        if row is None:
            raise Http404(object_id)
        return row

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        queryset: QuerySet[PolicyException],
        search_term: str,
    ) -> tuple[QuerySet[PolicyException], bool]:
        """Return the exceptions that a term names."""
        return (queryset.filter(found(search_term)) if search_term.strip() else queryset), False

    def get_actions(self, request: HttpRequest) -> Any:  # noqa: ANN401 - Django's own signature
        """Return what can be done to many; nothing to whoever may do nothing."""
        return super().get_actions(request) if bulk.may_act(actor_of(request)) else {}

    @admin.display(description=_("Number"))
    def called(self, row: PolicyException) -> SafeString:
        """Its number, which never breaks."""
        return format_html('<span class="st-nowrap">{}</span>', row.number)

    @admin.display(description=_("About"))
    def subject(self, row: PolicyException) -> str:
        """What it is about, in words."""
        return wording.about(row)

    @admin.display(description=_("State"))
    def state_now(self, row: PolicyException) -> SafeString:
        """Its state now, whether or not a worker has noticed, with what time is left."""
        return state_cell(row)

    @admin.display(description=_("Level"))
    def level_badge(self, row: PolicyException) -> SafeString:
        """How many people it takes."""
        return cells.badge("level", row.level.upper())

    @admin.display(description=_("Severity"))
    def severity_badge(self, row: PolicyException) -> SafeString:
        """The worst it covers."""
        return cells.severity(row.severity)

    @admin.display(description=_("Asked by"))
    def asked_by(self, row: PolicyException) -> str:
        """Who asked."""
        return row.person.removeprefix("user:")

    @admin.display(description=_("Owner"))
    def owner(self, row: PolicyException) -> str:
        """Who answers for it."""
        return row.owner_team.name if row.owner_team is not None else str(self.empty_value_display)

    @admin.display(description=_("Ends"))
    def ends(self, row: PolicyException) -> SafeString:
        """When its time is over."""
        return cells.instant(row.expires_at)

    def page(self, request: HttpRequest, row: PolicyException) -> dict[str, Any]:
        """Return what the page of one exception shows."""
        return detail.context_of(request, row)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Answer with the list and its queues; what is posted is a choice of rows for a deed, and does nothing yet."""
        actor = actor_of(request)
        chosen = request.GET.get("queue", "")
        shown = {
            "queues": [(queue.value, title, queue.value == chosen) for queue, title in TITLES.items()],
            "is_everything": not chosen,
            "may_ask": actor is not None and asking.may_ask(actor),
            "export": request.GET.urlencode(),
            **(extra_context or {}),
        }
        if request.method == "POST":
            return self._choose(request)
        return super().changelist_view(request, shown)

    def _choose(self, request: HttpRequest) -> HttpResponse:
        """Lead to the page of a deed with the rows that were ticked; anything else posted to a list is refused."""
        known = self.get_actions(request)
        name = request.POST.get("action", "")
        if name not in known or not self.has_view_permission(request):
            raise PermissionDenied
        everything = request.POST.get("select_across") == "1"
        ticked = [key for key in request.POST.getlist("_selected_action") if _is_key(key)]
        rows = listed(self, request) if everything else self.page_rows(request)
        chosen = rows.select_related("terms", "asked") if everything else rows.filter(pk__in=ticked)
        answer: HttpResponse = known[name][0](self, request, chosen.order_by("-created_at", "-id"))
        return answer

    def get_urls(self) -> list[URLPattern]:
        """Add the deeds, the pages beside the list, and what a page loads."""
        here: dict[str, tuple[str, Callable[..., HttpResponse]]] = {
            "request": ("request/", asking.request_view),
            "groups": ("by-vulnerability/", grouping.groups_view),
            "reports": ("reports/", reports_page.reports_view),
            "effects": ("effects/", effects_page.effects_view),
            "bulk": ("bulk/", bulk.bulk_view),
            "csv": ("export.csv", partial(export.export_view, form="csv")),
            "ndjson": ("export.ndjson", partial(export.export_view, form="ndjson")),
            "preview": ("<uuid:pk>/preview/", previewing.preview_view),
            "attachment": ("<uuid:pk>/attachment/", evidence.attachment_view),
            "envelope": ("<uuid:pk>/envelope/", evidence.envelope_view),
            Act.SAY: ("<uuid:pk>/say/", evidence.say_view),
            Act.ATTACH: ("<uuid:pk>/attach/", evidence.attach_view),
            Act.EXTEND: ("<uuid:pk>/extend/", changes.extend_view),
            Act.CHANGE: ("<uuid:pk>/change-terms/", changes.change_view),
            **{
                act: (f"<uuid:pk>/{act.value.replace('_', '-')}/", partial(acts.act_view, act=act))
                for act in acts.MOVES
            },
        }
        view = self.admin_site.admin_view
        named = [
            path(route, view(partial(answer, self)), name=f"{_NAME}_{name}") for name, (route, answer) in here.items()
        ]
        return [*named, *super().get_urls()]


def state_cell(row: PolicyException) -> SafeString:
    """Return where an exception stands now, with what time is left."""
    at = now()
    state = row.standing(at=at)
    badge = cells.badge(state.value)
    if state is State.REVALIDATION_REQUIRED and row.grace_until is not None:
        held = cells.left(row.grace_until, at=at) if row.grace_until > at else _("applies no more")
        return format_html('<span class="st-stack">{}<small class="st-subtle">{}</small></span>', badge, held)
    if state not in IN_FORCE:
        return badge
    return format_html(
        '<span class="st-stack">{}<small class="st-subtle">{}</small></span>',
        badge,
        cells.left(row.expires_at, at=at),
    )


def _is_key(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
