"""Addresses of pages at which people sign in, from the root; they stand before those of the admin."""

from django.urls import URLPattern, path

from stellapolicy.access.admin.provider import BeginSignIn, FinishSignIn
from stellapolicy.access.admin.reauthentication import reauthenticate
from stellapolicy.access.reauthentication import ADDRESS

root_urlpatterns: list[URLPattern] = [
    path("oidc/authenticate/", BeginSignIn.as_view(), name="oidc_authentication_init"),
    path("oidc/callback/", FinishSignIn.as_view(), name="oidc_authentication_callback"),
    path(ADDRESS.lstrip("/"), reauthenticate, name="reauthenticate"),
]
