"""The one admin site: every active person may sign in, and what they find there comes from their roles."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Model
from django.db.models.base import ModelBase
from django.forms import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from stellapolicy.admin.base import PageAdmin
from stellapolicy.admin.shim import AdminSite, SignInForm


class PersonSignInForm(SignInForm):
    """Sign-in of a person; Django's mark `is_staff` means nothing here."""

    error_messages = {
        **SignInForm.error_messages,
        "invalid_login": _("This name and password do not belong together. Capitals matter in both."),
    }

    def confirm_login_allowed(self, user: AbstractBaseUser) -> None:
        """Refuse a person who was disabled."""
        if not user.is_active:
            raise ValidationError(self.error_messages["inactive"], code="inactive")


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

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether somebody is signed in; every page asks for its own permission besides."""
        return request.user.is_active
