"""Gates, their decisions and the queue."""

from gates.models.decision import Decision, GateDecision
from gates.models.gate import Gate, GateMode
from gates.models.job import GateJob, GateJobRequest, JobStatus

__all__ = ["Decision", "Gate", "GateDecision", "GateJob", "GateJobRequest", "GateMode", "JobStatus"]
