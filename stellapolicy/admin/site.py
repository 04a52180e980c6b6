"""The one admin site: every active person may sign in, and what they find there comes from their roles."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Model
from django.db.models.base import ModelBase
from django.forms import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from stellapolicy.admin.base import PageAdmin
from stellapolicy.admin.shim import AdminSite, SignInForm


class PersonSignInForm(SignInForm):
    """Sign-in of a person; Django's mark `is_staff` means nothing here."""

    error_messages = {
        **SignInForm.error_messages,
        "invalid_login": _("This name and password do not belong together. Capitals matter in both."),
        "locked": _(
            "Too many wrong passwords: this name is locked from your address for %(minutes)d minutes. "
            "An administrator can unlock it sooner."
        ),
        "uncounted": _("Nobody can sign in with a password at the moment. Try again in a minute."),
    }

    def confirm_login_allowed(self, user: AbstractBaseUser) -> None:
        """Refuse a person who was disabled."""
        if not user.is_active:
            raise ValidationError(self.error_messages["inactive"], code="inactive")

    def get_invalid_login_error(self) -> ValidationError:
        """Return why the password was not accepted, or not even looked at."""
        if getattr(self.request, "axes_locked_out", False):
            minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
            return ValidationError(self.error_messages["locked"], code="locked", params={"minutes": minutes})
        if getattr(self.request, "axes_uncounted", False):
            return ValidationError(self.error_messages["uncounted"], code="uncounted")
        return super().get_invalid_login_error()


class StellaSite(AdminSite):
    """Takes pages of ours only: what libraries bring (groups, tokens, schedules) would be a door past the services."""

    login_form = PersonSignInForm
    index_title = _("Overview")

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: type[Any] | None = None,  # Any: Django's own signature
        **options: object,
    ) -> None:
        """Register a page of ours, or leave a library's aside."""
        if admin_class is None or not issubclass(admin_class, PageAdmin):
            return
        models = [model_or_iterable] if isinstance(model_or_iterable, ModelBase) else model_or_iterable
        super().register(models, admin_class, **options)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Answer with the sign-in page: a password, the identity provider, or both, as the installation has it."""
        offered = {
            "password_sign_in": settings.LOCAL_PASSWORD_SIGN_IN,
            "provider_sign_in": bool(settings.OIDC_ISSUER),
            "provider_next": request.GET.get(REDIRECT_FIELD_NAME, ""),
        }
        return super().login(request, {**offered, **(extra_context or {})})

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether somebody is signed in; every page asks for its own permission besides."""
        return request.user.is_active
