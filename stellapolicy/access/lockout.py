"""Counts wrong passwords by name and address, in the cache, and closes the door for a while (django-axes).

Nothing is counted by name alone, or a stranger could lock anybody out; nor by address alone, where a whole office may
be behind one. Where nobody can count, nobody signs in with a password.
"""

from typing import Any

import structlog
from axes.exceptions import AxesBackendPermissionDenied
from axes.handlers.cache import AxesCacheHandler
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from redis.exceptions import RedisError

from stellapolicy.access import locks
from stellapolicy.access.services.lockout import record_lockout

log = structlog.get_logger(__name__)


class LockoutHandler(AxesCacheHandler):  # type: ignore[misc]  # axes is untyped
    """Counts passwords only, remembers which addresses are locked for whom, and records each lock once."""

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """Return how often this name was tried in vain from this address; closed where nobody can count."""
        try:
            return int(super().get_failures(request, credentials))
        except RedisError:
            log.warning("sign_in_uncounted")
            request.axes_uncounted = True  # type: ignore[attr-defined]  # read by the sign-in form
            raise AxesBackendPermissionDenied("wrong passwords cannot be counted at the moment") from None

    def user_login_failed(
        self, sender: object, credentials: dict[str, Any], request: HttpRequest | None = None, **more: object
    ) -> None:
        """Count a wrong password; a sign-in through the identity provider has none."""
        username = credentials.get("username")
        if request is None or not username or getattr(request, "axes_uncounted", False):
            return
        was_locked = getattr(request, "axes_locked_out", False)
        try:
            super().user_login_failed(sender, credentials, request, **more)
        except RedisError:
            log.warning("sign_in_uncounted")
            return
        if getattr(request, "axes_locked_out", False) and not was_locked:
            address = str(request.axes_ip_address)  # type: ignore[attr-defined]  # set by axes
            locks.remember(username, address)
            record_lockout(username=username, address=address, at=request.axes_attempt_time)  # type: ignore[attr-defined]  # as above

    def user_logged_in(self, sender: object, request: HttpRequest, user: Any, **more: object) -> None:  # noqa: ANN401 - axes'
        """Forget the wrong passwords of whoever found the right one."""
        try:
            super().user_logged_in(sender, request, user, **more)
        except RedisError:
            log.warning("sign_in_uncounted")


def keep_answer(
    request: HttpRequest,  # noqa: ARG001 - the signature of axes
    original: HttpResponse | None = None,
    credentials: dict[str, Any] | None = None,  # noqa: ARG001 - as above
) -> HttpResponse:
    """Answer a locked sign-in with the page as it is, which says so itself, and with 429."""
    response = original or HttpResponse()
    response.status_code = 429
    response["Retry-After"] = str(int(settings.AXES_COOLOFF_TIME.total_seconds()))
    return response
