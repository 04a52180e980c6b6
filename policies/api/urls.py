"""Addresses of the policies room, relative to /api/v1/."""

from django.urls import path, register_converter

from policies.api import evidence, feeds, intelligence, packs, releases, runs, statements
from policies.models import FeedName


class FeedNameConverter:
    """A feed in an address."""

    regex = "|".join(FeedName.values)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class SnapshotNameConverter:
    """The content name of a snapshot in an address."""

    regex = "ksm:sha256:[0-9a-f]{64}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class CveConverter:
    """A CVE in an address."""

    regex = "CVE-[0-9]{4}-[0-9]{4,19}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(FeedNameConverter, "feed")
register_converter(CveConverter, "cve")
register_converter(SnapshotNameConverter, "snapshot")

urlpatterns = [
    path("evidence", evidence.EvidenceView.as_view()),
    path("artifacts", evidence.ArtifactsView.as_view()),
    path("artifacts/<uuid:pk>:assign", releases.ArtifactAssignmentView.as_view()),
    path("vex", statements.VexView.as_view()),
    path("reachability", statements.ReachabilityView.as_view()),
    path("runs", runs.RunsView.as_view()),
    path("runs/<uuid:pk>", runs.RunView.as_view()),
    path("runs/<uuid:pk>:cancel", runs.RunCancelView.as_view()),
    path("builds", releases.BuildsView.as_view()),
    path("deployments", releases.DeploymentsView.as_view()),
    path("snapshots", evidence.SnapshotsView.as_view()),
    path("snapshots/<snapshot:name>", evidence.SnapshotView.as_view()),
    path("snapshots/<snapshot:name>/findings", evidence.SnapshotFindingsView.as_view()),
    path("snapshots/<snapshot:name>/verify", evidence.SnapshotVerifyView.as_view()),
    path("feeds", feeds.FeedsView.as_view()),
    path("feeds/<feed:name>", feeds.FeedView.as_view()),
    path("feeds/<feed:name>/changes", feeds.FeedChangesView.as_view()),
    path("feeds/<feed:name>/held", feeds.HeldFeedsView.as_view()),
    path("feeds/<feed:name>/held/<uuid:pk>:load", feeds.HeldFeedLoadView.as_view()),
    path("feeds/<feed:name>/held/<uuid:pk>:discard", feeds.HeldFeedDiscardView.as_view()),
    path("epss", intelligence.EpssListView.as_view()),
    path("epss/<cve:cve>", intelligence.EpssView.as_view()),
    path("epss/<cve:cve>/history", intelligence.EpssHistoryView.as_view()),
    path("kev", intelligence.KevListView.as_view()),
    path("kev/<cve:cve>", intelligence.KevView.as_view()),
    path("intelligence/events", intelligence.IntelligenceEventsView.as_view()),
    path("packs", packs.PacksView.as_view()),
    path("packs/compile", packs.CompileView.as_view()),
    path("packs/format", packs.FormatView.as_view()),
    path("packs/test", packs.TestView.as_view()),
    path("packs/<slug:name>/revisions", packs.RevisionsView.as_view()),
    path("packs/<slug:name>/revisions/<int:version>", packs.RevisionView.as_view()),
    path("facts", packs.FactsView.as_view()),
]
