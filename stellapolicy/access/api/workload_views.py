"""Trusted workloads, and the door at which their tokens are exchanged."""

from http import HTTPStatus
from uuid import UUID

import structlog
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from stellapolicy.access import identity_errors as proofs
from stellapolicy.access.api.serializers import RevocationRequest
from stellapolicy.access.api.workload_serializers import (
    ExchangedOutput,
    ExchangeRequest,
    TrustedWorkloadOutput,
    TrustRequest,
)
from stellapolicy.access.errors import ServiceNotFound
from stellapolicy.access.models import TrustedWorkload
from stellapolicy.access.services.exchange import LIFETIME, Exchange, exchange_identity
from stellapolicy.access.services.tokens import IssuedToken
from stellapolicy.access.services.workloads import trust_workload, withdraw_workload
from stellapolicy.api import request_id
from stellapolicy.api.address import client_address
from stellapolicy.api.throttling import Limit
from stellapolicy.api.views import ActorRequest, ScopedView
from stellapolicy.kernel.clock import now
from stellapolicy.kernel.refusals import Refusal

_ISSUED_TYPE = "urn:ietf:params:oauth:token-type:access_token"

log = structlog.get_logger(__name__)


class TokenExchange(ScopedView):
    """A token for a pipeline."""

    authentication_classes = ()
    permission_classes = ()
    throttle = Limit.TOKEN_EXCHANGE
    max_body_bytes = 64 * 1024
    shown_once = frozenset({"access_token"})
    refusals = {
        "POST": (
            proofs.IdentityMalformed,
            proofs.AlgorithmRefused,
            proofs.IssuerUnknown,
            proofs.KeyUnknown,
            proofs.SignatureInvalid,
            proofs.AudienceRefused,
            proofs.IdentityExpired,
            proofs.IdentityNotYetValid,
            proofs.IdentityReplayed,
            proofs.KeysUnavailable,
            proofs.WorkloadUntrusted,
            proofs.RepositoryMismatch,
            proofs.ForkRefused,
            proofs.RefUnprotected,
            proofs.RefRefused,
            proofs.EnvironmentRefused,
            proofs.WorkloadAmbiguous,
            proofs.ProviderMismatch,
        ),
    }

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Refuse a large body unread, although nobody is known."""
        super().initial(request, *args, **kwargs)
        self._refuse_large(request)

    @extend_schema(operation_id="auth_token", auth=[], request=ExchangeRequest, responses={201: ExchangedOutput})
    def post(self, request: ActorRequest) -> Response:
        """Exchange the ID token of a GitHub Actions or GitLab CI run for a token of 15 minutes, once.

        It may submit evidence and ask gates, for the one service that its repository is trusted with.
        """
        asked = ExchangeRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        exchange = Exchange(
            **asked.validated_data,
            address=client_address(request._request),  # noqa: SLF001 - the one that came in
            request_id=request_id.current(),
        )
        try:
            issued = exchange_identity(asked=exchange, at=now())
        except Refusal as refusal:
            log.info("workload_refused", refusal=refusal.code, detail=refusal.detail)
            raise
        return Response(_exchanged(issued), status=HTTPStatus.CREATED, headers={"Cache-Control": "no-store"})


class TrustedWorkloads(ScopedView):
    """The repositories that the tenant trusts."""

    required_scopes = {"GET": "governance:read", "POST": "governance:write"}
    refusals = {"POST": (proofs.IssuerNotConfigured, proofs.WorkloadTrustedAlready, ServiceNotFound)}
    page_order = ("-created_at", "-id")
    queryset = TrustedWorkload.objects.none()
    serializer_class = TrustedWorkloadOutput

    @extend_schema(operation_id="trusted_workloads_list", responses=TrustedWorkloadOutput(many=True))
    def get(self, request: ActorRequest) -> Response:
        """List the trusted workloads, newest first; withdrawn ones too."""
        return self.page(TrustedWorkload.objects.visible_to(request.actor, self.required_scopes["GET"]))

    @extend_schema(operation_id="trusted_workloads_trust", request=TrustRequest, responses={201: TrustedWorkloadOutput})
    def post(self, request: ActorRequest) -> Response:
        """Trust the runs of a repository on some refs, for one service."""
        asked = TrustRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        workload = trust_workload(actor=request.actor, **asked.validated_data, at=now())
        return Response(TrustedWorkloadOutput(workload).data, status=HTTPStatus.CREATED)


class TrustedWorkloadWithdrawal(ScopedView):
    """The end of trust."""

    required_scopes = {"POST": "governance:write"}
    refusals = {"POST": (proofs.WorkloadNotFound,)}

    @extend_schema(
        operation_id="trusted_workloads_withdraw", request=RevocationRequest, responses=TrustedWorkloadOutput
    )
    def post(self, request: ActorRequest, pk: UUID) -> Response:
        """Trust a workload no longer; its living tokens are refused at once."""
        asked = RevocationRequest(data=request.data or {})
        asked.is_valid(raise_exception=True)
        workload = withdraw_workload(actor=request.actor, pk=pk, reason=asked.validated_data["reason"], at=now())
        return Response(TrustedWorkloadOutput(workload).data)


def _exchanged(issued: IssuedToken) -> dict[str, object]:
    return {
        "access_token": issued.secret,
        "issued_token_type": _ISSUED_TYPE,
        "token_type": "Bearer",
        "expires_in": int(LIFETIME.total_seconds()),
        "scope": " ".join(issued.token.scopes),
        "subject": issued.token.subject,
        "tenant_id": str(issued.token.tenant_id),
        "service_id": str(issued.token.service_id),
    }
