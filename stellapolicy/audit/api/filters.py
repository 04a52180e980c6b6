"""What the audit trail may be narrowed to."""

import django_filters

from stellapolicy.api.filters import InstantFilter
from stellapolicy.audit.models import Entry


class EntryFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter is untyped
    """Filters of the audit trail; instants are RFC 3339, `since` inclusive and `until` exclusive."""

    since = InstantFilter(field_name="at", lookup_expr="gte")
    until = InstantFilter(field_name="at", lookup_expr="lt")

    class Meta:
        model = Entry
        fields = ("action", "actor", "target_type", "target_id", "request_id")
