"""What is written: exceptions in force with their words, and the findings they cover at that instant."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from packageurl import PackageURL

from exceptions.formats.values import Loss
from exceptions.matching.standing import StandingException
from stellapolicy.kernel.digest import is_digest
from stellapolicy.kernel.image_names import bare_name
from stellapolicy.kernel.severity import Severity


@dataclass(frozen=True, slots=True, order=True)
class Covered:
    """One vulnerability that an exception covers in a package (a package URL, or "") of an artifact."""

    vulnerability: str
    package: str
    artifact_digest: str
    artifact_name: str
    reachability: str = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgiven:
    """One exception in force; `is_complete` is False where it covers more than was looked at.

    has_worse: whether findings lie in its scope that are worse than it bears, wherever they are and whoever sees them.
    """

    standing: StandingException
    rationale: str
    level: str = ""
    owner_team: str = ""
    ticket: str = ""
    tags: tuple[str, ...] = ()
    covered: tuple[Covered, ...] = ()
    is_complete: bool = True
    has_worse: bool = False

    @property
    def bears_all(self) -> bool:
        """Whether nothing in its scope is worse than it bears; what was not looked at may be as bad as can be."""
        return not self.has_worse and (self.is_complete or self.standing.bears(Severity.UNKNOWN))


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """Who writes a document, and as of when; `artifact`, a digest, where it is about one artifact alone."""

    at: datetime
    publisher: str
    namespace: str
    artifact: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """A document: its bytes, and what it cannot say of the exceptions."""

    format: str
    media_type: str
    content: bytes
    losses: tuple[Loss, ...] = ()
    exceptions: int = 0


def in_order(forgiven: Iterable[Forgiven]) -> list[Forgiven]:
    """Return exceptions by their number."""
    return sorted(forgiven, key=lambda one: one.standing.id)


@lru_cache(maxsize=4_096)
def artifact_purl(name: str, digest: str) -> str:
    """Return the package URL of an image by its digest, "" where its name or digest makes none.

    Source: the package URL type `oci`: the last part of the repository is the name, the whole a qualifier.
    """
    repository = bare_name(name).strip("/").lower()
    last = repository.rpartition("/")[2]
    if not last or not is_digest(digest):
        return ""
    try:
        return PackageURL("oci", None, last, digest, {"repository_url": repository}).to_string()
    except ValueError:
        return ""
