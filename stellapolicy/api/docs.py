"""The API's own description: the OpenAPI document, Swagger UI and Redoc, from files of this server alone."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.views import SpectacularSwaggerSplitView

from stellapolicy.api import schema

OPENAPI_PATH: Final = "/api/v1/openapi.json"
SWAGGER_PATH: Final = "/api/docs"
REDOC_PATH: Final = "/api/redoc"

swagger = SpectacularSwaggerSplitView.as_view(url=OPENAPI_PATH)


@require_safe
def openapi(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view
    """Answer the OpenAPI document."""
    return HttpResponse(schema.document(), content_type="application/json")


@require_safe
def redoc(request: HttpRequest) -> HttpResponse:
    """Answer the reading view of the OpenAPI document."""
    return render(request, "api/redoc.html", {"openapi_path": OPENAPI_PATH})
