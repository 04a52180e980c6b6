"""Pipelines that may exchange their identity for a token: trusted for one service, and no longer."""

from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from stellapolicy.access import issuers
from stellapolicy.access.admin.acting import may, require_actor
from stellapolicy.access.admin.trust_forms import WorkloadForm
from stellapolicy.access.models import ApiToken, TrustedWorkload
from stellapolicy.access.roles import Scope
from stellapolicy.access.services.workloads import trust_workload, withdraw_workload
from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin, Section
from stellapolicy.admin.deeds import Deed, ReasonForm, answer_form, posted
from stellapolicy.admin.shim import RelatedFilter
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import now

_SCOPE = Scope.GOVERNANCE_WRITE


@admin.register(TrustedWorkload)
class TrustedWorkloadAdmin(PageAdmin[TrustedWorkload]):
    """Repositories whose runs get tokens of fifteen minutes."""

    section = Section.GOVERNANCE
    icon = "precision_manufacturing"
    place = 35
    menu_title = _("Trusted pipelines")
    row_title = _("Trusted pipeline")
    empty_advice = _("A pipeline that is trusted here needs no stored token: it proves itself with its provider's.")
    page_template = "admin/access/workload.html"
    list_before_template = "admin/access/workloads.html"

    list_display = ("repository", "issuer", "ref_pattern", "service", "state", "since")
    list_filter: ClassVar = [("service", RelatedFilter)]
    search_fields = ("repository__istartswith", "repository_id__exact")
    search_help_text = _("Beginning of the repository's name, or its id")
    list_select_related = ("service",)
    sortable_by = ()

    def page_rows(self, request: HttpRequest) -> QuerySet[TrustedWorkload]:
        """Return the workloads a page may be asked for."""
        return self.get_queryset(request).select_related("service")

    @admin.display(description=_("State"))
    def state(self, workload: TrustedWorkload) -> SafeString:
        """Whether it is trusted still."""
        return cells.badge("revoked" if workload.withdrawn_at else "live")

    @admin.display(description=_("Since"))
    def since(self, workload: TrustedWorkload) -> SafeString:
        """Since when."""
        return cells.instant(workload.created_at)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Answer with the list, and the button to trust one where somebody may and an issuer is configured."""
        offered = {"may_trust": may(request, _SCOPE), "has_issuers": bool(issuers.configured())}
        return super().changelist_view(request, {**offered, **(extra_context or {})})

    def page(self, request: HttpRequest, row: TrustedWorkload) -> dict[str, Any]:
        """Return the living tokens of a workload, and whether its trust may be withdrawn."""
        tokens = ApiToken.objects.of_tenant(row.tenant_id).filter(workload=row).live(at=now())
        return {"tokens": tokens, "may_withdraw": row.withdrawn_at is None and may(request, _SCOPE)}

    def get_urls(self) -> list[URLPattern]:
        """Add the two forms."""
        view = self.admin_site.admin_view
        return [
            path("trust/", view(self.trust_view), name="access_trustedworkload_trust"),
            path("<uuid:pk>/withdraw/", view(self.withdraw_view), name="access_trustedworkload_withdraw"),
            *super().get_urls(),
        ]

    def trust_view(self, request: HttpRequest) -> HttpResponse:
        """Trust a repository."""
        actor = require_actor(request, _SCOPE)
        deed = Deed(
            title=_("Trust a pipeline"),
            consequence=_("Its runs may submit evidence and ask gates for this one service, and nothing else."),
            button=_("Trust it"),
        )
        form = WorkloadForm(posted(request))
        return answer_form(self, request, form, deed, partial(self._trust, request, actor), back=self.address)

    def withdraw_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Trust a repository no longer, with the reason."""
        actor, workload = require_actor(request, _SCOPE), self.find(request, str(pk))
        deed = Deed(
            title=_("Trust %(name)s no longer") % {"name": workload.repository},
            consequence=_("It gets no further token, and those it has are refused from the next request on."),
            button=_("Withdraw trust"),
            is_final=True,
        )
        act = partial(self._withdraw, request, actor, workload)
        return answer_form(self, request, ReasonForm(posted(request)), deed, act, back=page_of(workload))

    def _trust(self, request: HttpRequest, actor: Actor, asked: dict[str, Any]) -> HttpResponse:
        workload = trust_workload(
            actor=actor,
            issuer=asked["issuer"],
            repository_id=asked["repository_id"],
            repository=asked["repository"],
            ref_pattern=asked["ref_pattern"],
            protected_only=asked["protected_only"],
            environment=asked["environment"],
            service_id=asked["service"].pk,
            at=now(),
        )
        messages.success(request, _("%(name)s is trusted.") % {"name": workload.repository})
        return HttpResponseRedirect(page_of(workload))

    def _withdraw(
        self, request: HttpRequest, actor: Actor, workload: TrustedWorkload, asked: dict[str, Any]
    ) -> HttpResponse:
        withdraw_workload(actor=actor, pk=workload.pk, reason=asked["reason"], at=now())
        messages.success(request, _("%(name)s is trusted no longer.") % {"name": workload.repository})
        return HttpResponseRedirect(page_of(workload))


def page_of(workload: TrustedWorkload) -> str:
    """Return the address of a workload's page."""
    return reverse("admin:access_trustedworkload_change", args=[workload.pk])
