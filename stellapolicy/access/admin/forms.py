"""What is asked of whoever issues a token, makes somebody known or gives a role."""

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from stellapolicy.access.admin.membership import people_of_tenant
from stellapolicy.access.models import User
from stellapolicy.access.roles import MACHINE_SCOPES, Role, Scope
from stellapolicy.admin import cells
from stellapolicy.kernel.actor import Actor
from stellapolicy.tenancy.models import Service, Team

_PIPELINE = (Scope.EVIDENCE_WRITE, Scope.GATE_EVALUATE, Scope.GATE_READ)
_LIFETIMES = (1, 7, 30, 90, 180, 366)
_USUAL_LIFETIME = 90


class TenantForm(forms.Form):
    """A form whose choices of rows are those of the tenant, read when somebody asks."""

    def __init__(self, posted: QueryDict | None) -> None:
        super().__init__(posted)
        for name, rows in self.choices_of_rows().items():
            field = self.fields[name]
            if isinstance(field, forms.ModelChoiceField):
                field.queryset = rows

    def choices_of_rows(self) -> dict[str, QuerySet[Model]]:
        """Return the rows each field offers."""
        return {}


class TokenForm(TenantForm):
    """What a new token may do, for whom and how long; only scopes of the one who asks are offered."""

    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        help_text=_("Where it will be used, such as ci-payments. The audit trail shows it."),
    )
    user = forms.ModelChoiceField(
        label=_("Speaks for"),
        queryset=User.objects.none(),
        empty_label=_("choose a person"),
        help_text=_("It never holds more than this person does."),
    )
    scopes = forms.MultipleChoiceField(
        label=_("May"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("A pipeline needs evidence:write, gate:evaluate and gate:read."),
    )
    service = forms.ModelChoiceField(
        label=_("Only for the service"), queryset=Service.objects.none(), required=False, empty_label=_("every service")
    )
    lifetime = forms.TypedChoiceField(
        label=_("Ends after"),
        coerce=int,
        initial=_USUAL_LIFETIME,
        choices=[(days, _("%(days)d days") % {"days": days} if days > 1 else _("1 day")) for days in _LIFETIMES],
    )

    def __init__(self, posted: QueryDict | None, *, actor: Actor) -> None:
        super().__init__(posted)
        held = [scope.value for scope in Scope if actor.holds_for(scope, None) or scope in MACHINE_SCOPES]
        scopes = self.fields["scopes"]
        if isinstance(scopes, forms.MultipleChoiceField):
            scopes.choices = [(scope, scope) for scope in held]
        scopes.initial = [scope.value for scope in _PIPELINE if scope.value in held]

    def choices_of_rows(self) -> dict[str, QuerySet[Model]]:
        """Return the people and services of the tenant."""
        return {"user": people_of_tenant().filter(is_active=True), "service": Service.objects.order_by("slug")}


class RoleForm(TenantForm):
    """Which role, and for what."""

    role = forms.ChoiceField(
        label=_("Role"),
        choices=[(role.value, cells.spoken(role.value)) for role in Role],
        help_text=_("Its page lists the scopes it brings."),
    )
    team = forms.ModelChoiceField(
        label=_("Only for the services of"),
        queryset=Team.objects.none(),
        required=False,
        empty_label=_("the whole tenant"),
    )
    service = forms.ModelChoiceField(
        label=_("Only for the service"), queryset=Service.objects.none(), required=False, empty_label=_("no single one")
    )

    def choices_of_rows(self) -> dict[str, QuerySet[Model]]:
        """Return the teams and services of the tenant."""
        return {"team": Team.objects.order_by("slug"), "service": Service.objects.order_by("slug")}

    def clean(self) -> dict[str, object]:
        """Refuse a role for a team and a service at once."""
        asked = super().clean() or {}
        if asked.get("team") and asked.get("service"):
            raise ValidationError(_("Choose a team or a service, not both."))
        return asked


class PersonForm(RoleForm):
    """Who it is, and their first role."""

    username = forms.CharField(label=_("Signs in as"), max_length=150)
    full_name = forms.CharField(label=_("Name"), max_length=150, required=False)
    email = forms.EmailField(label=_("E-mail"), required=False)
    password = forms.CharField(
        label=_("First password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least twelve characters; they can change it. Empty: they cannot sign in with a password."),
    )
    field_order = ["username", "full_name", "email", "password", "role", "team", "service"]
