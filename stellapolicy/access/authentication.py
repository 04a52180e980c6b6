"""Tells the REST framework what the middleware found out.

The framework loads this module while it loads its own views: nothing here may import those.
"""

from django.contrib.auth.models import AnonymousUser
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from stellapolicy.access.errors import CsrfRefused
from stellapolicy.access.models import User
from stellapolicy.access.sign_in import SignIn
from stellapolicy.api.permissions import actor_of
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.refusals import Refusal


class ActorAuthentication(BaseAuthentication):
    """Hands on the person and the actor of the request, or the reason why there is none."""

    def authenticate(self, request: Request) -> tuple[User | AnonymousUser, Actor] | None:
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
        return sign_in.standing, actor

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - DRF's
        """Return the challenge of a 401."""
        return 'Bearer realm="stellapolicy"'


def _require_csrf_token(request: Request) -> None:
    """Views of the framework are exempt from Django's own check, which is meant for pages."""
    try:
        SessionAuthentication().enforce_csrf(request)
    except PermissionDenied as refused:
        raise CsrfRefused(str(refused.detail)) from None
