"""Evidence, packs and intelligence as rows."""

from policies.models.evidence import Artifact, Report, Snapshot, SnapshotComponent, SnapshotFinding, VexStatement
from policies.models.intelligence import EpssScore, FeedName, FeedState, KevEntry
from policies.models.pack import PackBinding, PackRevision, PolicyPack, RevisionState

__all__ = [
    "Artifact",
    "EpssScore",
    "FeedName",
    "FeedState",
    "KevEntry",
    "PackBinding",
    "PackRevision",
    "PolicyPack",
    "Report",
    "RevisionState",
    "Snapshot",
    "SnapshotComponent",
    "SnapshotFinding",
    "VexStatement",
]
