"""Signed approvals over HTTP: the envelope as it verifies elsewhere, and what it states."""

from http import HTTPStatus
from typing import Any, ClassVar, Final

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer
from rest_framework.response import Response

from exceptions import errors
from exceptions.models import ExceptionAttestation
from exceptions.selectors import exception_of
from exceptions.services.attestations import attestation_of
from stellapolicy.access.roles import Scope
from stellapolicy.api.rendering import JsonRenderer
from stellapolicy.api.views import ActorRequest, ScopedView
from stellapolicy.signing.errors import SigningKeyUnreadable, SigningUnsupported
from stellapolicy.signing.ports import signer
from stellapolicy.trust import strict_json
from stellapolicy.trust.dsse import Envelope

_TEXT: Final = "text/plain"


class SignatureOutput(serializers.Serializer[Any]):  # Any: JSON that is kept
    """One signature, as DSSE writes it."""

    keyid = serializers.CharField(required=False)
    sig = serializers.CharField(help_text="Base64.")


@extend_schema_serializer(component_name="DsseEnvelope")
class EnvelopeOutput(serializers.Serializer[Any]):  # Any: JSON that is kept
    """A signed approval: a DSSE envelope."""

    payload = serializers.CharField(help_text="The statement, in base64.")
    payloadType = serializers.CharField(help_text="`application/vnd.in-toto+json`.")  # noqa: N815 - DSSE's word
    signatures = SignatureOutput(many=True)


class PemRenderer(BaseRenderer):
    """Lets a caller ask for a key as the text it is."""

    media_type = _TEXT
    format = "pem"
    render_style = "binary"


class PublicKeyView(ScopedView):
    """The key that signs here."""

    required_scopes: ClassVar = {"GET": Scope.EXCEPTION_READ}
    refusals: ClassVar = {"GET": (SigningUnsupported, SigningKeyUnreadable)}
    renderer_classes = [JsonRenderer, PemRenderer]

    @extend_schema(operation_id="exceptions_public_key", responses={(HTTPStatus.OK.value, _TEXT): OpenApiTypes.STR})
    def get(self, request: ActorRequest) -> HttpResponse:  # noqa: ARG002 - DRF's signature
        """Return the public half of the key that signs approvals and documents, as PEM: what verifies them elsewhere.

        Whoever verifies compares its id with the `key_id` of an export, by a way that this installation does not hold.
        """
        answer = HttpResponse(signer().public_key_pem, content_type=_TEXT)
        answer["Content-Disposition"] = 'attachment; filename="public.pem"'
        return answer


class AttestationView(ScopedView):
    """The signed approval of the terms in force."""

    required_scopes: ClassVar = {"GET": Scope.EXCEPTION_READ}
    refusals: ClassVar = {"GET": (errors.ExceptionNotFound, errors.AttestationNotFound)}
    tagged = frozenset({"GET"})

    @extend_schema(operation_id="exceptions_attestation", responses=EnvelopeOutput)
    def get(self, request: ActorRequest, reference: str) -> Response:
        """Return the envelope; `python -m exceptions.verify` says what it approves, without this installation."""
        signed = _signed(request, reference)
        self.etag(signed.digest)
        return Response(signed.envelope)


class StatementView(ScopedView):
    """What a signed approval states."""

    required_scopes: ClassVar = {"GET": Scope.EXCEPTION_READ}
    refusals: ClassVar = {"GET": (errors.ExceptionNotFound, errors.AttestationNotFound)}
    tagged = frozenset({"GET"})

    @extend_schema(operation_id="exceptions_attestation_statement", responses=OpenApiTypes.OBJECT)
    def get(self, request: ActorRequest, reference: str) -> Response:
        """Return the in-toto statement of the envelope: the terms in full, who agreed, from which seat and when."""
        signed = _signed(request, reference)
        self.etag(signed.digest)
        return Response(strict_json.loads(Envelope.from_json(signed.envelope).payload))


def _signed(request: ActorRequest, reference: str) -> ExceptionAttestation:
    return attestation_of(exception_of(request.actor, reference))
