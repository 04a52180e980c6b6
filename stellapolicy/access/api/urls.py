"""Addresses of people and tokens, below `/api/v1/`."""

from django.urls import URLPattern, path

from stellapolicy.access.api.views import Me, TokenRevocation, TokenRotation, Tokens

urlpatterns: list[URLPattern] = [
    path("me", Me.as_view(), name="me"),
    path("tokens", Tokens.as_view(), name="tokens"),
    path("tokens/<uuid:pk>:rotate", TokenRotation.as_view(), name="token-rotate"),
    path("tokens/<uuid:pk>:revoke", TokenRevocation.as_view(), name="token-revoke"),
]
