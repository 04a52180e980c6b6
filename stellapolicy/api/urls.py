"""Addresses of the API floor: `urlpatterns` below `/api/v1/`, `root_urlpatterns` from the root."""

from django.urls import URLPattern, path

from stellapolicy.api import docs, health, metrics

urlpatterns: list[URLPattern] = [
    path("openapi.json", docs.openapi, name="openapi"),
]
root_urlpatterns: list[URLPattern] = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("api/docs", docs.swagger, name="api-docs"),
    path("api/redoc", docs.redoc, name="api-redoc"),
]
