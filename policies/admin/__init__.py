"""Evidence, packs and intelligence in the admin."""

from policies.admin.bindings import PackBindingAdmin
from policies.admin.feed_pages import FeedStateAdmin, show_kept_aside
from policies.admin.intelligence import EpssScoreAdmin, IntelligenceEventAdmin, KevEntryAdmin
from policies.admin.packs import PackRevisionAdmin, PolicyPackAdmin
from policies.admin.releases import DeploymentAdmin
from policies.admin.reports import ReportAdmin
from policies.admin.runs import RunAdmin
from policies.admin.snapshots import SnapshotAdmin
from policies.admin.statements import VexDocumentAdmin
from stellapolicy.admin import dashboard

__all__ = [
    "DeploymentAdmin",
    "EpssScoreAdmin",
    "FeedStateAdmin",
    "IntelligenceEventAdmin",
    "KevEntryAdmin",
    "PackBindingAdmin",
    "PackRevisionAdmin",
    "PolicyPackAdmin",
    "ReportAdmin",
    "RunAdmin",
    "SnapshotAdmin",
    "VexDocumentAdmin",
]

dashboard.register(show_kept_aside, place=20)
