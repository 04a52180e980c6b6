"""What lists of exceptions may be narrowed to."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import django_filters
from django.core.validators import MaxValueValidator, MinValueValidator
from rest_framework.exceptions import ValidationError

from exceptions.models import ExceptionApplication, PolicyException
from exceptions.models.choices import choices_of
from exceptions.models.exception import PolicyExceptionQuerySet
from exceptions.rules.vocabulary import ExceptionType, Level, Reason, State
from exceptions.selectors import queues
from stellapolicy.api.choices import ChoiceFilter, MultipleChoiceFilter
from stellapolicy.api.filters import InstantFilter
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import now
from stellapolicy.kernel.identity import canonical_id
from stellapolicy.kernel.severity import Severity

_STATES = [(one.value, one.value) for one in State] + [(alias, alias) for alias in sorted(queues.ALIASES)]
_LONGEST = 365
_ONE_OR_SEVERAL = "One or several."

Rows = PolicyExceptionQuerySet


class ExceptionFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter is untyped
    """Exceptions by how they stand now, what they say, whom they concern, and what is wrong with them."""

    state = MultipleChoiceFilter(
        choices=_STATES,
        method="in_state",
        label="One or several, as they are now; `draft` and `pending_review` are other words for proposed.",
    )
    severity = MultipleChoiceFilter(choices=choices_of(Severity), label=_ONE_OR_SEVERAL)
    level = MultipleChoiceFilter(choices=choices_of(Level), label=_ONE_OR_SEVERAL)
    type = ChoiceFilter(choices=choices_of(ExceptionType))
    reason = ChoiceFilter(choices=choices_of(Reason))
    owner = django_filters.CharFilter(field_name="owner_team__slug", label="Slug of the team that answers for it.")
    requester = django_filters.CharFilter(field_name="person", label="Who asked: `user:` and a name.")
    vulnerability = django_filters.CharFilter(
        method="naming",
        label="Those that name exactly this id; other names of the same vulnerability are not looked up.",
    )
    purl = django_filters.CharFilter(
        method="about",
        label="A package URL: those that name this package, whatever the version, or have a pattern of its type that "
        "may cover it. With `*` or `?`: those with exactly this pattern.",
    )
    service = django_filters.CharFilter(method="of_service", label="Slug: those whose scope names this service.")
    environment = django_filters.CharFilter(method="of_environment", label="Slug: those whose scope names it.")
    expiring_within = django_filters.NumberFilter(
        method="ending",
        validators=[MinValueValidator(0), MaxValueValidator(_LONGEST)],
        label="Days: those in force that end in this time.",
    )
    applies = django_filters.BooleanFilter(method="applying", label="Only those that change verdicts now.")
    unused = django_filters.BooleanFilter(method="without_use", label="In force for a month, and needed by nothing.")
    over_broad = django_filters.BooleanFilter(method="too_broad", label="More than 25 artifacts or 3 services.")
    mine_to_decide = django_filters.BooleanFilter(method="of_mine", label="Only those you could approve now.")
    questions_for_me = django_filters.BooleanFilter(
        method="asking_me", label="Yours that ask you something: changes, an answer, or whether it is still needed."
    )

    class Meta:
        model = PolicyException
        fields: list[str] = []

    @property
    def _actor(self) -> Actor:
        actor: Actor = self.request.actor
        return actor

    def in_state(self, rows: Rows, _name: str, value: Sequence[str]) -> Rows:
        """Return those in the states as they are now."""
        return queues.standing_in(rows, {queues.ALIASES.get(each) or State(each) for each in value}, at=now())

    def naming(self, rows: Rows, _name: str, value: str) -> Rows:
        """Return those that name a vulnerability."""
        return rows.filter(vulnerabilities__contains=[canonical_id(value)])

    def about(self, rows: Rows, _name: str, value: str) -> Rows:
        """Return those about a package."""
        try:
            return queues.about_package(rows, value)
        except ValueError as mistake:
            raise ValidationError({"purl": [str(mistake)]}) from None

    def of_service(self, rows: Rows, _name: str, value: str) -> Rows:
        """Return those that name a service."""
        return rows.filter(services__contains=[value])

    def of_environment(self, rows: Rows, _name: str, value: str) -> Rows:
        """Return those that name an environment."""
        return rows.filter(environments__contains=[value])

    def ending(self, rows: Rows, _name: str, value: Any) -> Rows:  # noqa: ANN401 - of the library
        """Return those that end soon."""
        return rows.expiring(within=timedelta(days=float(value)), at=now())

    def applying(self, rows: Rows, _name: str, value: Any) -> Rows:  # noqa: ANN401 - of the library
        """Return those that apply, or the others."""
        return _either(rows, rows.in_force(at=now()), value)

    def without_use(self, rows: Rows, _name: str, value: Any) -> Rows:  # noqa: ANN401 - of the library
        """Return those nothing needs, or the others."""
        return _either(rows, rows.unused(at=now()), value)

    def too_broad(self, rows: Rows, _name: str, value: Any) -> Rows:  # noqa: ANN401 - of the library
        """Return those that cover a lot, or the others."""
        return _either(rows, rows.over_broad(), value)

    def of_mine(self, rows: Rows, _name: str, value: Any) -> Rows:  # noqa: ANN401 - of the library
        """Return those that wait for whoever asks, or the others."""
        narrow = queues.waiting_for if value else queues.not_waiting_for
        return narrow(rows, self._actor, at=now())

    def asking_me(self, rows: Rows, _name: str, value: Any) -> Rows:  # noqa: ANN401 - of the library
        """Return those with a question to whoever asks, or the others."""
        return _either(rows, queues.asking(rows, self._actor.person), value)


class ApplicationFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter is untyped
    """Applications by where and when; `since` inclusive, `until` exclusive."""

    environment = django_filters.CharFilter(label="Slug of the environment.")
    artifact_digest = django_filters.CharFilter(label="`sha256:` and 64 hexadecimal digits.")
    since = InstantFilter(field_name="at", lookup_expr="gte")
    until = InstantFilter(field_name="at", lookup_expr="lt")

    class Meta:
        model = ExceptionApplication
        fields: list[str] = []


def _either(rows: Rows, wanted: Rows, value: object) -> Rows:
    return wanted if value else rows.exclude(pk__in=wanted.order_by().values("pk"))
