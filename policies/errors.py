"""What the policies room refuses."""

from http import HTTPStatus
from typing import ClassVar

from stellapolicy.kernel.refusals import Refusal


class SubjectMismatch(Refusal):
    """The report says it is about something else."""

    code: ClassVar[str] = "evidence.subject_mismatch"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    title: ClassVar[str] = "The report is about another artifact"


class SubjectUnstated(Refusal):
    """The report does not say what it is about, and the uploader may not vouch for it."""

    code: ClassVar[str] = "evidence.subject_unstated"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    title: ClassVar[str] = "The report does not name its subject"


class NotAReport(Refusal):
    """The file is readable but is no report about an artifact."""

    code: ClassVar[str] = "evidence.not_a_report"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    title: ClassVar[str] = "The file is not a report about an artifact"


class NotAFeed(Refusal):
    """The file is readable but is not the feed it was posted as."""

    code: ClassVar[str] = "feed.wrong_format"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    title: ClassVar[str] = "The file is not this feed"


class FeedShrunk(Refusal):
    """A feed lost more than a tenth of its rows; it is kept out until somebody has looked."""

    code: ClassVar[str] = "feed.shrunk"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    title: ClassVar[str] = "The feed is much shorter than the last one"


class FeedOlder(Refusal):
    """The feed is older than what is loaded; knowledge does not go back."""

    code: ClassVar[str] = "feed.older"
    status: ClassVar[HTTPStatus] = HTTPStatus.CONFLICT
    title: ClassVar[str] = "A newer feed is loaded already"


class FeedNotYours(Refusal):
    """Feeds are one for all tenants: only the installation's own tenant loads them."""

    code: ClassVar[str] = "feed.installation_only"
    status: ClassVar[HTTPStatus] = HTTPStatus.FORBIDDEN
    title: ClassVar[str] = "Feeds are loaded by the installation's own tenant"


class FeedUnknown(Refusal):
    """Nothing is known under this name."""

    code: ClassVar[str] = "feed.unknown"
    status: ClassVar[HTTPStatus] = HTTPStatus.NOT_FOUND
    title: ClassVar[str] = "There is no such feed, or nothing in it"


class HeldFeedUnknown(Refusal):
    """No such file is kept aside."""

    code: ClassVar[str] = "feed.held_unknown"
    status: ClassVar[HTTPStatus] = HTTPStatus.NOT_FOUND
    title: ClassVar[str] = "No such file is kept aside"


class HeldFeedUnreadable(Refusal):
    """What is kept aside is no whole feed: nobody can load it."""

    code: ClassVar[str] = "feed.unreadable"
    status: ClassVar[HTTPStatus] = HTTPStatus.CONFLICT
    title: ClassVar[str] = "The file is no whole feed"


class HeldFeedDecided(Refusal):
    """The file waits for a second person, or was decided already."""

    code: ClassVar[str] = "feed.decided_already"
    status: ClassVar[HTTPStatus] = HTTPStatus.CONFLICT
    title: ClassVar[str] = "This file waits or was decided already"


class HeldFeedAltered(Refusal):
    """The stored file is not the one that was kept aside."""

    code: ClassVar[str] = "feed.held_altered"
    status: ClassVar[HTTPStatus] = HTTPStatus.CONFLICT
    title: ClassVar[str] = "The stored file was changed"


class FeedUnavailable(Refusal):
    """The server answered, and not with the feed."""

    code: ClassVar[str] = "feed.unavailable"
    status: ClassVar[HTTPStatus] = HTTPStatus.FAILED_DEPENDENCY
    title: ClassVar[str] = "The feed's server did not deliver"


class FeedAhead(Refusal):
    """The feed is dated after today: it would keep every true one out."""

    code: ClassVar[str] = "feed.dated_ahead"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    title: ClassVar[str] = "The feed is dated ahead of time"


class ArtifactDigestInvalid(Refusal):
    """An artifact is named by the digest of its content."""

    code: ClassVar[str] = "artifact.digest_invalid"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    title: ClassVar[str] = "The artifact digest is malformed"


class SnapshotTampered(Refusal):
    """What the database holds is not what was stored."""

    code: ClassVar[str] = "snapshot.tampered"
    status: ClassVar[HTTPStatus] = HTTPStatus.CONFLICT
    title: ClassVar[str] = "The snapshot no longer matches its digest"


class SnapshotUnknown(Refusal):
    """No such snapshot in this tenant."""

    code: ClassVar[str] = "snapshot.unknown"
    status: ClassVar[HTTPStatus] = HTTPStatus.NOT_FOUND
    title: ClassVar[str] = "There is no such snapshot"


class PackUnknown(Refusal):
    """No such pack in this tenant."""

    code: ClassVar[str] = "pack.unknown"
    status: ClassVar[HTTPStatus] = HTTPStatus.NOT_FOUND
    title: ClassVar[str] = "There is no such pack"


class PackDoesNotCompile(Refusal):
    """The sources have mistakes; each is listed with its place."""

    code: ClassVar[str] = "pack.does_not_compile"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    title: ClassVar[str] = "The pack does not compile"


class PackNotBound(Refusal):
    """No pack applies in this environment, so nothing can be judged by policy."""

    code: ClassVar[str] = "pack.not_bound"
    status: ClassVar[HTTPStatus] = HTTPStatus.CONFLICT
    title: ClassVar[str] = "No pack is bound to the environment"


class ScannedInFuture(Refusal):
    """The report is dated after now: it would outdo every true one and never grow old."""

    code: ClassVar[str] = "evidence.scanned_in_future"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    title: ClassVar[str] = "The report is dated ahead of time"


class WrongSourceType(Refusal):
    """The file is evidence of another sort than this place takes."""

    code: ClassVar[str] = "evidence.wrong_type"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    title: ClassVar[str] = "The file is evidence of another type"


class NameContradicted(Refusal):
    """The artifact is called one thing by its uploader and another by the report."""

    code: ClassVar[str] = "evidence.name_contradicted"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    title: ClassVar[str] = "The report calls the artifact something else"


class OwnedByAnother(Refusal):
    """The artifact stands with one service, the report states a repository of another."""

    code: ClassVar[str] = "evidence.owned_by_another"
    status: ClassVar[HTTPStatus] = HTTPStatus.CONFLICT
    title: ClassVar[str] = "The artifact belongs to another service"


class FileMissing(Refusal):
    """The storage lost the bytes of a report."""

    code: ClassVar[str] = "evidence.file_missing"
    status: ClassVar[HTTPStatus] = HTTPStatus.CONFLICT
    title: ClassVar[str] = "The file of a report is gone"


class FileTampered(Refusal):
    """The storage holds other bytes than were stored."""

    code: ClassVar[str] = "evidence.file_tampered"
    status: ClassVar[HTTPStatus] = HTTPStatus.CONFLICT
    title: ClassVar[str] = "The file of a report is not what was stored"


class ArtifactUnknown(Refusal):
    """No such artifact in this tenant."""

    code: ClassVar[str] = "artifact.unknown"
    status: ClassVar[HTTPStatus] = HTTPStatus.NOT_FOUND
    title: ClassVar[str] = "There is no such artifact"


class RunUnknown(Refusal):
    """No such run in this tenant."""

    code: ClassVar[str] = "run.unknown"
    status: ClassVar[HTTPStatus] = HTTPStatus.NOT_FOUND
    title: ClassVar[str] = "There is no such run"


class RunEnded(Refusal):
    """What has ended cannot be cancelled."""

    code: ClassVar[str] = "run.ended"
    status: ClassVar[HTTPStatus] = HTTPStatus.CONFLICT
    title: ClassVar[str] = "The run has ended"


class LeaseLost(Refusal):
    """A run is no longer this worker's to do."""

    code: ClassVar[str] = "run.lease_lost"
    status: ClassVar[HTTPStatus] = HTTPStatus.CONFLICT
    title: ClassVar[str] = "The run is another worker's"


class BuildWithoutCommit(Refusal):
    """A build names its commit."""

    code: ClassVar[str] = "build.without_commit"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    title: ClassVar[str] = "The build names no commit"


class EnvironmentMissing(Refusal):
    """An artifact is deployed to an environment that is known."""

    code: ClassVar[str] = "deployment.environment_unknown"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    title: ClassVar[str] = "There is no such environment"


class DeployedInFuture(Refusal):
    """What has yet to happen is no deployment."""

    code: ClassVar[str] = "deployment.in_future"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    title: ClassVar[str] = "The deployment is dated ahead of time"


class ServiceMissing(Refusal):
    """An artifact is assigned to a service that is known."""

    code: ClassVar[str] = "artifact.service_unknown"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    title: ClassVar[str] = "There is no such service"
