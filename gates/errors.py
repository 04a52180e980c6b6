"""What the gates room refuses."""

from http import HTTPStatus
from typing import ClassVar

from stellapolicy.kernel.refusals import Refusal


class EnvironmentUnknown(Refusal):
    """No such environment in this tenant."""

    code: ClassVar[str] = "environment.unknown"
    status: ClassVar[HTTPStatus] = HTTPStatus.NOT_FOUND
    title: ClassVar[str] = "There is no such environment"


class GateUnknown(Refusal):
    """No such gate before this environment."""

    code: ClassVar[str] = "gate.unknown"
    status: ClassVar[HTTPStatus] = HTTPStatus.NOT_FOUND
    title: ClassVar[str] = "There is no such gate"


class SnapshotOfAnotherArtifact(Refusal):
    """The snapshot named is evidence about something else."""

    code: ClassVar[str] = "snapshot.other_artifact"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    title: ClassVar[str] = "The snapshot is about another artifact"


class InstantTooFar(Refusal):
    """A decision is about now; other days are for simulation."""

    code: ClassVar[str] = "request.at_too_far"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    title: ClassVar[str] = "The instant asked about is too far from now"


class DecisionUnknown(Refusal):
    """No such decision in this tenant."""

    code: ClassVar[str] = "decision.unknown"
    status: ClassVar[HTTPStatus] = HTTPStatus.NOT_FOUND
    title: ClassVar[str] = "There is no such decision"


class JobUnknown(Refusal):
    """No such job in this tenant."""

    code: ClassVar[str] = "job.unknown"
    status: ClassVar[HTTPStatus] = HTTPStatus.NOT_FOUND
    title: ClassVar[str] = "There is no such job"


class LeaseLost(Exception):  # noqa: N818 - reads as a sentence
    """Another worker holds the job now; whatever this one found is rolled back."""


class FindingUnknown(Refusal):
    """The decision judged no such finding."""

    code: ClassVar[str] = "finding.unknown"
    status: ClassVar[HTTPStatus] = HTTPStatus.NOT_FOUND
    title: ClassVar[str] = "There is no such finding"


class ReportFormatUnknown(Refusal):
    """Reports have other formats."""

    code: ClassVar[str] = "report.format_unknown"
    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST
    title: ClassVar[str] = "There is no such report format"
