"""Evidence, packs and intelligence in the admin."""

from policies.admin.bindings import PackBindingAdmin
from policies.admin.intelligence import EpssScoreAdmin, FeedStateAdmin, KevEntryAdmin
from policies.admin.packs import PackRevisionAdmin, PolicyPackAdmin
from policies.admin.reports import ReportAdmin
from policies.admin.snapshots import SnapshotAdmin

__all__ = [
    "EpssScoreAdmin",
    "FeedStateAdmin",
    "KevEntryAdmin",
    "PackBindingAdmin",
    "PackRevisionAdmin",
    "PolicyPackAdmin",
    "ReportAdmin",
    "SnapshotAdmin",
]
