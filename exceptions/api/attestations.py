"""Signed approvals over HTTP: the envelope as it verifies elsewhere, and what it states."""

from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.response import Response

from exceptions import errors
from exceptions.models import ExceptionAttestation
from exceptions.selectors import exception_of
from exceptions.services.attestations import attestation_of
from stellapolicy.access.roles import Scope
from stellapolicy.api.views import ActorRequest, ScopedView
from stellapolicy.trust import strict_json
from stellapolicy.trust.dsse import Envelope


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
