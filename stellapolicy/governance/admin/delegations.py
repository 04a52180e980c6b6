"""Delegations: who stands in for whom, given and ended by a form."""

from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from stellapolicy.access.admin.forms import TenantForm
from stellapolicy.access.models import RoleAssignment, User
from stellapolicy.access.roles import Role
from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin, Section
from stellapolicy.admin.deeds import REASON_LENGTH, Deed, ReasonForm, answer_form, posted
from stellapolicy.admin.shim import RelatedFilter
from stellapolicy.governance.admin.reading import readable, reader
from stellapolicy.governance.models import Delegation
from stellapolicy.governance.services.delegations import delegate, end_delegation
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import now
from stellapolicy.tenancy.models import Service


class DelegationForm(TenantForm):
    """Whom, with what, and until when."""

    user = forms.ModelChoiceField(
        label=_("Votes in your stead"), queryset=User.objects.none(), empty_label=_("choose a person")
    )
    roles = forms.MultipleChoiceField(
        label=_("Only as"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[(role.value, cells.spoken(role.value)) for role in Role],
        help_text=_("None chosen: with everything you hold."),
    )
    service = forms.ModelChoiceField(
        label=_("Only for the service"), queryset=Service.objects.none(), required=False, empty_label=_("every service")
    )
    last_day = forms.DateField(
        label=_("Until the end of (UTC)"), widget=forms.DateInput(attrs={"type": "date", "class": "st-input"})
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=REASON_LENGTH, widget=forms.Textarea(attrs={"rows": 3, "class": "st-input"})
    )

    def __init__(self, data: QueryDict | None, *, actor: Actor) -> None:
        self._actor = actor
        super().__init__(data)

    def choices_of_rows(self) -> dict[str, QuerySet[Model]]:
        """Return the other people of the tenant, and its services."""
        others = User.objects.filter(pk__in=RoleAssignment.objects.values("user"), is_active=True)
        others = others.exclude(username=self._actor.extra.get("username", "")).order_by("username")
        return {"user": others, "service": Service.objects.order_by("slug")}


@admin.register(Delegation)
class DelegationAdmin(PageAdmin[Delegation]):
    """Who votes in whose stead."""

    section = Section.GOVERNANCE
    icon = "supervisor_account"
    place = 3
    menu_title = _("Delegations")
    row_title = _("Delegation")
    empty_advice = _("Before a holiday, let somebody vote in your stead.")
    page_template = "admin/governance/delegation.html"
    list_before_template = "admin/governance/delegations.html"

    list_display = ("giver", "taker", "state_now", "part", "begins", "ends")
    list_filter: ClassVar = [("service", RelatedFilter)]
    search_fields = ("delegator__istartswith", "delegate__istartswith")
    search_help_text = _("Beginning of a name: user:…")
    list_select_related = ("service",)
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delegation]:
        """Return the delegations the reader may see."""
        return readable(Delegation.objects.all(), request)

    def page_rows(self, request: HttpRequest) -> QuerySet[Delegation]:
        """Return the delegations a page may be asked for."""
        return self.get_queryset(request).select_related("service")

    @admin.display(description=_("Of"))
    def giver(self, row: Delegation) -> str:
        """Whose votes they are."""
        return row.delegator

    @admin.display(description=_("Cast by"))
    def taker(self, row: Delegation) -> str:
        """Who may cast them."""
        return row.delegate

    @admin.display(description=_("State"))
    def state_now(self, row: Delegation) -> SafeString:
        """Whether it holds now."""
        return state_badge(row, at=now())

    @admin.display(description=_("As far as"))
    def part(self, row: Delegation) -> str:
        """What is handed on."""
        return part_of(row)

    @admin.display(description=_("From"))
    def begins(self, row: Delegation) -> SafeString:
        """From when."""
        return cells.instant(row.starts_at)

    @admin.display(description=_("Until"))
    def ends(self, row: Delegation) -> SafeString:
        """Until when."""
        return cells.instant(row.ended_at or row.ends_at)

    def page(self, request: HttpRequest, row: Delegation) -> dict[str, Any]:
        """Return what the page of one delegation shows."""
        at, person = now(), reader(request).person
        is_living = row.ended_at is None and row.ends_at > at
        return {
            "title": str(row),
            "state": state_badge(row, at=at),
            "part": part_of(row),
            "may_end": is_living and person in {row.delegator, row.delegate},
        }

    def get_urls(self) -> list[URLPattern]:
        """Add the forms."""
        view = self.admin_site.admin_view
        return [
            path("new/", view(self.give_view), name="governance_delegation_new"),
            path("<uuid:pk>/end/", view(self.end_view), name="governance_delegation_end"),
            *super().get_urls(),
        ]

    def give_view(self, request: HttpRequest) -> HttpResponse:
        """Let somebody vote in one's stead, from now on."""
        actor = reader(request)
        deed = Deed(
            title=_("Let somebody vote in your stead"),
            consequence=_(
                "Their vote counts as yours and ends yours on the same request. They cannot hand it on, and cannot use "
                "it on what you asked for yourself."
            ),
            button=_("Let them vote"),
        )
        form = DelegationForm(posted(request), actor=actor)
        return answer_form(self, request, form, deed, partial(self._give, request, actor), back=self.address)

    def end_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """End a delegation."""
        row, actor = self.find(request, str(pk)), reader(request)
        deed = Deed(
            title=_("End the delegation"),
            consequence=_("Votes that were cast stay. From now on everybody votes for themselves."),
            button=_("End it"),
            is_final=True,
        )
        back = reverse("admin:governance_delegation_change", args=[row.pk])
        return answer_form(
            self, request, ReasonForm(posted(request)), deed, partial(self._end, request, actor, row), back=back
        )

    def _give(self, request: HttpRequest, actor: Actor, asked: dict[str, Any]) -> HttpResponse:
        at, service = now(), asked["service"]
        delegate(
            actor=actor,
            to=asked["user"].subject,
            roles=asked["roles"],
            service_id=service.pk if service else None,
            starts_at=at,
            ends_at=datetime.combine(asked["last_day"], time.min, tzinfo=UTC) + timedelta(days=1),
            reason=asked["reason"],
            at=at,
        )
        messages.success(request, _("They may vote in your stead now."))
        return HttpResponseRedirect(self.address)

    def _end(self, request: HttpRequest, actor: Actor, row: Delegation, asked: dict[str, Any]) -> HttpResponse:
        end_delegation(actor=actor, pk=row.pk, reason=asked["reason"], at=now())
        messages.success(request, _("The delegation has ended."))
        return HttpResponseRedirect(self.address)


def state_badge(row: Delegation, *, at: datetime) -> SafeString:
    """Return whether a delegation holds at an instant, as a badge."""
    if row.ended_at is not None and row.ended_at <= at:
        return cells.badge("archived", str(_("ended early")))
    if row.ends_at <= at:
        return cells.badge("archived", str(_("over")))
    if row.starts_at > at:
        return cells.badge("queued", str(_("yet to come")))
    return cells.badge("active", str(_("in force")))


def part_of(row: Delegation) -> str:
    """Return in words what is handed on."""
    named = [cells.spoken(role) for role in row.roles] + list(row.scopes)
    part = ", ".join(named) or str(_("everything they hold"))
    return f"{part} ({row.service.name})" if row.service else part
