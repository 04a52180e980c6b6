"""Addresses of the audit trail, below `/api/v1/`."""

from django.urls import URLPattern, path

from stellapolicy.audit.api.views import AuditTrail

urlpatterns: list[URLPattern] = [
    path("governance/audit", AuditTrail.as_view(), name="governance-audit"),
]
