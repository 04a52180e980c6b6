"""Moving exceptions in and out: files of other tools to be proposed, documents of what is in force."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import IO, Any, ClassVar, Final

import orjson
from django.http import HttpResponse
from django.urls import URLPattern, path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.response import Response

from exceptions.api.attestations import EnvelopeOutput
from exceptions.api.inputs import ExactSerializer
from exceptions.errors import ExceptionInvalid, ImportRefused, NothingToExport
from exceptions.formats import csaf, cyclonedx_writing, openvex
from exceptions.formats.content import MEBIBYTE, MOST_BYTES
from exceptions.formats.values import LossKind
from exceptions.formats.writing import Format
from exceptions.models.choices import choices_of
from exceptions.rules.vocabulary import ExceptionType, Reason
from exceptions.services.exporting import Exported, Only, export_exceptions
from exceptions.services.importing import LONGEST_TICKET, Outcome, import_exceptions
from stellapolicy.access.roles import Scope
from stellapolicy.api.choices import ChoiceField
from stellapolicy.api.schema import FaultOutput
from stellapolicy.api.throttling import Limit
from stellapolicy.api.views import ActorRequest, ScopedView
from stellapolicy.kernel.clock import now
from stellapolicy.signing.errors import SigningUnsupported

ENVELOPE_TYPE: Final = "application/vnd.dsse.envelope.v1+json"
_BARE: Final = (csaf.MEDIA_TYPE, cyclonedx_writing.MEDIA_TYPE, openvex.MEDIA_TYPE, ENVELOPE_TYPE)
_FILE = "file"
_DSSE = "dsse"
_LONGEST_LIST = 4_000


class AnyBodyParser(BaseParser):
    """Hands on the body as it is, whatever it says it is: the file itself."""

    media_type = "*/*"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,  # noqa: ARG002 - DRF's
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002 - DRF's
    ) -> Mapping[str, Any]:  # Any: DRF's; the bytes of the body
        """Return the body under the name that a form gives the file."""
        return {_FILE: stream.read()}


class SlugsField(serializers.CharField):
    """Slugs, parted by commas."""

    def __init__(self, **said: Any) -> None:  # noqa: ANN401 - the options of a field
        super().__init__(required=False, allow_blank=True, default="", max_length=_LONGEST_LIST, **said)

    def to_internal_value(self, data: Any) -> Any:  # noqa: ANN401 - DRF's signature
        """Return the slugs."""
        return tuple(part.strip() for part in super().to_internal_value(data).split(",") if part.strip())


class ImportOptionsInput(ExactSerializer):
    """What is said of every entry that does not say it itself; in the query, or as fields beside the file."""

    filename = serializers.CharField(required=False, allow_blank=True, default="", max_length=255)
    owner_team = serializers.CharField(required=False, allow_blank=True, default="", max_length=100)
    environments = SlugsField(help_text="Slugs, parted by commas; binds entries that name no environment.")
    services = SlugsField(help_text="Slugs, parted by commas; binds entries that name no service.")
    ticket = serializers.CharField(required=False, allow_blank=True, default="", max_length=LONGEST_TICKET)
    reason = ChoiceField(
        choices=choices_of(Reason),
        required=False,
        allow_blank=True,
        default="",
        help_text="Where the file states none; unsaid, the one its format comes nearest to.",
    )
    expires_at = serializers.DateTimeField(
        required=False, allow_null=True, default=None, help_text="Where the file states no end; unsaid, in 30 days."
    )
    dry_run = serializers.BooleanField(required=False, default=False, help_text="Say what would come of it.")
    all_or_nothing = serializers.BooleanField(
        required=False, default=False, help_text="Propose nothing where one entry is refused."
    )


class ImportFileInput(ImportOptionsInput):
    """A file of exceptions; its format is known by its content."""

    file = serializers.FileField(allow_empty_file=True)


class LossOutput(serializers.Serializer[Any]):  # Any: a Loss
    """Something that one side can say and the other cannot."""

    kind = serializers.CharField(help_text=", ".join(one.value for one in LossKind))
    member = serializers.CharField()
    message = serializers.CharField()
    about = serializers.CharField(help_text="The exception it is about; empty for all.")


class ImportedEntryOutput(serializers.Serializer[Any]):  # Any: an ImportedEntry
    """What became of one entry."""

    place = serializers.CharField(help_text="A line, or a JSON Pointer.")
    title = serializers.CharField()
    outcome = serializers.CharField(help_text=", ".join(one.value for one in Outcome))
    number = serializers.CharField(help_text="Of the exception that was proposed, is known or covers it; else empty.")
    link = serializers.SerializerMethodField()
    state = serializers.CharField()
    level = serializers.CharField()
    expires_at = serializers.DateTimeField(allow_null=True)
    why = serializers.CharField()
    code = serializers.CharField()
    faults = FaultOutput(many=True)
    losses = LossOutput(many=True)

    def get_link(self, entry: Any) -> str:  # noqa: ANN401 - an ImportedEntry
        """Return where the exception is; empty where there is none."""
        return f"/api/v1/exceptions/{entry.number}" if entry.number else ""


class ImportResultOutput(serializers.Serializer[Any]):  # Any: an ImportResult
    """What an import came to."""

    format = serializers.CharField()
    title = serializers.CharField()
    filename = serializers.CharField()
    digest = serializers.CharField()
    dry_run = serializers.BooleanField()
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="Entries by their outcome.")
    entries = ImportedEntryOutput(many=True)
    notes = LossOutput(many=True)


class ImportView(ScopedView):
    """A file of exceptions to propose."""

    required_scopes: ClassVar = {"POST": Scope.EXCEPTION_WRITE}
    parser_classes = [MultiPartParser, AnyBodyParser]
    max_body_bytes = MOST_BYTES + MEBIBYTE
    refusals: ClassVar = {"POST": (ImportRefused,)}
    serializer_class = ImportFileInput
    throttle = Limit.HEAVY

    @extend_schema(
        operation_id="exceptions_import",
        request={"multipart/form-data": ImportFileInput, "application/octet-stream": OpenApiTypes.BINARY},
        parameters=[ImportOptionsInput],
        responses={200: ImportResultOutput, 201: ImportResultOutput},
    )
    def post(self, request: ActorRequest) -> Response:
        """Propose what a file holds: our NDJSON, `.trivyignore`, `.trivyignore.yaml`, Grype, and the exports of others.

        Exports of Dependency-Track (findings, VEX) and DefectDojo (risk acceptances) are read. 201 where something was
        proposed, 200 where nothing was. Each entry is judged like any request of yours, and others decide.
        """
        content, said = _file_of(request)
        options = ImportOptionsInput(data=said)
        options.is_valid(raise_exception=True)
        wanted = dict(options.validated_data)
        reason = wanted.pop("reason")
        result = import_exceptions(
            actor=request.actor, content=content, reason=Reason(reason) if reason else None, at=now(), **wanted
        )
        proposed = result.counts[Outcome.PROPOSED.value] and not result.dry_run
        return Response(ImportResultOutput(result).data, status=HTTPStatus.CREATED if proposed else HTTPStatus.OK)


class ExportOptionsInput(ExactSerializer):
    """Which exceptions in force are meant, and as what."""

    format = ChoiceField(choices=choices_of(Format), required=False, default=Format.NDJSON.value)
    envelope = ChoiceField(
        choices=[_DSSE],
        required=False,
        allow_blank=True,
        default="",
        help_text="Sign the document where there is a key.",
    )
    raw = serializers.BooleanField(
        required=False, default=False, help_text="Answer the bare document, or the bare envelope, without losses."
    )
    type = ChoiceField(choices=choices_of(ExceptionType), required=False, allow_blank=True, default="")
    reason = ChoiceField(choices=choices_of(Reason), required=False, allow_blank=True, default="")
    vulnerability = serializers.CharField(required=False, allow_blank=True, default="", max_length=500)
    purl = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=500, help_text="A package URL, or a pattern."
    )
    service = serializers.CharField(required=False, allow_blank=True, default="", max_length=500)
    environment = serializers.CharField(required=False, allow_blank=True, default="", max_length=500)
    owner = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=100, help_text="Slug of the team."
    )
    artifact = serializers.RegexField(
        r"^(sha256:[0-9a-f]{64})?$",
        required=False,
        allow_blank=True,
        default="",
        help_text="A digest: what is in force there, and a document about this artifact alone.",
    )

    def to_only(self) -> Only:
        """Return which exceptions a validated query means."""
        said = self.validated_data
        return Only(
            vulnerability=said["vulnerability"],
            package=said["purl"],
            service=said["service"],
            environment=said["environment"],
            owner_team=said["owner"],
            type=ExceptionType(said["type"]) if said["type"] else None,
            reason=Reason(said["reason"]) if said["reason"] else None,
            artifact=said["artifact"],
        )


class ExportOutput(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """A document of the exceptions in force."""

    format = serializers.CharField()
    media_type = serializers.CharField()
    exceptions = serializers.IntegerField(help_text="How many are in force and meant, said or not.")
    document = serializers.JSONField(help_text="The document as JSON; NDJSON as the text it is.")
    loss = LossOutput(many=True, help_text="What the document cannot say.")
    envelope = EnvelopeOutput(allow_null=True, help_text="DSSE, over the very bytes of `raw=true`.")
    key_id = serializers.CharField(help_text="Of the key that signed; empty where none did.")
    unsigned_because = serializers.CharField()


class ExportView(ScopedView):
    """The exceptions in force as a document."""

    required_scopes: ClassVar = {"GET": Scope.EXCEPTION_READ}
    refusals: ClassVar = {"GET": (NothingToExport, ExceptionInvalid, SigningUnsupported)}
    serializer_class = ExportOutput
    throttle = Limit.HEAVY

    @extend_schema(
        operation_id="exceptions_export",
        parameters=[ExportOptionsInput],
        responses={
            (HTTPStatus.OK.value, "application/json"): ExportOutput,
            (HTTPStatus.OK.value, "application/x-ndjson"): OpenApiTypes.STR,
            **dict.fromkeys([(HTTPStatus.OK.value, one) for one in _BARE], OpenApiTypes.OBJECT),
        },
    )
    def get(self, request: ActorRequest) -> HttpResponse:
        """Return the exceptions that are in force now and that you may see: NDJSON, OpenVEX, CSAF or CycloneDX VEX.

        Only a false positive or the word of a vendor is ever said to be not affected; a plan or an accepted risk is
        affected, with what is done about it.
        """
        options = ExportOptionsInput(data=request.query_params.dict())
        options.is_valid(raise_exception=True)
        said = options.validated_data
        signs = said["envelope"] == _DSSE
        exported = export_exceptions(
            actor=request.actor, wanted=Format(said["format"]), only=options.to_only(), sign=signs, at=now()
        )
        return _bare(exported, signs=signs) if said["raw"] else Response(_told(exported))


def _file_of(request: ActorRequest) -> tuple[bytes, dict[str, Any]]:  # Any: what somebody sent
    """Return the file and what was said beside it, in the query or in the form."""
    said: dict[str, Any] = request.query_params.dict()
    sent = request.data if isinstance(request.data, Mapping) else {}
    if isinstance(body := sent.get(_FILE), bytes):
        return body, said
    part = request.FILES.get(_FILE)
    if part is None:
        raise serializers.ValidationError({_FILE: ["the form has no file of this name"]})
    said |= {name: value for name, value in sent.items() if name != _FILE}
    said.setdefault("filename", (part.name or "")[:255])
    return part.read(), said


def _told(exported: Exported) -> dict[str, Any]:  # Any: JSON
    written = exported.written
    text = written.content.decode()
    return {
        "format": written.format,
        "media_type": written.media_type,
        "exceptions": written.exceptions,
        "document": text if written.format == Format.NDJSON else orjson.loads(text),
        "loss": [loss.to_json() for loss in written.losses],
        "envelope": exported.envelope,
        "key_id": exported.key_id,
        "unsigned_because": exported.unsigned_because,
    }


def _bare(exported: Exported, *, signs: bool) -> HttpResponse:
    """Return the bytes alone; whoever asks for an envelope alone is not given an unsigned document instead."""
    if not signs:
        return HttpResponse(exported.written.content, content_type=exported.written.media_type)
    if exported.envelope is None:
        raise SigningUnsupported(exported.unsigned_because)
    return HttpResponse(orjson.dumps(exported.envelope), content_type=ENVELOPE_TYPE)


TRANSFER_URLS: Final[list[URLPattern]] = [
    path("exceptions/import", ImportView.as_view()),
    path("exceptions/export", ExportView.as_view()),
]
