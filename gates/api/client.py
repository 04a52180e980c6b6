"""Serves the CI client, so that a pipeline needs nothing but the address of the server."""

from functools import lru_cache
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

_CLIENT = Path(__file__).resolve().parent.parent / "client" / "stellagate.py"


@require_safe
@cache_control(max_age=300)
def client_source(_request: HttpRequest) -> HttpResponse:
    """Return the client, one file."""
    return HttpResponse(_source(), content_type="text/x-python; charset=utf-8")


@lru_cache(maxsize=1)
def _source() -> bytes:
    return _CLIENT.read_bytes()
