"""What every answer goes through: its content security policy, and the measure of how long it took."""

from collections.abc import Callable
from time import perf_counter
from typing import Any, Final

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from stellapolicy.api.docs import REDOC_PATH, SWAGGER_PATH
from stellapolicy.api.metrics import API_LATENCY

_STRICT: Final[dict[str, Any]] = {  # Any: lists of sources, as the library has it
    "default-src": [SELF],
    "base-uri": [SELF],
    "form-action": [SELF],
    "frame-ancestors": [NONE],
    "object-src": [NONE],
}
# The admin's theme evaluates the expressions in its own templates (Alpine) and sets styles on elements.
_ADMIN = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE], "img-src": [SELF, "data:"]}
# The two readers of the OpenAPI document write styles, draw icons from data: and search in a worker of their own.
_DOCUMENTATION = {"style-src": [SELF, UNSAFE_INLINE], "img-src": [SELF, "data:"], "worker-src": [SELF, "blob:"]}
_LOOSENED = (("/admin/", _ADMIN), (SWAGGER_PATH, _DOCUMENTATION), (REDOC_PATH, _DOCUMENTATION))


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class LatencyMiddleware:
    """Measures how long each request to the API takes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = perf_counter()
        response = self.get_response(request)
        if request.path_info.startswith("/api/"):
            # INVARIANT: nothing the caller chose becomes a label; there would be no end of them.
            route = request.resolver_match.route if request.resolver_match else "unmatched"
            method = request.method if request.method in _METHODS else "other"
            API_LATENCY.labels(route, method, response.status_code).observe(perf_counter() - began)
        return response


class ContentSecurityPolicyMiddleware(CSPMiddleware):
    """Strict everywhere; the admin and the API documentation get exactly what they need."""

    def get_policy_parts(
        self,
        request: HttpRequest,
        response: HttpResponseBase,  # noqa: ARG002 - the library's
        report_only: bool = False,  # noqa: FBT001, FBT002 - the library's
    ) -> PolicyParts:
        """Return the policy of a page; there is no second one that only reports."""
        if report_only:
            return PolicyParts()
        loosened = next((parts for prefix, parts in _LOOSENED if request.path_info.startswith(prefix)), None)
        return PolicyParts(config=_STRICT, replace=loosened)
