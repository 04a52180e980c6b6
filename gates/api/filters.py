"""What lists of decisions can be narrowed to."""

from django_filters import rest_framework as filters

from gates.models import Decision, GateDecision
from stellapolicy.api.filters import InstantFilter


class DecisionFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter is untyped
    """Decisions by artifact, environment, answer and time."""

    artifact = filters.CharFilter(field_name="artifact__digest", label="Digest of the artifact.")
    environment = filters.CharFilter(field_name="environment__slug", label="Name of the environment.")
    decision = filters.ChoiceFilter(choices=Decision.choices)
    since = InstantFilter(field_name="created_at", lookup_expr="gte", label="Made at or after.")
    until = InstantFilter(field_name="created_at", lookup_expr="lt", label="Made before.")

    class Meta:
        model = GateDecision
        fields: list[str] = []
