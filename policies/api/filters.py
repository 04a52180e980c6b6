"""What lists of evidence and packs may be narrowed to; instants are RFC 3339, `since` inclusive, `until` exclusive."""

import django_filters

from policies.models import Artifact, PackRevision, Snapshot, SnapshotFinding
from policies.models.pack import RevisionState
from stellapolicy.api.filters import InstantFilter
from stellapolicy.kernel.severity import Severity

_SEVERITIES = [(severity.value, severity.value) for severity in Severity]


class ArtifactFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter is untyped
    """Artifacts by digest, name, service and when they were first heard of."""

    digest = django_filters.CharFilter(label="`sha256:` and 64 hexadecimal digits.")
    name = django_filters.CharFilter(label="The whole name.")
    name_prefix = django_filters.CharFilter(field_name="name", lookup_expr="startswith", label="How the name begins.")
    service = django_filters.CharFilter(field_name="service__slug", label="Slug of the service it belongs to.")
    since = InstantFilter(field_name="first_seen_at", lookup_expr="gte")
    until = InstantFilter(field_name="first_seen_at", lookup_expr="lt")

    class Meta:
        model = Artifact
        fields: list[str] = []


class SnapshotFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter is untyped
    """Snapshots by artifact, service and when they were composed."""

    artifact = django_filters.CharFilter(field_name="artifact__digest", label="Digest of the artifact.")
    service = django_filters.CharFilter(field_name="artifact__service__slug", label="Slug of the service.")
    since = InstantFilter(field_name="created_at", lookup_expr="gte")
    until = InstantFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Snapshot
        fields: list[str] = []


class FindingFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter is untyped
    """Findings of a snapshot by what they are, where and how severe."""

    severity = django_filters.MultipleChoiceFilter(choices=_SEVERITIES, label="One or several.")
    kind = django_filters.CharFilter(label="Kind of finding, such as `vulnerability`.")
    identifier = django_filters.CharFilter(label="CVE, rule or licence.")
    purl = django_filters.CharFilter(label="Package URL, whole.")

    class Meta:
        model = SnapshotFinding
        fields: list[str] = []


class RevisionFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter is untyped
    """Revisions of a pack by state and content."""

    state = django_filters.ChoiceFilter(choices=RevisionState.choices)
    digest = django_filters.CharFilter(label="Digest of the canonical program.")

    class Meta:
        model = PackRevision
        fields: list[str] = []
