"""Who checks a sign-in with a password: first whether it is locked, then the password, if passwords are used at all."""

from typing import Any

from axes.backends import AxesStandaloneBackend
from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from stellapolicy.access.models import User


class LockoutBackend(AxesStandaloneBackend):  # type: ignore[misc]  # axes is untyped
    """Stops whoever tried too many passwords; lets nobody in, and has no say where no name was given."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **more: Any,  # noqa: ANN401 - Django's signature
    ) -> None:
        """Raise PermissionDenied where the name is locked from the address."""
        if username is not None:
            super().authenticate(request, username=username, password=password, **more)


class PasswordBackend(ModelBackend):
    """Knows people by their password, unless the installation signs in through its identity provider alone."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **more: Any,  # noqa: ANN401 - Django's signature
    ) -> User | None:
        """Return whose name and password these are."""
        if not settings.LOCAL_PASSWORD_SIGN_IN:
            return None
        return super().authenticate(request, username=username, password=password, **more)
