"""Whether a report is about the artifact it is posted for."""

from enum import StrEnum

from policies.importers.records import ReportSubject


class Binding(StrEnum):
    """How a report's stated subject relates to the artifact."""

    SAME = "same"
    UNSTATED = "unstated"
    DIFFERENT = "different"


def bind(subject: ReportSubject, artifact_digest: str) -> Binding:
    """Compare what the report says it looked at with the artifact.

    A subject binds by digest only: names and tags move, so a report that states neither a digest nor an image id
    is `unstated`, never the same.
    """
    stated = {_bare(digest) for digest in subject.digests}
    if subject.image_id:
        stated.add(_bare(subject.image_id))
    if not stated:
        return Binding.UNSTATED
    return Binding.SAME if artifact_digest in stated else Binding.DIFFERENT


def _bare(reference: str) -> str:
    """Return the digest of `name@sha256:…`, or of a bare digest."""
    return reference.rpartition("@")[2].lower()
