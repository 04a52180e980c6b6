"""Which undecided requests ask for the same already: all of it, or a part of nothing but it."""

from typing import Final

from django.db.models import Q

from exceptions.matching.scope import Scope, narrower
from exceptions.models import PolicyException
from exceptions.models.exception import PolicyExceptionQuerySet
from exceptions.rules.vocabulary import ExceptionType
from exceptions.selectors.queues import brief

MOST_LOOKED_AT: Final = 100
_PLACES: Final = ("vulnerabilities", "environments", "services")


def asked_already(scope: Scope, *, type: ExceptionType, among: PolicyExceptionQuerySet) -> list[PolicyException]:  # noqa: A002 - a word of the domain
    """Return the undecided of which one scope provably says all that the other says, the oldest first; one read."""
    near = brief(among).undecided().filter(type=type.value)
    for field in _PLACES:
        named = list(getattr(scope, field))
        if named:
            near = near.filter(Q(**{f"{field}__overlap": named}) | Q(**{field: []}))
    rows = near.order_by("created_at", "id")[:MOST_LOOKED_AT]
    return [row for row in rows if row.asked is not None and _says_the_same(scope, row.asked.selector())]


def _says_the_same(ours: Scope, theirs: Scope) -> bool:
    return narrower(ours, theirs) or narrower(theirs, ours)
