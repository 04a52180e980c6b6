"""Gives every request its actor, and its tenant: one scope, one transaction, undone whole where it fails."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final, cast

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from structlog.contextvars import bind_contextvars

from stellapolicy.access.errors import SignInRefused
from stellapolicy.access.reauthentication import AUTHENTICATED_AT
from stellapolicy.access.sign_in import SignIn, actor_for, identify
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import now, rfc3339
from stellapolicy.kernel.refusals import Refusal
from stellapolicy.tenancy.scope import tenant_scope

# Pages that belong to nobody: no session is read for them and no tenant opened.
_WITHOUT_TENANT: Final = (
    "/healthz",
    "/readyz",
    "/metrics",
    "/static/",
    "/favicon.ico",
    "/api/docs",
    "/api/redoc",
    "/api/v1/openapi.json",
    "/api/v1/auth/token",
    "/oidc/",
    "/admin/login/",
    "/admin/logout/",
    "/admin/jsi18n/",
)


def remember_sign_in(request: HttpRequest, **_: object) -> None:
    """Note in the session when somebody proved who they are (receives `user_logged_in`)."""
    request.session[AUTHENTICATED_AT] = rfc3339(now())


class IdentifiedRequest(HttpRequest):
    """A request that went through `ActorMiddleware`; never made, only a name for its attributes."""

    actor: Actor | None
    sign_in: SignIn | None
    sign_in_refusal: Refusal | None


class ActorMiddleware:
    """Sets `request.actor` and runs the request inside the scope of the actor's tenant."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        identified = cast("IdentifiedRequest", request)
        identified.actor = identified.sign_in = identified.sign_in_refusal = None
        if request.path.startswith(_WITHOUT_TENANT):
            return self.get_response(request)
        try:
            identified.sign_in = identify(request, at=now())
        except Refusal as refusal:
            return self._refused(identified, refusal)
        if identified.sign_in is None:
            return self.get_response(request)
        try:
            return self._in_scope(identified, identified.sign_in)
        except SignInRefused as refusal:
            identified.sign_in = None
            return self._refused(identified, refusal)

    def _refused(self, request: IdentifiedRequest, refusal: Refusal) -> HttpResponseBase:
        """Let the endpoint answer: only there is it known whether anybody has to sign in at all."""
        if not request.path.startswith("/api/"):
            raise PermissionDenied(refusal.detail)
        request.sign_in_refusal = refusal
        return self.get_response(request)

    def _in_scope(self, request: IdentifiedRequest, sign_in: SignIn) -> HttpResponseBase:
        with tenant_scope(sign_in.tenant.tenant_id):
            request.actor = actor_for(sign_in, request, at=now())
            request.user = sign_in.standing
            bind_contextvars(tenant=sign_in.tenant.slug, actor=request.actor.subject)
            response = self.get_response(request)
            # INVARIANT: whatever ended in a surprise leaves no trace. Django made the response, so nothing propagates.
            if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
                transaction.set_rollback(True)
        return response
