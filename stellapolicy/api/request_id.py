"""One identifier per request: taken from `X-Request-Id` where it is harmless, else made; logged and echoed."""

import re
from typing import Final

import structlog
from django.dispatch import receiver
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django_structlog import signals
from structlog.contextvars import bind_contextvars, get_contextvars

HEADER: Final = "X-Request-Id"
# What may be written into a log and a header of ours without a second thought.
_HARMLESS = re.compile(r"[A-Za-z0-9._-]{1,64}")


def current() -> str:
    """Return the identifier of the request being answered; empty outside one."""
    return str(get_contextvars().get("request_id", ""))


@receiver(signals.bind_extra_request_metadata, dispatch_uid="api.request_id.accept")
def _accept(request: HttpRequest, logger: structlog.typing.FilteringBoundLogger, **_: object) -> None:  # noqa: ARG001 - the signal's
    """Keep the caller's identifier instead of the one just made."""
    given = request.headers.get(HEADER, "")
    if _HARMLESS.fullmatch(given):
        bind_contextvars(request_id=given)


@receiver(signals.bind_extra_request_finished_metadata, dispatch_uid="api.request_id.echo")
@receiver(signals.update_failure_response, dispatch_uid="api.request_id.echo_failure")
def _echo(response: HttpResponseBase, **_: object) -> None:
    response[HEADER] = current()
