"""Reports as they arrive: base64 inside JSON, or parts of a multipart form."""

import base64
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from django.core.files.uploadedfile import UploadedFile
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request

from policies import errors
from policies.importers import refusals as reading
from policies.services.evidence import ArtifactReference, Upload
from stellapolicy.api.parsing import JsonParser, loads
from stellapolicy.kernel.refusals import Fault, Refusal

# The largest upload is 64 MiB compressed; base64 makes a third more of it.
MAX_BODY_BYTES = 96 * 1024 * 1024
MAX_REPORTS = 50
PARSERS = [JsonParser, MultiPartParser]


class UploadMalformed(Refusal):
    """The content of a report is not what the request says it is."""

    code: ClassVar[str] = "evidence.upload_malformed"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    title: ClassVar[str] = "The upload cannot be decoded"


# What posted reports can be refused for, whatever they were posted to.
EVIDENCE_REFUSALS: tuple[type[Refusal], ...] = (
    UploadMalformed,
    errors.ArtifactDigestInvalid,
    errors.NameContradicted,
    errors.NotAReport,
    errors.OwnedByAnother,
    errors.ScannedInFuture,
    errors.SubjectMismatch,
    errors.SubjectUnstated,
    errors.WrongSourceType,
    reading.Bomb,
    reading.CompressionInvalid,
    reading.EmptyFile,
    reading.FormatUnknown,
    reading.FormatUnsupported,
    reading.JsonInvalid,
    reading.ShapeInvalid,
    reading.TooDeep,
    reading.TooLarge,
)


class WordsField(serializers.DictField):
    """An object of short texts: at most `entries` of them, names up to 100 characters, 16 KiB in all."""

    entries = 50
    name_length = 100
    total_length = 16 * 1024

    def to_internal_value(self, data: Any) -> dict[str, str]:  # noqa: ANN401 - DRF's signature
        """Return the texts, or refuse what is too much."""
        words: dict[str, str] = super().to_internal_value(data)
        if len(words) > self.entries:
            raise serializers.ValidationError(f"at most {self.entries} entries, {len(words)} were given")
        if any(len(name) > self.name_length for name in words):
            raise serializers.ValidationError(f"a name has at most {self.name_length} characters")
        if sum(len(name) + len(value) for name, value in words.items()) > self.total_length:
            raise serializers.ValidationError(f"at most {self.total_length} characters in all")
        return words


class ArtifactInput(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """The artifact a request is about."""

    digest = serializers.CharField(max_length=140, help_text="`sha256:` and 64 hexadecimal digits.")
    name = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    labels = WordsField(child=serializers.CharField(max_length=255, allow_blank=True), required=False, default=dict)


class ReportInput(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """One report: its bytes in base64, gzip allowed; the format is detected."""

    filename = serializers.CharField(max_length=255, required=False, allow_blank=True, default="")
    content_base64 = serializers.CharField(trim_whitespace=True, allow_blank=True)


class EvidenceInput(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """Reports about one artifact."""

    artifact = ArtifactInput()
    reports = serializers.ListField(child=ReportInput(), min_length=1, max_length=MAX_REPORTS)
    wait = serializers.BooleanField(
        required=False,
        allow_null=True,
        default=None,
        help_text="False lets a worker import (202 and a run), true waits; unsaid, only below 8 MiB is waited for.",
    )


def body_of(request: Request) -> Mapping[str, Any]:  # Any: JSON
    """Return the body in the JSON form, also when it came as multipart.

    A form has the parts `report` (one or several files) and the fields `artifact_digest`, `artifact_name` and any
    other member by its name; `artifact`, `build` and `labels` may be given as JSON text.
    """
    if not (request.content_type or "").startswith("multipart/"):
        body: Mapping[str, Any] = request.data if isinstance(request.data, Mapping) else {}
        return body
    form = request.data if isinstance(request.data, Mapping) else {}
    fields: dict[str, Any] = {name: _field(value) for name, value in form.items() if name != "report"}
    artifact = fields.pop("artifact", {})
    if not isinstance(artifact, dict):
        return {**fields, "artifact": artifact, "reports": []}
    for member in ("digest", "name", "labels"):
        if (value := fields.pop(f"artifact_{member}", None)) is not None:
            artifact[member] = value
    return {**fields, "artifact": artifact, "reports": [_part(part) for part in request.FILES.getlist("report")]}


def uploads_from(reports: list[Mapping[str, Any]]) -> tuple[Upload, ...]:
    """Return the reports of a validated body as bytes; refuses what is no base64, with its pointer."""
    return tuple(
        Upload(report["filename"], _decoded(report["content_base64"], f"/reports/{index}/content_base64"))
        for index, report in enumerate(reports)
    )


def artifact_from(body: Mapping[str, Any]) -> ArtifactReference:
    """Return the artifact of a validated body."""
    artifact = body["artifact"]
    return ArtifactReference(artifact["digest"], artifact["name"], dict(artifact["labels"]))


def _decoded(text: str, pointer: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:  # no base64 at all, or no ASCII
        message = f"the content is not base64: {error}"
        raise UploadMalformed(message, faults=(Fault(pointer, UploadMalformed.code, message),)) from None


def _part(part: "UploadedFile[bytes]") -> dict[str, str]:
    return {"filename": part.name or "", "content_base64": base64.b64encode(part.read()).decode("ascii")}


def _field(value: object) -> object:
    """Return a form field, read as JSON where it is an object."""
    if not isinstance(value, str) or not value.startswith("{"):
        return value
    try:
        return loads(value.encode())
    except UnicodeEncodeError:
        return value
