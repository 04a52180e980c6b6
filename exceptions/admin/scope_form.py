"""The plain fields that say what an exception is about, and the scope they come to."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from exceptions.matching.scope import PackageScope, Scope, read_scope
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.refusals import Fault
from stellapolicy.tenancy.models import Environment, Service

LINES: Final = {"rows": 2, "class": "st-input st-code", "spellcheck": "false", "autocapitalize": "off"}
_LONGEST: Final = 50_000
_LISTS: Final = ("vulnerabilities", "packages", "digests", "artifacts", "labels", "rules")
SCOPE_FIELDS: Final = (
    *("vulnerabilities", "packages", "services", "environments"),
    *("rules", "digests", "artifacts", "labels"),
)


def lines_field(label: Any, help_text: Any) -> forms.CharField:  # noqa: ANN401 - lazy texts, as forms take them
    """Return a field of one value a line."""
    return forms.CharField(
        label=label, help_text=help_text, required=False, max_length=_LONGEST, widget=forms.Textarea(attrs=dict(LINES))
    )


class ScopeForm(forms.Form):
    """What an exception is about; at least a vulnerability, a package or a rule."""

    vulnerabilities = lines_field(_("Vulnerabilities"), _("One a line: CVE-2021-44228, GHSA-jfh8-c2jp-5v3q."))
    packages = lines_field(
        _("Packages"),
        _("One a line, a range after a blank: pkg:maven/org.apache.logging.log4j/log4j-core vers:maven/>=2.0|<2.15"),
    )
    services = forms.ModelMultipleChoiceField(
        label=_("Services"),
        queryset=Service.objects.none(),
        required=False,
        to_field_name="slug",
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: every service, and people of the whole tenant decide."),
    )
    environments = forms.ModelMultipleChoiceField(
        label=_("Environments"),
        queryset=Environment.objects.none(),
        required=False,
        to_field_name="slug",
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: every environment, production included."),
    )
    rules = lines_field(_("Policy rules"), _("One a line: baseline.no_critical; stars are allowed."))
    digests = lines_field(_("Artifacts by digest"), _("One a line: sha256:… The exception ends with the build."))
    artifacts = lines_field(_("Artifacts by name"), _("One a line; stars are allowed: registry.example/shop/*"))
    labels = lines_field(_("Artifacts by label"), _("One a line: team=shop. An artifact carries all of them."))

    def __init__(self, data: QueryDict | None, *, initial: Mapping[str, object] | None = None) -> None:
        super().__init__(data, initial=dict(initial or {}))
        rows: dict[str, QuerySet[Model]] = {
            "services": Service.objects.order_by("slug"),
            "environments": Environment.objects.order_by("slug"),
        }
        for name, choices in rows.items():
            field = self.fields[name]
            if isinstance(field, forms.ModelMultipleChoiceField):
                field.queryset = choices

    def clean(self) -> dict[str, Any]:
        """Read the scope; every mistake is shown at its field."""
        said = super().clean() or {}
        faults: list[Fault] = []
        said["scope"] = read_scope(scope_document(said), faults=faults, pointer="")
        self.show(faults)
        return said

    def show(self, faults: Iterable[Fault]) -> None:
        """Show mistakes at the fields they are about; what is about no field stands above them all."""
        for fault in faults:
            name = next((step for step in fault.pointer.split("/") if step in self.fields), None)
            self.add_error(name, ValidationError(fault.message, code=fault.code))


def scope_document(said: Mapping[str, Any]) -> dict[str, JsonValue]:
    """Return what somebody wrote into the fields, as the document that a client would send."""
    lists = {name: [line.strip() for line in str(said.get(name) or "").splitlines() if line.strip()] for name in _LISTS}
    return {
        "vulnerabilities": list(lists["vulnerabilities"]),
        "packages": [_package(line) for line in lists["packages"]],
        "digests": list(lists["digests"]),
        "artifacts": list(lists["artifacts"]),
        "labels": {name.strip(): value.strip() for name, _, value in (line.partition("=") for line in lists["labels"])},
        "services": [row.slug for row in said.get("services") or ()],
        "environments": [row.slug for row in said.get("environments") or ()],
        "rules": list(lists["rules"]),
    }


def written(scope: Scope) -> dict[str, object]:
    """Return a scope the way it is written into the fields."""
    return {
        "vulnerabilities": "\n".join(scope.vulnerabilities),
        "packages": "\n".join(map(_written_package, scope.packages)),
        "digests": "\n".join(scope.digests),
        "artifacts": "\n".join(scope.artifacts),
        "labels": "\n".join(f"{name}={value}" for name, value in scope.labels),
        "services": list(scope.services),
        "environments": list(scope.environments),
        "rules": "\n".join(scope.rules),
    }


def _package(line: str) -> JsonValue:
    pattern, _, versions = line.partition(" ")
    return {"pattern": pattern, "versions": versions.strip()} if versions.strip() else pattern


def _written_package(package: PackageScope) -> str:
    return f"{package.pattern} {package.versions}".strip()
