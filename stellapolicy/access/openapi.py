"""Describes both ways to sign in to readers of the OpenAPI document."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from stellapolicy.access.authentication import ActorAuthentication
from stellapolicy.api.permissions import SIGNED_IN, scope_required


class ActorScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # the library is untyped
    """The bearer token and the session, each with the scope that an operation needs."""

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
