"""What the world knows: EPSS, KEV, and how the feeds that bring them stand."""

from typing import Any, ClassVar, Generic, TypeVar

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from policies.admin.wording import percent
from policies.models import EpssScore, FeedName, FeedState, KevEntry
from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin, Section
from stellapolicy.admin.shim import BooleanFilter, DayFilter

_LOAD = _("Load a file with `manage.py feeds load`, or POST it to /api/v1/feeds.")


ModelT = TypeVar("ModelT", bound=Model)


class CvePage(PageAdmin[ModelT], Generic[ModelT]):
    """A list whose search means one vulnerability: the primary key answers it."""

    search_fields = ("cve",)
    search_help_text = _("CVE, whole or its beginning")
    sortable_by = ()

    @admin.display(description="CVE")
    def identifier(self, row: ModelT) -> str:
        """Which vulnerability."""
        return str(row.pk)

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        queryset: QuerySet[ModelT],
        search_term: str,
    ) -> tuple[QuerySet[ModelT], bool]:
        """Return the rows whose CVE begins so."""
        return (queryset.filter(cve__startswith=search_term.strip().upper()) if search_term else queryset), False


@admin.register(EpssScore)
class EpssScoreAdmin(CvePage[EpssScore]):
    """The current prediction of every CVE."""

    section = Section.INTELLIGENCE
    icon = "query_stats"
    place = 20
    menu_title = _("EPSS scores")
    row_title = _("EPSS score")
    empty_advice = _LOAD
    page_template = "admin/policies/epss.html"

    list_display = ("identifier", "probability", "rank", "model_date")

    @admin.display(description=_("Exploited within 30 days"))
    def probability(self, score: EpssScore) -> str:
        """The prediction."""
        return percent(score.score)

    @admin.display(description=_("Percentile"))
    def rank(self, score: EpssScore) -> str:
        """The share of vulnerabilities predicted no higher."""
        return percent(score.percentile)

    def page(self, request: HttpRequest, row: EpssScore) -> dict[str, Any]:  # noqa: ARG002 - the floor's signature
        """Return the prediction beside the catalogue's entry."""
        return {
            "probability": percent(row.score),
            "rank": percent(row.percentile),
            "kev": KevEntry.objects.filter(cve=row.cve).first(),
        }


@admin.register(KevEntry)
class KevEntryAdmin(CvePage[KevEntry]):
    """CISA's catalogue of known exploited vulnerabilities."""

    section = Section.INTELLIGENCE
    icon = "crisis_alert"
    place = 30
    menu_title = _("KEV catalogue")
    row_title = _("KEV entry")
    empty_advice = _LOAD
    page_template = "admin/policies/kev.html"

    list_display = ("identifier", "name", "date_added", "due_date", "in_ransomware")
    list_filter: ClassVar = [("ransomware", BooleanFilter), ("date_added", DayFilter)]
    ordering = ("-date_added", "cve")

    @admin.display(description=_("Ransomware"))
    def in_ransomware(self, entry: KevEntry) -> SafeString:
        """Whether campaigns are known to use it."""
        return {
            True: cells.badge("critical", str(_("known"))),
            False: cells.badge("none", str(_("none known"))),
            None: cells.NOTHING,
        }[entry.ransomware]

    def page(self, request: HttpRequest, row: KevEntry) -> dict[str, Any]:  # noqa: ARG002 - the floor's signature
        """Return the entry beside the prediction."""
        epss = EpssScore.objects.filter(cve=row.cve).first()
        return {"probability": percent(epss.score) if epss else "", "ransomware": self.in_ransomware(row)}


@admin.register(FeedState)
class FeedStateAdmin(PageAdmin[FeedState]):
    """How each feed stands; one never connected is said, and held against nobody."""

    section = Section.INTELLIGENCE
    icon = "rss_feed"
    place = 10
    menu_title = _("Feeds")
    row_title = _("Feed")
    empty_advice = _LOAD
    page_template = "admin/policies/feed.html"
    list_before_template = "admin/policies/feeds.html"

    list_display = ("label", "checked", "model_date", "version", "rows")
    sortable_by = ()

    @admin.display(description=_("Feed"))
    def label(self, feed: FeedState) -> str:
        """Its name as people say it."""
        return FeedName(feed.name).label

    @admin.display(description=_("Last read"))
    def checked(self, feed: FeedState) -> SafeString:
        """When it was last read successfully."""
        return cells.instant(feed.checked_at)

    @admin.display(description=_("Rows"))
    def rows(self, feed: FeedState) -> str:
        """How many rows the last file had."""
        return f"{feed.row_count:,}"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Answer with the list, and the feeds nobody ever connected."""
        known = set(FeedState.objects.values_list("name", flat=True))
        absent = [name.label for name in FeedName if name not in known]
        return super().changelist_view(request, {"absent_feeds": absent, **(extra_context or {})})

    def page(self, request: HttpRequest, row: FeedState) -> dict[str, Any]:  # noqa: ARG002 - the floor's signature
        """Return what is known of one feed."""
        return {"title": FeedName(row.name).label}
