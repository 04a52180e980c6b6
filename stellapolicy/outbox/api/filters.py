"""What lists of events, webhooks, attempts and notifications may be narrowed to."""

import django_filters
from django.db.models import QuerySet

from stellapolicy.api.filters import InstantFilter
from stellapolicy.outbox.models import AttemptOutcome, Notification, OutboxEvent, WebhookDelivery, WebhookSubscription


class EventFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter is untyped
    """Events by name, subject and time; instants are RFC 3339, `since` inclusive and `until` exclusive."""

    name = django_filters.CharFilter(label="The whole name.")
    subject = django_filters.CharFilter(label="What it happened to.")
    since = InstantFilter(field_name="occurred_at", lookup_expr="gte")
    until = InstantFilter(field_name="occurred_at", lookup_expr="lt")

    class Meta:
        model = OutboxEvent
        fields: list[str] = []


class WebhookFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter is untyped
    """Webhooks by state."""

    state = django_filters.ChoiceFilter(choices=[("active", "active"), ("paused", "paused")])

    class Meta:
        model = WebhookSubscription
        fields: list[str] = []


class AttemptFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter is untyped
    """Attempts by how they went."""

    outcome = django_filters.ChoiceFilter(choices=AttemptOutcome.choices)

    class Meta:
        model = WebhookDelivery
        fields: list[str] = []


class InboxFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter is untyped
    """Notifications by whether they were read."""

    unread = django_filters.BooleanFilter(method="of_unread", label="Only those not read yet, or only the others.")

    class Meta:
        model = Notification
        fields: list[str] = []

    def of_unread(self, rows: QuerySet[Notification], _name: str, value: object) -> QuerySet[Notification]:
        """Return those that were not read, or the others."""
        return rows.filter(read_at__isnull=bool(value))
