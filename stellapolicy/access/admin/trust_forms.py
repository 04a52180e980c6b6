"""What is asked of whoever trusts a pipeline, or gives a role to a group."""

from django import forms
from django.core.validators import RegexValidator
from django.db.models import Model, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from stellapolicy.access import issuers
from stellapolicy.access.admin.forms import RoleForm, TenantForm
from stellapolicy.access.models.identity import LONGEST_GROUP
from stellapolicy.admin.deeds import REASON_LENGTH
from stellapolicy.tenancy.models import Service

_ONE_LINE = RegexValidator(r"^[^\x00-\x1f\x7f]+$", _("One line of text."))


class WorkloadForm(TenantForm):
    """Which repository, on which refs, for which service."""

    issuer = forms.ChoiceField(label=_("Issuer"), help_text=_("Those the installation believes."))
    repository = forms.CharField(
        label=_("Repository"), max_length=255, validators=[_ONE_LINE], help_text=_("Its name, to recognise it.")
    )
    repository_id = forms.CharField(
        label=_("Repository id"),
        max_length=255,
        validators=[_ONE_LINE],
        help_text=_(
            "GitHub's repository_id, GitLab's project_id. The id decides: a name can be taken by somebody else."
        ),
    )
    ref_pattern = forms.CharField(
        label=_("Branches and tags"),
        max_length=255,
        validators=[_ONE_LINE],
        initial="refs/heads/main",
        help_text=_("A pattern over full refs, such as refs/heads/main or refs/tags/v*."),
    )
    protected_only = forms.BooleanField(
        label=_("Only protected ones"), required=False, initial=True, widget=forms.CheckboxInput
    )
    environment = forms.CharField(
        label=_("Only into the environment"), max_length=255, required=False, help_text=_("As the provider names it.")
    )
    service = forms.ModelChoiceField(
        label=_("For the service"), queryset=Service.objects.none(), empty_label=_("choose a service")
    )

    def __init__(self, posted: QueryDict | None) -> None:
        super().__init__(posted)
        offered = self.fields["issuer"]
        if isinstance(offered, forms.ChoiceField):
            offered.choices = [(each.name, f"{each.name} ({each.issuer})") for each in issuers.configured()]

    def choices_of_rows(self) -> dict[str, QuerySet[Model]]:
        """Return the services of the tenant."""
        return {"service": Service.objects.order_by("slug")}


class MappingForm(RoleForm):
    """Which role for which group."""

    group = forms.CharField(
        label=_("Group"),
        max_length=LONGEST_GROUP,
        validators=[_ONE_LINE],
        help_text=_("As the identity provider's claim spells it."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3, "class": "st-input"}),
        help_text=_("For the second person, and the audit trail."),
    )
    field_order = ["group", "role", "team", "service", "reason"]
