"""Tells the REST framework, and the OpenAPI document, what the middleware found out."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from stellapolicy.access.errors import CsrfRefused
from stellapolicy.access.models import User
from stellapolicy.access.sign_in import SignIn
from stellapolicy.api.permissions import SIGNED_IN, actor_of, scope_required
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.refusals import Refusal


class ActorAuthentication(BaseAuthentication):
    """Hands on the person and the actor of the request, or the reason why there is none."""

    def authenticate(self, request: Request) -> tuple[User, Actor] | None:
        """Return who asks; None for nobody. Refuses what the middleware refused, and a session without CSRF token."""
        received = request._request  # noqa: SLF001 - the one that went through the middleware
        refusal = getattr(received, "sign_in_refusal", None)
        if isinstance(refusal, Refusal):
            raise refusal
        actor, sign_in = actor_of(received), getattr(received, "sign_in", None)
        if actor is None or not isinstance(sign_in, SignIn):
            return None
        if sign_in.token is None:
            _require_csrf_token(request)
        return sign_in.user, actor

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - DRF's
        """Return the challenge of a 401."""
        return 'Bearer realm="stellapolicy"'


def _require_csrf_token(request: Request) -> None:
    """Views of the framework are exempt from Django's own check, which is meant for pages."""
    try:
        SessionAuthentication().enforce_csrf(request)
    except PermissionDenied as refused:
        raise CsrfRefused(str(refused.detail)) from None


class ActorScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # the library is untyped
    """Describes both ways to sign in."""

    target_class = ActorAuthentication
    name = ["bearer", "session"]

    def get_security_definition(self, auto_schema: AutoSchema) -> list[dict[str, Any]]:  # noqa: ARG002  # Any: OpenAPI
        """Return the two security schemes."""
        return [
            {"type": "http", "scheme": "bearer", "description": "An API token; its scopes limit what it may do."},
            {
                "type": "apiKey",
                "in": "cookie",
                "name": "sessionid",
                "description": "The session of the admin; writes carry X-CSRFToken.",
            },
        ]

    def get_security_requirement(self, auto_schema: AutoSchema) -> list[dict[str, list[str]]]:
        """Return the scope that the operation needs (OpenAPI 3.1 lets any scheme name roles)."""
        scope = scope_required(auto_schema.view, auto_schema.method)
        scopes = [scope] if scope and scope != SIGNED_IN else []
        return [{"bearer": scopes}, {"session": scopes}]
