"""Addresses of people, tokens and trusted workloads, below `/api/v1/`."""

from django.urls import URLPattern, path

from stellapolicy.access.api import organisation
from stellapolicy.access.api.group_mappings import GroupMappingRemoval, GroupMappings
from stellapolicy.access.api.people import People, Roles, RoleWithdrawal
from stellapolicy.access.api.views import Me, TokenRevocation, TokenRotation, Tokens
from stellapolicy.access.api.workload_views import TokenExchange, TrustedWorkloads, TrustedWorkloadWithdrawal

urlpatterns: list[URLPattern] = [
    path("me", Me.as_view(), name="me"),
    path("people", People.as_view(), name="people"),
    path("roles", Roles.as_view(), name="roles"),
    path("roles/<uuid:pk>:withdraw", RoleWithdrawal.as_view(), name="role-withdraw"),
    path("teams", organisation.Teams.as_view(), name="teams"),
    path("teams/<slug:slug>", organisation.TeamBySlug.as_view(), name="team"),
    path("services", organisation.Services.as_view(), name="services"),
    path("services/<slug:slug>", organisation.ServiceBySlug.as_view(), name="service"),
    path("environments", organisation.Environments.as_view(), name="environments"),
    path("environments/<slug:slug>", organisation.EnvironmentBySlug.as_view(), name="environment"),
    path("tokens", Tokens.as_view(), name="tokens"),
    path("tokens/<uuid:pk>:rotate", TokenRotation.as_view(), name="token-rotate"),
    path("tokens/<uuid:pk>:revoke", TokenRevocation.as_view(), name="token-revoke"),
    path("auth/token", TokenExchange.as_view(), name="auth-token"),
    path("group-mappings", GroupMappings.as_view(), name="group-mappings"),
    path("group-mappings/<uuid:pk>:remove", GroupMappingRemoval.as_view(), name="group-mapping-remove"),
    path("trusted-workloads", TrustedWorkloads.as_view(), name="trusted-workloads"),
    path("trusted-workloads/<uuid:pk>:withdraw", TrustedWorkloadWithdrawal.as_view(), name="trusted-workload-withdraw"),
]
