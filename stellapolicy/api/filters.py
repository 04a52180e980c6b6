"""Filters of lists that take what any caller may send."""

from datetime import UTC, datetime
from typing import Any

import django_filters
from django.core.exceptions import ValidationError
from django_filters.fields import IsoDateTimeField


class InstantField(IsoDateTimeField):  # type: ignore[misc]  # django-filter is untyped
    """An instant in RFC 3339, taken to UTC: the database reads no zone more than 16 hours away."""

    def clean(self, value: Any) -> datetime | None:  # noqa: ANN401 - what somebody sent
        """Return the instant in UTC; refuses one that has no place in the calendar there."""
        instant: datetime | None = super().clean(value)
        try:
            return None if instant is None else instant.astimezone(UTC)
        except OverflowError:
            raise ValidationError("outside the years 1 to 9999", code="invalid") from None


class InstantFilter(django_filters.IsoDateTimeFilter):  # type: ignore[misc]  # django-filter is untyped
    """Narrows a list by an instant."""

    field_class = InstantField
