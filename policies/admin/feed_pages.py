"""How each feed stands, what its loads changed, and the files people bring or that are kept aside."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from policies.feeds.freshness import Freshness
from policies.intelligence import standing
from policies.models import FeedChange, FeedName, FeedState, HeldFeed
from policies.models.feeds import HeldState
from policies.services.feed_uploads import discard_held, load_held, may_load_feeds, preview, review_feed
from stellapolicy.access.admin.acting import require_actor
from stellapolicy.access.roles import Scope
from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin, Section
from stellapolicy.admin.dashboard import Tile, Tone
from stellapolicy.admin.deeds import Deed, ReasonForm, answer_form, dress, posted
from stellapolicy.api.permissions import actor_of
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import now
from stellapolicy.kernel.refusals import Refusal

_CHANGES_SHOWN = 30
_HELD_SHOWN = 20
_BADGES = {
    Freshness.FRESH: "fresh",
    Freshness.STALE: "warn",
    Freshness.EXPIRED: "failed",
    Freshness.NEVER_READ: "failed",
    Freshness.NOT_CONFIGURED: "not_configured",
}


class FeedFileForm(forms.Form):
    """Asks for a file."""

    file = forms.FileField(label=_("File"), help_text=_("An EPSS day (CSV) or a KEV catalogue (JSON), plain or gzip."))


@admin.register(FeedState)
class FeedStateAdmin(PageAdmin[FeedState]):
    """How each feed stands; one never connected is said, and held against nobody."""

    section = Section.INTELLIGENCE
    is_catalogue = True
    icon = "rss_feed"
    place = 10
    menu_title = _("Feeds")
    row_title = _("Feed")
    empty_advice = _("Load a file with `manage.py feeds load`, or POST it to /api/v1/feeds.")
    page_template = "admin/policies/feed.html"
    list_before_template = "admin/policies/feeds.html"

    list_display = ("label", "fresh", "checked", "model_date", "version", "rows")
    sortable_by = ()

    @admin.display(description=_("Feed"))
    def label(self, feed: FeedState) -> str:
        """Its name as people say it."""
        return FeedName(feed.name).label

    @admin.display(description=_("Stands"))
    def fresh(self, feed: FeedState) -> SafeString:
        """How far it can be relied upon."""
        return stands_badge(feed)

    @admin.display(description=_("Last good check"))
    def checked(self, feed: FeedState) -> SafeString:
        """When it was last read successfully."""
        return cells.instant(feed.checked_at)

    @admin.display(description=_("Rows"))
    def rows(self, feed: FeedState) -> str:
        """How many rows the last file had."""
        return f"{feed.row_count:,}"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Answer with the list, the feeds nobody ever connected, and the way to load a file."""
        known = set(FeedState.objects.values_list("name", flat=True))
        absent = [name.label for name in FeedName if name not in known]
        shown = {"absent_feeds": absent, "may_load": _may_load(request), **(extra_context or {})}
        return super().changelist_view(request, shown)

    def page(self, request: HttpRequest, row: FeedState) -> dict[str, Any]:
        """Return what is known of one feed; files kept aside are shown to the installation's own people."""
        may_load = _may_load(request)
        return {
            "title": FeedName(row.name).label,
            "stands": stands_badge(row),
            "changes": FeedChange.objects.filter(name=row.name)[:_CHANGES_SHOWN],
            "may_load": may_load,
            "held": HeldFeed.objects.filter(name=row.name)[:_HELD_SHOWN] if may_load else [],
        }

    def get_urls(self) -> list[URLPattern]:
        """Add the way a file takes: brought, looked at, loaded or given up."""
        view = self.admin_site.admin_view
        held = "<str:name>/held/<uuid:pk>/"
        return [
            path("load/", view(self.upload_view), name="policies_feedstate_load"),
            path(held, view(self.held_view), name="policies_feedstate_held"),
            path(f"{held}load/", view(self.load_view), name="policies_feedstate_held_load"),
            path(f"{held}discard/", view(self.discard_view), name="policies_feedstate_held_discard"),
            *super().get_urls(),
        ]

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        """Take a file and show what it would do; nothing is loaded yet."""
        actor = _loader(request)
        form = FeedFileForm(posted(request), request.FILES or None)
        if request.method == "POST" and form.is_valid():
            try:
                held = review_feed(actor=actor, content=form.cleaned_data["file"].read(), at=now())
            except Refusal as refusal:
                form.add_error("file", f"{refusal.title}: {refusal.detail} [{refusal.code}]")
            else:
                return HttpResponseRedirect(_address(held))
        context = {"title": _("Load a feed file"), "form": dress(form), "back": self.address}
        return self.answer(request, "admin/policies/feed_upload.html", context)

    def held_view(self, request: HttpRequest, name: str, pk: UUID) -> HttpResponse:
        """Show a file that is kept aside, and what it would do."""
        _loader(request)
        held = _held(name, pk)
        context: dict[str, Any] = {"title": str(held), "held": held, "is_open": held.state == HeldState.HELD}
        if held.is_readable and held.state in {HeldState.HELD, HeldState.WAITING}:
            try:
                context["preview"] = preview(held, at=now())
            except Refusal as refusal:
                context["refusal"] = refusal
        return self.answer(request, "admin/policies/feed_held.html", context)

    def load_view(self, request: HttpRequest, name: str, pk: UUID) -> HttpResponse:
        """Load it, or ask a second person."""
        actor, held = _loader(request), _held(name, pk)

        def act(said: dict[str, Any]) -> HttpResponse:
            after = load_held(actor=actor, pk=held.pk, reason=said["reason"], at=now())
            waits = after.state == HeldState.WAITING
            messages.success(request, _("A second person decides now.") if waits else _("Loaded."))
            return HttpResponseRedirect(_address(held))

        deed = Deed(
            _("Load this file"),
            _("It counts for every tenant, and so waits for a second person, unless the installation set that off."),
            _("Load"),
        )
        return answer_form(self, request, ReasonForm(posted(request)), deed, act, back=_address(held))

    def discard_view(self, request: HttpRequest, name: str, pk: UUID) -> HttpResponse:
        """Give it up."""
        actor, held = _loader(request), _held(name, pk)

        def act(said: dict[str, Any]) -> HttpResponse:
            discard_held(actor=actor, pk=held.pk, reason=said["reason"], at=now())
            messages.success(request, _("Discarded; what was loaded before stands."))
            return HttpResponseRedirect(_address(held))

        deed = Deed(_("Discard this file"), _("What is loaded stands as it is."), _("Discard"), is_final=True)
        return answer_form(self, request, ReasonForm(posted(request)), deed, act, back=_address(held))


def show_kept_aside(request: HttpRequest, at: datetime) -> Iterable[Tile]:  # noqa: ARG001 - the provider's signature
    """Give the installation's own people a tile while files wait for a decision."""
    if not _may_load(request):
        return
    waiting = HeldFeed.objects.open().count()
    if waiting:
        href = reverse("admin:policies_feedstate_changelist")
        remark = _("feed files nobody has decided about")
        yield Tile(title=_("Kept aside"), value=f"{waiting:,}", remark=remark, href=href, tone=Tone.CAREFUL)


def stands_badge(feed: FeedState | None) -> SafeString:
    """Return how a feed stands as a badge; a failing one says so, however fresh it still is."""
    stands = standing(feed, at=now())
    if stands.is_failed:
        return cells.badge("warn", str(_("checks fail")))
    return cells.badge(_BADGES[stands.freshness], cells.spoken(stands.freshness.value))


def _may_load(request: HttpRequest) -> bool:
    actor = actor_of(request)
    return actor is not None and may_load_feeds(actor)


def _loader(request: HttpRequest) -> Actor:
    """Return who acts for the installation, or 403."""
    actor = require_actor(request, Scope.GOVERNANCE_WRITE)
    if not may_load_feeds(actor):
        raise PermissionDenied("feeds are loaded by the installation's own tenant")
    return actor


def _held(name: str, pk: UUID) -> HeldFeed:
    held = HeldFeed.objects.filter(name=name, pk=pk).first()
    if held is None:
        raise Http404
    return held


def _address(held: HeldFeed) -> str:
    return reverse("admin:policies_feedstate_held", args=[held.name, held.pk])
