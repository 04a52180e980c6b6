"""API tokens: listed with how they stand, issued and shown once, given a new secret, revoked with a reason."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from stellapolicy.access.admin.acting import may, require_actor
from stellapolicy.access.admin.forms import TokenForm
from stellapolicy.access.models import ApiToken
from stellapolicy.access.roles import Scope
from stellapolicy.access.services.tokens import IssuedToken, issue_token, revoke_token, rotate_token
from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin, Section
from stellapolicy.admin.deeds import Deed, ReasonForm, answer_form, posted
from stellapolicy.admin.shim import WordFilter
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import now
from stellapolicy.tenancy.scope import current_tenant

_SCOPE = Scope.GOVERNANCE_WRITE


class StateFilter(WordFilter):
    """Narrows the list to tokens that live, or to those that ended."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, str]]:  # noqa: ARG002
        """Return the states a token can be in."""
        return [("live", str(_("Live"))), ("ended", str(_("Expired or revoked")))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> QuerySet[ApiToken]:  # noqa: ARG002
        """Return the tokens in the chosen state."""
        living = ApiToken.objects.live(at=now())
        match self.value():
            case "live":
                return queryset & living
            case "ended":
                return queryset.exclude(pk__in=living.values("pk"))
            case _:
                return queryset


@admin.register(ApiToken)
class ApiTokenAdmin(PageAdmin[ApiToken]):
    """Tokens of the tenant; a secret is shown in one answer and never again."""

    section = Section.GOVERNANCE
    icon = "key"
    place = 30
    menu_title = _("API tokens")
    row_title = _("API token")
    empty_advice = _("Pipelines sign in with a token. Issue the first one with the button above.")
    page_template = "admin/access/token.html"
    list_before_template = "admin/access/tokens.html"

    list_display = ("name", "person", "may", "reach", "state", "ends", "used")
    list_filter: ClassVar = [StateFilter]
    search_fields = ("name__istartswith", "token_key__startswith")
    search_help_text = _("Beginning of the name or of the secret")
    list_select_related = ("user", "service")
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        """Return the tokens of the tenant: the table stands outside row-level security."""
        return super().get_queryset(request).filter(tenant_id=current_tenant())

    def page_rows(self, request: HttpRequest) -> QuerySet[ApiToken]:
        """Return the tokens a page may be asked for."""
        return self.get_queryset(request).select_related("user", "service", "replaces")

    @admin.display(description=_("Speaks for"))
    def person(self, token: ApiToken) -> str:
        """Whose token it is."""
        return token.speaks_for

    @admin.display(description=_("May"))
    def may(self, token: ApiToken) -> SafeString:
        """What it may do, the whole list on hover."""
        shown = ", ".join(token.scopes[:2])
        more = len(token.scopes) - 2
        text = f"{shown} +{more}" if more > 0 else shown
        return format_html('<span class="st-code" title="{}">{}</span>', ", ".join(token.scopes), text)

    @admin.display(description=_("In"))
    def reach(self, token: ApiToken) -> str:
        """Where it may do it."""
        return token.service.name if token.service else str(_("every service"))

    @admin.display(description=_("State"))
    def state(self, token: ApiToken) -> SafeString:
        """How it stands now."""
        return cells.badge(state_of(token, at=now()))

    @admin.display(description=_("Ends"))
    def ends(self, token: ApiToken) -> SafeString:
        """When it ends, or ended."""
        return cells.instant(token.revoked_at or token.expiry)

    @admin.display(description=_("Last used"))
    def used(self, token: ApiToken) -> SafeString:
        """When it was last used, to the minute."""
        return cells.instant(token.last_used_at)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Answer with the list, and the button to issue where somebody may."""
        return super().changelist_view(request, {"may_issue": may(request, _SCOPE), **(extra_context or {})})

    def page(self, request: HttpRequest, row: ApiToken) -> dict[str, Any]:
        """Return what the page of one token shows."""
        state = state_of(row, at=now())
        may_end = state == "live" and may(request, _SCOPE)
        return {"state": state, "may_end": may_end, "may_rotate": may_end and row.workload_id is None}

    def get_urls(self) -> list[URLPattern]:
        """Add the three forms."""
        view = self.admin_site.admin_view
        return [
            path("issue/", view(self.issue_view), name="access_apitoken_issue"),
            path("<uuid:pk>/rotate/", view(self.rotate_view), name="access_apitoken_rotate"),
            path("<uuid:pk>/revoke/", view(self.revoke_view), name="access_apitoken_revoke"),
            *super().get_urls(),
        ]

    def issue_view(self, request: HttpRequest) -> HttpResponse:
        """Issue a token and show its secret once."""
        actor = require_actor(request, _SCOPE)
        deed = Deed(
            title=_("Issue a token"),
            consequence=_("Whoever has its secret may do what is ticked here until it ends. The secret is shown once."),
            button=_("Issue the token"),
        )
        form = TokenForm(posted(request), actor=actor)
        return answer_form(self, request, form, deed, partial(self._issue, request, actor), back=self.address)

    def rotate_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Give a token a new secret and show it once."""
        actor, token = require_actor(request, _SCOPE), self.find(request, str(pk))
        deed = Deed(
            title=_("New secret for %(name)s") % {"name": token.name},
            consequence=_(
                "The old secret is refused at once; the new one has the same powers and the same lifetime again."
            ),
            button=_("Make the new secret"),
            is_final=True,
        )
        return answer_form(
            self,
            request,
            forms.Form(posted(request)),
            deed,
            partial(self._rotate, request, actor, pk),
            back=page_of(token),
        )

    def revoke_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Revoke a token, with the reason."""
        actor, token = require_actor(request, _SCOPE), self.find(request, str(pk))
        deed = Deed(
            title=_("Revoke %(name)s") % {"name": token.name},
            consequence=_("Its next request is refused, in every pipeline that uses it. This cannot be undone."),
            button=_("Revoke the token"),
            is_final=True,
        )
        form = ReasonForm(posted(request))
        return answer_form(self, request, form, deed, partial(self._revoke, request, actor, token), back=page_of(token))

    def _issue(self, request: HttpRequest, actor: Actor, asked: dict[str, Any]) -> HttpResponse:
        service = asked["service"]
        issued = issue_token(
            actor=actor,
            user=asked["user"],
            name=asked["name"],
            scopes=asked["scopes"],
            lifetime=timedelta(days=asked["lifetime"]),
            service_id=service.pk if service else None,
            at=now(),
        )
        return self._shown_once(request, issued)

    def _rotate(self, request: HttpRequest, actor: Actor, pk: UUID, _asked: dict[str, Any]) -> HttpResponse:
        return self._shown_once(request, rotate_token(actor=actor, pk=pk, at=now()))

    def _revoke(self, request: HttpRequest, actor: Actor, token: ApiToken, asked: dict[str, Any]) -> HttpResponse:
        revoke_token(actor=actor, pk=token.pk, at=now(), reason=asked["reason"])
        messages.success(request, _("%(name)s is revoked.") % {"name": token.name})
        return HttpResponseRedirect(page_of(token))

    def _shown_once(self, request: HttpRequest, issued: IssuedToken) -> HttpResponse:
        context = {"title": issued.token.name, "secret": issued.secret, "server": settings.PUBLIC_URL}
        response = self.answer(request, "admin/access/secret.html", context, row=issued.token)
        response["Cache-Control"] = "no-store"
        return response


def state_of(token: ApiToken, *, at: datetime) -> str:
    """Return how a token stands at the instant: live, expired or revoked."""
    if token.revoked_at is not None:
        return "revoked"
    return "expired" if token.expiry <= at else "live"


def page_of(token: ApiToken) -> str:
    """Return the address of a token's page."""
    return reverse("admin:access_apitoken_change", args=[token.pk])
