"""The OpenAPI document: every operation says its scope, its problems and its header parameters."""

from functools import lru_cache
from http import HTTPStatus
from typing import Any

import orjson
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction, OpenApiParameter, extend_schema_serializer
from rest_framework import serializers

from stellapolicy.api import problems
from stellapolicy.api.idempotency import HEADER as IDEMPOTENCY_KEY
from stellapolicy.api.permissions import SIGNED_IN, scope_required
from stellapolicy.api.request_id import HEADER as REQUEST_ID

_WRITING = {"POST", "PUT", "PATCH", "DELETE"}
_REFUSED = {
    HTTPStatus.BAD_REQUEST: "The query or the body cannot be understood.",
    HTTPStatus.UNAUTHORIZED: "Nobody signed in, or the token is unknown, expired or revoked.",
    HTTPStatus.FORBIDDEN: "The scope is missing, or another tenant was asked for.",
    HTTPStatus.NOT_FOUND: "There is nothing here, or it belongs to another tenant.",
    HTTPStatus.NOT_ACCEPTABLE: "There is no answer in the form asked for.",
    HTTPStatus.CONFLICT: "Its present state does not allow this, or the idempotency key was used before.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is larger than this endpoint reads.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body's form is not understood.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "The body is understood and not valid; `errors` names each place.",
}


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
        needed = "a person or a token, no particular scope" if scope == SIGNED_IN else f"scope `{scope}`"
        return f"{super().get_description()}\n\nNeeds {needed}.".strip()

    def get_operation_id(self) -> str:
        """Return a name for the operation; routes such as `{id}:rotate` are named by their verb."""
        last = self.path.rsplit("/", maxsplit=1)[-1]
        if ":" not in last:
            return str(super().get_operation_id())
        return "_".join(self._tokenize_path()).replace(":", "_").replace("-", "_").replace("__", "_")

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
        return headers

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:  # Any: OpenAPI
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        for status in self._refusals():
            code = str(status.value)
            if code not in bodies:
                answer = self._get_response_for_code(  # type: ignore[no-untyped-call]  # the library's
                    ProblemOutput, code, [problems.MEDIA_TYPE], direction
                )
                bodies[code] = {**answer, "description": _REFUSED[status]}
        return dict(sorted(bodies.items()))

    def _refusals(self) -> list[HTTPStatus]:
        refused = [HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_ACCEPTABLE]
        if "{" in self.path:
            refused.append(HTTPStatus.NOT_FOUND)
        if self.method in _WRITING:
            refused += [
                HTTPStatus.CONFLICT,
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                HTTPStatus.UNPROCESSABLE_ENTITY,
            ]
        return refused


@lru_cache(maxsize=1)
def document() -> bytes:
    """Return the OpenAPI 3.1 document of the whole API as JSON, made once per process."""
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]  # the library's
    whole = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # the library's
    return orjson.dumps(whole, option=orjson.OPT_SORT_KEYS)
