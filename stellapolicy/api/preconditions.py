"""Conditional requests (RFC 9110, section 13): a tag names one version of one resource."""

from http import HTTPStatus

from django.utils.http import parse_etags

from stellapolicy.api.rendering import dumps
from stellapolicy.kernel import digest
from stellapolicy.kernel.refusals import Refusal

IF_MATCH = "If-Match"
IF_NONE_MATCH = "If-None-Match"
_TAG_DIGITS = 32


class PreconditionFailed(Refusal):
    """The resource is not, or no longer, the version the caller means."""

    code = "precondition.failed"
    status = HTTPStatus.PRECONDITION_FAILED
    title = "It has changed meanwhile"


class NotModified(Exception):  # noqa: N818 - reads as a sentence
    """The caller has this version already."""


def tag_of(*version: object) -> str:
    """Return the strong tag of a version: whatever has a JSON form, or bytes, and tells it from every other."""
    said = [digest.of_bytes(part) if isinstance(part, bytes) else part for part in version]
    return f'"{digest.of_bytes(dumps(said)).removeprefix("sha256:")[:_TAG_DIGITS]}"'


def judge(tag: str, *, if_match: str | None, if_none_match: str | None, reading: bool) -> None:
    """Raise NotModified or PreconditionFailed where the request's conditions say so."""
    if if_match is not None and not _names(if_match, tag):
        raise PreconditionFailed(f"{IF_MATCH} names another version; the present one is {tag}")
    if if_none_match is None or not _names(if_none_match, tag):
        return
    if reading:
        raise NotModified
    raise PreconditionFailed(f"{IF_NONE_MATCH} names the present version")


def _names(condition: str, tag: str) -> bool:
    # INVARIANT: our tags name versions, not encodings. Compression marks them weak on the way out, so that mark makes
    # no difference on the way in.
    named = [each.removeprefix("W/") for each in parse_etags(condition)]
    return tag in named or named == ["*"]
