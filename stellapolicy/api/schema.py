"""The OpenAPI document: every operation says its scope, its problems and its header parameters."""

from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import Any

import orjson
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction, OpenApiParameter, extend_schema_serializer
from rest_framework import serializers

from stellapolicy.api import refused
from stellapolicy.api.idempotency import HEADER as IDEMPOTENCY_KEY
from stellapolicy.api.permissions import SIGNED_IN, scope_required
from stellapolicy.api.preconditions import IF_MATCH, IF_NONE_MATCH
from stellapolicy.api.request_id import HEADER as REQUEST_ID
from stellapolicy.api.throttling import Limit
from stellapolicy.kernel.refusals import Refusal

_WRITING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_ALWAYS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_ACCEPTABLE,
    HTTPStatus.TOO_MANY_REQUESTS,
)
_WHEN_WRITING = (
    HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)
_TAG_HEADER = {"ETag": {"description": "The version of this answer.", "schema": {"type": "string"}}}


@extend_schema_serializer(component_name="Fault")
class FaultOutput(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """One mistake in the input."""

    pointer = serializers.CharField(help_text="JSON Pointer into the body, or the place in words.")
    code = serializers.CharField()
    message = serializers.CharField()


@extend_schema_serializer(component_name="Problem")
class ProblemOutput(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """RFC 9457 problem details."""

    type = serializers.CharField(help_text="A URN that ends with the code.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="Stable; compare with this.")
    detail = serializers.CharField()
    errors = FaultOutput(many=True)  # type: ignore[assignment]  # the wire's word; this serializer never validates
    trace_id = serializers.CharField(help_text=f"The {REQUEST_ID} of the request.")


class ScopedSchema(AutoSchema):
    """Describes views that stand on `ScopedView`."""

    def get_description(self) -> str:  # type: ignore[override]  # the library's own departure from DRF
        """Return the docstring and the scope."""
        scope = scope_required(self.view, self.method)
        if scope is None:
            return str(super().get_description())
        needed = (
            "a person or a token, no particular scope"
            if scope == SIGNED_IN
            else f"scope `{scope.replace('|', '` or `')}`"
        )
        return f"{super().get_description()}\n\nNeeds {needed}.".strip()

    def get_operation_id(self) -> str:
        """Return a name for the operation; routes such as `{id}:rotate` are named by their verb."""
        last = self.path.rsplit("/", maxsplit=1)[-1]
        if ":" not in last:
            return str(super().get_operation_id())
        return "_".join(self._tokenize_path()).replace(":", "_").replace("-", "_").replace("__", "_")

    def _is_list_view(self, serializer: object = None) -> bool:
        """Whether it answers with a page: its method asks for one."""
        code = getattr(getattr(self.view, "get", None), "__code__", None)
        if self.method == "GET" and code is not None and "page" in code.co_names:
            return True
        return bool(super()._is_list_view(serializer))  # type: ignore[arg-type]  # the library's own word for it

    def get_filter_backends(self) -> list[Any]:  # Any: classes of the library
        """Return what narrows the list; nothing where no filter is named."""
        named = getattr(self.view, "filterset_class", None) or getattr(self.view, "filterset_fields", None)
        return list(super().get_filter_backends()) if named else []

    def get_override_parameters(self) -> list[Any]:  # Any: of the library
        """Return the headers that every operation understands."""
        headers = [
            OpenApiParameter(
                "X-Stella-Tenant",
                str,
                OpenApiParameter.HEADER,
                description="Slug or id of the tenant, where a person belongs to several; a token has its own.",
            ),
        ]
        if self.method == "POST":
            headers.append(
                OpenApiParameter(
                    IDEMPOTENCY_KEY,
                    {"type": "string", "minLength": 1, "maxLength": 255},
                    OpenApiParameter.HEADER,
                    description="Sent again within 24 hours, the same request is answered alike and done once.",
                )
            )
        if self._is_tagged():
            headers += [
                OpenApiParameter(IF_MATCH, str, OpenApiParameter.HEADER, description="Only of this version (ETag)."),
                OpenApiParameter(IF_NONE_MATCH, str, OpenApiParameter.HEADER, description="Unless of this version."),
            ]
        return headers

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:  # Any: OpenAPI
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        self.resolve_serializer(ProblemOutput, direction)  # names the component
        if self._is_tagged() and self.method == "GET":
            bodies["304"] = {"description": "The version named by `If-None-Match` is the present one."}
            for code, body in bodies.items():
                if code.startswith("2"):
                    body["headers"] = {**body.get("headers", {}), **_TAG_HEADER}
        own = self._own_refusals()
        for status in {*self._refusals(), *own}:
            if (code := str(status.value)) not in bodies:
                bodies[code] = refused.response(status, own[status]) if status in own else refused.reference(status)
        return dict(sorted(bodies.items()))

    def _is_tagged(self) -> bool:
        return self.method in getattr(self.view, "tagged", ())

    def _own_refusals(self) -> dict[HTTPStatus, list[type[Refusal]]]:
        """Return what the view says its method can end in, by status."""
        own: defaultdict[HTTPStatus, list[type[Refusal]]] = defaultdict(list)
        declared: Mapping[str, tuple[type[Refusal], ...]] = getattr(self.view, "refusals", {})
        for refusal in declared.get(self.method, ()):
            own[refusal.status].append(refusal)
        return own

    def _refusals(self) -> list[HTTPStatus]:
        """Return what every operation of this form can end in."""
        refusals = list(_ALWAYS)
        if "{" in self.path:
            refusals.append(HTTPStatus.NOT_FOUND)
        if self.method in _WRITING:
            refusals += _WHEN_WRITING
        if self._is_tagged():
            refusals.append(HTTPStatus.PRECONDITION_FAILED)
        if getattr(self.view, "throttle", None) is Limit.TOKEN_EXCHANGE:
            refusals.append(HTTPStatus.SERVICE_UNAVAILABLE)
        return refusals


@lru_cache(maxsize=1)
def document() -> bytes:
    """Return the OpenAPI 3.1 document of the whole API as JSON, made once per process."""
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]  # the library's
    whole = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # the library's
    return orjson.dumps(whole, option=orjson.OPT_SORT_KEYS)
