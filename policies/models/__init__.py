"""Evidence, packs and intelligence as rows."""

from policies.models.columns import ColumnFile, SnapshotColumns
from policies.models.evidence import (
    Artifact,
    Basis,
    Report,
    Snapshot,
    SnapshotAlias,
    SnapshotComponent,
    SnapshotFinding,
    VexStatement,
)
from policies.models.feeds import FeedChange, FeedNotice, FeedState, HeldFeed, IntelligenceEvent
from policies.models.intelligence import EpssHistory, EpssScore, FeedName, KevEntry
from policies.models.ownership import OwnershipConflict
from policies.models.pack import PackBinding, PackRevision, PolicyPack, RevisionState
from policies.models.release import Build, BuildSource, Deployment
from policies.models.run import Run, RunContent, RunStatus
from policies.models.vex import ProductStatement, VexDocument

__all__ = [
    "Artifact",
    "Basis",
    "Build",
    "BuildSource",
    "ColumnFile",
    "Deployment",
    "EpssHistory",
    "EpssScore",
    "FeedChange",
    "FeedName",
    "FeedNotice",
    "FeedState",
    "HeldFeed",
    "IntelligenceEvent",
    "KevEntry",
    "OwnershipConflict",
    "PackBinding",
    "PackRevision",
    "PolicyPack",
    "ProductStatement",
    "Report",
    "RevisionState",
    "Run",
    "RunContent",
    "RunStatus",
    "Snapshot",
    "SnapshotAlias",
    "SnapshotColumns",
    "SnapshotComponent",
    "SnapshotFinding",
    "VexDocument",
    "VexStatement",
]
