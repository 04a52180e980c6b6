"""What the inbound stream carries: CloudEvents 1.0 in their JSON form, each of a type we act upon.

Source: CloudEvents 1.0 (structured mode). The extension attribute `tenant` names the tenant by its slug.
"""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, ClassVar, Final, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from stellapolicy.kernel.refusals import Refusal

LARGEST_EVENT: Final = 96 * 1024 * 1024

Word = Annotated[str, Meta(min_length=1, max_length=255)]
Base64 = Annotated[str, Meta(pattern="^[A-Za-z0-9+/]*={0,2}$")]
_T = TypeVar("_T")


class EventMalformed(Refusal):
    """An event is not what it should be."""

    code: ClassVar[str] = "event.malformed"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    title: ClassVar[str] = "The event is malformed"


class Document(Struct, frozen=True, forbid_unknown_fields=True):
    """A file: its name and its bytes in base64, gzip allowed."""

    content_base64: Base64
    filename: Annotated[str, Meta(max_length=255)] = ""


class AboutArtifact(Struct, frozen=True, forbid_unknown_fields=True):
    """What an artifact is called."""

    digest: Word
    name: Annotated[str, Meta(max_length=500)] = ""
    labels: dict[str, str] = {}


class Reports(Struct, frozen=True):
    """The content of `scan.completed` and `sbom.attached`."""

    artifact: AboutArtifact
    reports: Annotated[list[Document], Meta(min_length=1, max_length=50)]


class Statements(Struct, frozen=True):
    """The content of `vex.published`."""

    documents: Annotated[list[Document], Meta(min_length=1, max_length=50)]


class Advisory(Struct, frozen=True):
    """The content of `advisory.changed`."""

    vulnerabilities: Annotated[list[Word], Meta(min_length=1, max_length=1_000)]


Content = Reports | Statements | Advisory
CONTENTS: Final[dict[str, type[Reports] | type[Statements] | type[Advisory]]] = {
    "scan.completed": Reports,
    "sbom.attached": Reports,
    "vex.published": Statements,
    "advisory.changed": Advisory,
}


class _Envelope(Struct, frozen=True):
    id: Word
    source: Word
    specversion: Literal["1.0"]
    type: Word
    tenant: Word
    data: Any  # Any: read by its type below
    time: datetime | None = None
    subject: Annotated[str, Meta(max_length=1_024)] = ""


class InboundEvent(Struct, frozen=True):
    """One event: who sent it, for which tenant, what happened."""

    id: str
    source: str
    type: str
    tenant: str
    content: Content


def read_event(written: bytes) -> InboundEvent:
    """Return an event from its JSON; raises EventMalformed with the place of what is wrong."""
    if len(written) > LARGEST_EVENT:
        raise EventMalformed(f"an event has at most {LARGEST_EVENT} bytes")
    envelope = _understood(written, _Envelope)
    shape = CONTENTS.get(envelope.type)
    if shape is None:
        raise EventMalformed(f"{envelope.type[:80]!r} is not acted upon; {', '.join(CONTENTS)} are")
    try:
        content: Content = msgspec.convert(envelope.data, shape)
    except msgspec.ValidationError as failure:
        raise EventMalformed(f"data: {failure}") from None
    return InboundEvent(envelope.id, envelope.source, envelope.type, envelope.tenant, content)


def _understood(written: bytes, shape: type[_T]) -> _T:
    try:
        return msgspec.json.decode(written, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as failure:
        raise EventMalformed(str(failure)) from None
