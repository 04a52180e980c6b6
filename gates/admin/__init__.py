"""Decisions, artifacts, gates and the queue in the admin, and what the overview shows of them."""

from gates.admin.artifacts import ArtifactAdmin
from gates.admin.decisions import GateDecisionAdmin
from gates.admin.gates import GateAdmin
from gates.admin.jobs import GateJobAdmin
from gates.admin.overview import show
from stellapolicy.admin import dashboard

dashboard.register(show, place=10)

__all__ = ["ArtifactAdmin", "GateAdmin", "GateDecisionAdmin", "GateJobAdmin"]
