"""What the world knows of a vulnerability, over HTTP; probabilities are decimal text, so that no digit is lost."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from policies.errors import FeedUnknown
from policies.feeds.news import band_of
from policies.models import EpssHistory, EpssScore, IntelligenceEvent, KevEntry
from policies.models.feeds import IntelligenceKind
from stellapolicy.api.views import ActorRequest, ScopedView


class EpssOutput(serializers.ModelSerializer[EpssScore]):
    """The current prediction of one CVE."""

    score = serializers.CharField(source="written_score", help_text="Exploited within 30 days, 0 to 1.")
    percentile = serializers.CharField(source="written_percentile", help_text="Share predicted no higher, 0 to 1.")
    band = serializers.SerializerMethodField(help_text="Of the bands very low, low, medium, high, critical.")

    class Meta:
        model = EpssScore
        fields = ["cve", "score", "percentile", "band", "model_date"]

    def get_band(self, row: EpssScore) -> str:
        """Return the band of the prediction."""
        return band_of(row.score)


class EpssHistoryOutput(serializers.ModelSerializer[EpssHistory]):
    """What one day changed."""

    score = serializers.CharField(source="written_score", allow_null=True, help_text="Null: no longer listed.")
    percentile = serializers.CharField(source="written_percentile", allow_null=True)

    class Meta:
        model = EpssHistory
        fields = ["model_date", "score", "percentile", "load"]


class KevOutput(serializers.ModelSerializer[KevEntry]):
    """One entry of the catalogue of known exploited vulnerabilities."""

    class Meta:
        model = KevEntry
        fields = ["cve", "name", "date_added", "due_date", "ransomware"]


class IntelligenceEventOutput(serializers.ModelSerializer[IntelligenceEvent]):
    """One CVE of which the world thinks differently than before."""

    kind = serializers.ChoiceField(choices=IntelligenceKind.choices)
    before = serializers.CharField(source="written_before", allow_null=True, help_text="EPSS before.")
    after = serializers.CharField(source="written_after", allow_null=True, help_text="EPSS after.")

    class Meta:
        model = IntelligenceEvent
        fields = ["id", "change", "cve", "kind", "before", "after", "said"]


class EpssListView(ScopedView):
    """Every current prediction."""

    required_scopes: ClassVar = {"GET": "policy:read"}
    page_order = ("cve",)
    serializer_class = EpssOutput

    def get(self, _request: ActorRequest) -> Response:
        """List the current predictions in the order of the CVEs."""
        return self.page(EpssScore.objects.all())


class EpssView(ScopedView):
    """One prediction."""

    required_scopes: ClassVar = {"GET": "policy:read"}
    serializer_class = EpssOutput
    refusals: ClassVar = {"GET": (FeedUnknown,)}

    @extend_schema(operation_id="epss_retrieve")
    def get(self, _request: ActorRequest, cve: str) -> Response:
        """Return the current prediction of a CVE."""
        row = EpssScore.objects.filter(cve=cve).first()
        if row is None:
            raise FeedUnknown(f"EPSS has no score for {cve}")
        return Response(EpssOutput(row).data)


class EpssHistoryView(ScopedView):
    """How a prediction came about."""

    required_scopes: ClassVar = {"GET": "policy:read"}
    page_order = ("-model_date", "-load")
    serializer_class = EpssHistoryOutput

    @extend_schema(operation_id="epss_history_list")
    def get(self, _request: ActorRequest, cve: str) -> Response:
        """List the days that changed the prediction of a CVE, the newest first; between two the older one stands."""
        return self.page(EpssHistory.objects.filter(cve=cve))


class KevListView(ScopedView):
    """The whole catalogue."""

    required_scopes: ClassVar = {"GET": "policy:read"}
    page_order = ("cve",)
    serializer_class = KevOutput

    def get(self, _request: ActorRequest) -> Response:
        """List the entries in the order of the CVEs."""
        return self.page(KevEntry.objects.all())


class KevView(ScopedView):
    """One entry."""

    required_scopes: ClassVar = {"GET": "policy:read"}
    serializer_class = KevOutput
    refusals: ClassVar = {"GET": (FeedUnknown,)}

    @extend_schema(operation_id="kev_retrieve")
    def get(self, _request: ActorRequest, cve: str) -> Response:
        """Return the entry of a CVE."""
        row = KevEntry.objects.filter(cve=cve).first()
        if row is None:
            raise FeedUnknown(f"KEV does not list {cve}")
        return Response(KevOutput(row).data)


class IntelligenceEventsView(ScopedView):
    """What is news, the newest first."""

    required_scopes: ClassVar = {"GET": "policy:read"}
    page_order = ("-id",)
    serializer_class = IntelligenceEventOutput
    filterset_fields: ClassVar = ["cve", "kind", "change"]

    @extend_schema(operation_id="intelligence_events_list")
    def get(self, _request: ActorRequest) -> Response:
        """List the CVEs that crossed a threshold, or were listed, amended or removed."""
        return self.page(IntelligenceEvent.objects.all())
