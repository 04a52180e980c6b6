"""Evidence of an exception over HTTP: attached as JSON or as a form, listed, and handed out as it came."""

import base64
from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar, Final
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.renderers import BaseRenderer
from rest_framework.response import Response

from exceptions import errors
from exceptions.api.inputs import LONGEST_REASON, ExactSerializer
from exceptions.models import ExceptionEvidence
from exceptions.models.choices import choices_of
from exceptions.rules.hooks import HookKind
from exceptions.selectors import exception_of
from exceptions.services.evidence import LARGEST, TYPES, Attached, attach_evidence, content_of, decoded
from stellapolicy.access.roles import Scope
from stellapolicy.api.choices import ChoiceField
from stellapolicy.api.parsing import JsonParser, loads
from stellapolicy.api.rendering import JsonRenderer
from stellapolicy.api.throttling import Limit
from stellapolicy.api.views import ActorRequest, ScopedView
from stellapolicy.kernel.clock import now
from stellapolicy.trust.errors import EnvelopeMalformed, StatementMalformed

# The largest file in base64, and what is stated with it.
MAX_BODY_BYTES: Final = LARGEST * 4 // 3 + 1024 * 1024
_OBJECTS: Final = ("claims", "envelope")
_BYTES: Final = "application/octet-stream"


class ExceptionEvidenceOutput(serializers.ModelSerializer[ExceptionEvidence]):
    """Something that was shown: a statement for a hook, a file, or both."""

    claims = serializers.JSONField(help_text="What it states, by the schema of its hook.")
    content_url = serializers.SerializerMethodField(help_text="Where the file is; null without one.")

    class Meta:
        model = ExceptionEvidence
        fields = (
            "id",
            "hook",
            "claims",
            "issued_at",
            "trust",
            "signature",
            "signer",
            "filename",
            "content_type",
            "size_bytes",
            "digest",
            "content_url",
            "note",
            "attached_by",
            "person",
            "at",
        )
        read_only_fields = fields

    def get_content_url(self, row: ExceptionEvidence) -> str | None:
        """Return the address of the file."""
        return f"/api/v1/exceptions/{row.exception_id}/evidence/{row.pk}/content" if row.stored_as else None


class ExceptionEvidenceInput(ExactSerializer):
    """A statement for a hook, signed or not, a file, or both."""

    hook = ChoiceField(choices=choices_of(HookKind), required=False, allow_null=True)
    claims = serializers.DictField(required=False, allow_null=True, help_text="What is stated, by the hook's schema.")
    envelope = serializers.DictField(
        required=False,
        allow_null=True,
        help_text="A DSSE envelope over an in-toto statement whose subject is this exception by its number, or "
        "every artifact it names by its digest; `claims` are then its predicate.",
    )
    issued_at = serializers.DateTimeField(required=False, allow_null=True, help_text="Unsaid: now.")
    filename = serializers.CharField(max_length=255, required=False, allow_blank=True, default="")
    content_type = serializers.CharField(
        max_length=100, required=False, allow_blank=True, default="", help_text=f"One of {', '.join(TYPES)}."
    )
    content_base64 = serializers.CharField(
        required=False, allow_blank=True, default="", help_text=f"The file, at most {LARGEST} bytes."
    )
    note = serializers.CharField(max_length=LONGEST_REASON, required=False, allow_blank=True, default="")

    def to_attached(self) -> Attached:
        """Return what a validated body attaches."""
        said = self.validated_data
        return Attached(
            hook=HookKind(said["hook"]) if said.get("hook") else None,
            claims=said.get("claims"),
            envelope=said.get("envelope"),
            issued_at=said.get("issued_at"),
            filename=said["filename"],
            content_type=said["content_type"],
            content=decoded(said["content_base64"]),
            note=said["note"],
        )


class BytesRenderer(BaseRenderer):
    """Lets a caller ask for the bytes of a file."""

    media_type = _BYTES
    format = "bytes"
    charset = None
    render_style = "binary"


class EvidenceView(ScopedView):
    """The evidence of an exception."""

    required_scopes: ClassVar = {"GET": Scope.EXCEPTION_READ}
    refusals: ClassVar = {"GET": (errors.ExceptionNotFound,)}
    page_order = ("at", "id")
    serializer_class = ExceptionEvidenceOutput

    @extend_schema(operation_id="exceptions_evidence", responses=ExceptionEvidenceOutput(many=True))
    def get(self, request: ActorRequest, reference: str) -> Response:
        """List what was attached, in order, with what became of each signature."""
        exception = exception_of(request.actor, reference)
        return self.page(ExceptionEvidence.objects.filter(exception=exception))


class AttachView(ScopedView):
    """A piece of evidence more."""

    required_scopes: ClassVar = {"POST": Scope.EXCEPTION_WRITE}
    refusals: ClassVar = {
        "POST": (
            errors.ExceptionNotFound,
            errors.IllegalTransition,
            errors.AttachmentRefused,
            errors.EvidenceRefused,
            EnvelopeMalformed,
            StatementMalformed,
        )
    }
    throttle = Limit.HEAVY
    parser_classes = [JsonParser, MultiPartParser]
    max_body_bytes = MAX_BODY_BYTES
    serializer_class = ExceptionEvidenceInput

    @extend_schema(
        operation_id="exceptions_attach_evidence",
        request=ExceptionEvidenceInput,
        responses={201: ExceptionEvidenceOutput},
    )
    def post(self, request: ActorRequest, reference: str) -> Response:
        """Attach a statement for a hook, a file, or both; whoever asked may, and whoever may write in its services.

        As a form, the file is the part `file`; `claims` and `envelope` are JSON texts.
        """
        asked = ExceptionEvidenceInput(data=_body_of(request))
        asked.is_valid(raise_exception=True)
        pk = exception_of(request.actor, reference).pk
        row = attach_evidence(actor=request.actor, pk=pk, attached=asked.to_attached(), at=now())
        return Response(ExceptionEvidenceOutput(row).data, status=HTTPStatus.CREATED)


class EvidenceContentView(ScopedView):
    """The file of a piece of evidence."""

    required_scopes: ClassVar = {"GET": Scope.EXCEPTION_READ}
    refusals: ClassVar = {"GET": (errors.ExceptionNotFound, errors.EvidenceNotFound, errors.AttachmentRefused)}
    renderer_classes = [JsonRenderer, BytesRenderer]

    @extend_schema(
        operation_id="exceptions_evidence_content", responses={(HTTPStatus.OK.value, _BYTES): OpenApiTypes.BINARY}
    )
    def get(self, request: ActorRequest, reference: str, pk: UUID) -> HttpResponse:
        """Return the very bytes that were attached, proven by their digest, to be saved and never shown in place."""
        exception = exception_of(request.actor, reference)
        row = ExceptionEvidence.objects.filter(exception=exception, pk=pk).exclude(stored_as="").first()
        if row is None:
            raise errors.EvidenceNotFound(f"{exception.number} has no such file")
        answer = HttpResponse(content_of(row), content_type=_BYTES)
        name = content_disposition_header(as_attachment=True, filename=row.filename or str(row.pk))
        answer["Content-Disposition"] = name or "attachment"
        return answer


def _body_of(request: ActorRequest) -> object:
    """Return the body in the JSON form, also when it came as a form."""
    if not (request.content_type or "").startswith("multipart/"):
        return request.data
    form = request.data if isinstance(request.data, Mapping) else {}
    fields = {name: _field(name, value) for name, value in form.items() if name != "file"}
    part = request.FILES.get("file")
    return fields if part is None else {**_file(part), **fields}


def _file(part: "UploadedFile[bytes]") -> dict[str, str]:
    return {
        "filename": part.name or "",
        "content_type": part.content_type or "",
        "content_base64": base64.b64encode(part.read()).decode("ascii"),
    }


def _field(name: str, value: object) -> object:
    """Return a form field; those that are objects are JSON texts."""
    return loads(value.encode()) if name in _OBJECTS and isinstance(value, str) else value
