"""What the world knows: EPSS, KEV, and what is news."""

from datetime import timedelta
from typing import Any, ClassVar, Generic, TypeVar

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from policies.admin.epss_chart import stepped
from policies.admin.wording import percent
from policies.feeds.news import band_of
from policies.intelligence import artifacts_with, known_before
from policies.models import EpssScore, IntelligenceEvent, KevEntry
from policies.models.feeds import IntelligenceKind
from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin, Section
from stellapolicy.admin.shim import BooleanFilter, ChoicesFilter, DayFilter
from stellapolicy.kernel.clock import now

_ARTIFACTS_SHOWN = 50
_DAYS_SHOWN = 400
_LOAD = _("Load a file with `manage.py feeds load`, or POST it to /api/v1/feeds.")


ModelT = TypeVar("ModelT", bound=Model)


class CvePage(PageAdmin[ModelT], Generic[ModelT]):
    """A list whose search means one vulnerability: the primary key answers it."""

    search_fields = ("cve",)
    is_catalogue = True
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
        """Return the prediction, how it came about, the catalogue's entry, and whom here it concerns."""
        today = now().date()
        first = today - timedelta(days=_DAYS_SHOWN)
        past = known_before(row.cve, since=first)
        return {
            "chart": stepped(past, first=max(first, past[0].model_date) if past else first, last=today),
            "changes": [(one, "" if one.score is None else percent(one.score)) for one in reversed(past)],
            "band": band_of(row.score),
            "artifacts": artifacts_with(row.cve, limit=_ARTIFACTS_SHOWN),
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
        return {
            "probability": percent(epss.score) if epss else "",
            "ransomware": self.in_ransomware(row),
            "artifacts": artifacts_with(row.cve, limit=_ARTIFACTS_SHOWN),
        }


@admin.register(IntelligenceEvent)
class IntelligenceEventAdmin(PageAdmin[IntelligenceEvent]):
    """What is news: CVEs of which the world thinks differently than before."""

    section = Section.INTELLIGENCE
    is_catalogue = True
    icon = "campaign"
    place = 15
    menu_title = _("What is news")
    row_title = _("News of a CVE")
    empty_advice = _("News appear with the second load of a feed: crossings, far moves, KEV entries.")
    page_template = "admin/policies/news.html"

    list_display = ("cve", "happened", "was", "became", "loaded")
    list_filter: ClassVar = [("kind", ChoicesFilter)]
    list_select_related = ("change",)
    search_fields = ("cve",)
    search_help_text = _("CVE, whole or its beginning")
    sortable_by = ()

    def page_rows(self, request: HttpRequest) -> QuerySet[IntelligenceEvent]:
        """Return the news a page may be asked for."""
        return self.get_queryset(request).select_related("change")

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        queryset: QuerySet[IntelligenceEvent],
        search_term: str,
    ) -> tuple[QuerySet[IntelligenceEvent], bool]:
        """Return the rows whose CVE begins so."""
        return (queryset.filter(cve__startswith=search_term.strip().upper()) if search_term else queryset), False

    @admin.display(description=_("What happened"))
    def happened(self, event: IntelligenceEvent) -> str:
        """What happened to the CVE."""
        return IntelligenceKind(event.kind).label

    @admin.display(description=_("Before"))
    def was(self, event: IntelligenceEvent) -> str:
        """The prediction before."""
        return self.empty_value_display if event.before is None else percent(event.before)

    @admin.display(description=_("After"))
    def became(self, event: IntelligenceEvent) -> str:
        """The prediction after."""
        return self.empty_value_display if event.after is None else percent(event.after)

    @admin.display(description=_("Since"))
    def loaded(self, event: IntelligenceEvent) -> SafeString:
        """When the feed that said so was loaded."""
        return cells.instant(event.change.loaded_at)

    def page(self, request: HttpRequest, row: IntelligenceEvent) -> dict[str, Any]:  # noqa: ARG002 - the floor's signature
        """Return what happened, and whom here it concerns."""
        return {
            "title": row.cve,
            "happened": self.happened(row),
            "was": self.was(row),
            "became": self.became(row),
            "artifacts": artifacts_with(row.cve, limit=_ARTIFACTS_SHOWN),
            "has_score": EpssScore.objects.filter(cve=row.cve).exists(),
            "is_listed": KevEntry.objects.filter(cve=row.cve).exists(),
        }
