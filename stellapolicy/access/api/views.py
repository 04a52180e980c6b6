"""Tokens and oneself."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any, cast
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from stellapolicy.access import errors
from stellapolicy.access.api.serializers import (
    IssuedTokenOutput,
    MeOutput,
    RevocationRequest,
    TokenOutput,
    TokenRequest,
)
from stellapolicy.access.errors import PersonNotFound
from stellapolicy.access.models import ApiToken, User
from stellapolicy.access.selectors import tenants_of
from stellapolicy.access.services.tokens import IssuedToken, issue_token, revoke_token, rotate_token
from stellapolicy.access.sign_in import SignIn
from stellapolicy.api.permissions import SIGNED_IN
from stellapolicy.api.views import ActorRequest, ScopedView
from stellapolicy.kernel.clock import now


class Tokens(ScopedView):
    """The API tokens of the tenant."""

    required_scopes = {"GET": "governance:write", "POST": "governance:write"}
    refusals = {
        "POST": (
            errors.LifetimeRefused,
            errors.PersonNotFound,
            errors.ScopesExceeded,
            errors.ServiceNotFound,
            errors.TokenNameTaken,
        )
    }
    page_order = ("-created", "-id")
    shown_once = frozenset({"secret"})
    queryset = ApiToken.objects.none()
    serializer_class = TokenOutput

    @extend_schema(operation_id="tokens_list", responses=TokenOutput(many=True))
    def get(self, request: ActorRequest) -> Response:
        """List the tokens of the tenant, newest first; those that ended too."""
        visible = ApiToken.objects.visible_to(request.actor, self.required_scopes["GET"])
        return self.page(visible.select_related("user"))

    @extend_schema(operation_id="tokens_issue", request=TokenRequest, responses={201: IssuedTokenOutput})
    def post(self, request: ActorRequest) -> Response:
        """Issue a token; its secret stands in this answer and is shown never again.

        Nobody gives scopes they do not hold themselves.
        """
        asked = TokenRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        issued = issue_token(
            actor=request.actor,
            user=_person(request, wanted.get("username")),
            name=wanted["name"],
            scopes=wanted["scopes"],
            service_id=wanted.get("service_id"),
            lifetime=_days(wanted.get("lifetime_days")),
            at=now(),
        )
        return Response(_shown(issued), status=HTTPStatus.CREATED)


class TokenRotation(ScopedView):
    """A new secret for a token."""

    required_scopes = {"POST": "governance:write"}
    refusals = {"POST": (errors.ScopesExceeded, errors.TokenEnded, errors.TokenNotFound)}
    shown_once = frozenset({"secret"})

    @extend_schema(operation_id="tokens_rotate", request=None, responses={201: IssuedTokenOutput})
    def post(self, request: ActorRequest, pk: UUID) -> Response:
        """Replace a living token by one with a new secret; the old secret is refused at once."""
        return Response(_shown(rotate_token(actor=request.actor, pk=pk, at=now())), status=HTTPStatus.CREATED)


class TokenRevocation(ScopedView):
    """The end of a token."""

    required_scopes = {"POST": "governance:write"}
    refusals = {"POST": (errors.TokenEnded, errors.TokenNotFound)}

    @extend_schema(operation_id="tokens_revoke", request=RevocationRequest, responses=TokenOutput)
    def post(self, request: ActorRequest, pk: UUID) -> Response:
        """Revoke a living token; it stays in the list to say so."""
        asked = RevocationRequest(data=request.data or {})
        asked.is_valid(raise_exception=True)
        token = revoke_token(actor=request.actor, pk=pk, reason=asked.validated_data["reason"], at=now())
        return Response(TokenOutput(token).data)


class Me(ScopedView):
    """Oneself."""

    required_scopes = {"GET": SIGNED_IN}

    @extend_schema(operation_id="me", responses=MeOutput)
    def get(self, request: ActorRequest) -> Response:
        """Say who asks, in which tenant, and with which scopes."""
        actor, sign_in = request.actor, _sign_in(request)
        tenants = (sign_in.tenant,) if sign_in.token or not sign_in.user else tenants_of(sign_in.user)
        answer = {
            "subject": actor.subject,
            "person": actor.person,
            "tenant": sign_in.tenant,
            "tenants": tenants,
            "scopes": sorted(actor.scopes),
            "service_ids": None if actor.services is None else sorted(actor.services),
            "service_scopes": {str(service): sorted(held) for service, held in sorted(actor.service_scopes.items())},
        }
        return Response(MeOutput(answer).data)


def _sign_in(request: ActorRequest) -> SignIn:
    """Return what the middleware found out beside the actor."""
    return cast("SignIn", getattr(request._request, "sign_in", None))  # noqa: SLF001 - the one it went through


def _person(request: ActorRequest, username: str | None) -> User:
    """Return the person a token shall speak for."""
    asking = _sign_in(request).user
    person = asking if username is None else User.objects.filter(username=username).first()
    if person is None:
        raise PersonNotFound(f"{username or request.actor.subject} holds no role in this tenant")
    return person


def _days(count: int | None) -> timedelta | None:
    return None if count is None else timedelta(days=count)


def _shown(issued: IssuedToken) -> dict[str, Any]:  # Any: JSON
    return {**TokenOutput(issued.token).data, "secret": issued.secret}
