"""What people look through: exceptions as they stand now, those that wait for somebody, open questions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Exists, OuterRef, Q

from exceptions.matching.first_look import finding_keys
from exceptions.matching.patterns import package_of, read_pattern
from exceptions.models import ExceptionComment, PolicyException
from exceptions.models.exception import PolicyExceptionQuerySet
from exceptions.models.story import CommentKind
from exceptions.rules.vocabulary import IN_FORCE, UNDECIDED, State
from exceptions.selectors import KIND
from stellapolicy.governance.selectors import mine_to_decide
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.globs import is_glob

# What other tools call the state of a request that nobody has decided.
ALIASES: Final = {"draft": State.PROPOSED, "pending_review": State.PROPOSED}
MOST_IN_GROUP: Final = 50

# Every vulnerability that undecided exceptions name, with the oldest of these; ours is the text, theirs the values.
_GROUPS = """
    SELECT named.vulnerability, count(*), (array_agg(named.id ORDER BY named.created_at, named.id))[1:%s]
    FROM (SELECT id, created_at, unnest(vulnerabilities) AS vulnerability FROM ({rows}) AS shown) AS named
    WHERE named.vulnerability > %s
    GROUP BY named.vulnerability ORDER BY named.vulnerability LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class VulnerabilityGroup:
    """The undecided requests that name one vulnerability: how many, and the oldest of them."""

    vulnerability: str
    count: int
    exceptions: tuple[PolicyException, ...]


def standing_in(rows: PolicyExceptionQuerySet, states: Iterable[State], *, at: datetime) -> PolicyExceptionQuerySet:
    """Return those in one of the states as it is at the instant, whether or not a worker has recorded it."""
    wanted = Q(pk__in=[])
    for state in states:
        wanted |= stands(state, at=at)
    return rows.filter(wanted)


def stands(state: State, *, at: datetime) -> Q:
    """Return the condition of being in a state as it is at the instant."""
    match state:
        case State.EXPIRED:
            return Q(state=state) | Q(state__in=IN_FORCE, expires_at__lte=at)
        case State.APPROVED:
            return Q(state=state, starts_at__gt=at)
        case State.ACTIVE:
            return Q(state=state, expires_at__gt=at) | Q(state=State.APPROVED, starts_at__lte=at, expires_at__gt=at)
        case State.REVALIDATION_REQUIRED:
            return Q(state=state, expires_at__gt=at)
        case _:
            return Q(state=state)


def waiting_for(rows: PolicyExceptionQuerySet, actor: Actor, *, at: datetime) -> PolicyExceptionQuerySet:
    """Return those whose newest terms the actor could approve now."""
    return rows.filter(asked__in=_terms_to_decide(actor, at=at))


def not_waiting_for(rows: PolicyExceptionQuerySet, actor: Actor, *, at: datetime) -> PolicyExceptionQuerySet:
    """Return the others."""
    return rows.exclude(asked__in=_terms_to_decide(actor, at=at))


def asking(rows: PolicyExceptionQuerySet, person: str) -> PolicyExceptionQuerySet:
    """Return those somebody asked for that ask something of them: changes, an answer, or whether it is needed."""
    said = ExceptionComment.objects.filter(exception=OuterRef("exception"), kind=CommentKind.ANSWER, person=person)
    questions = ExceptionComment.objects.filter(exception=OuterRef("pk"), kind=CommentKind.QUESTION)
    is_open = Exists(questions.exclude(person=person).exclude(Exists(said.filter(at__gte=OuterRef("at")))))
    asks = Q(state=State.CHANGES_REQUESTED) | Q(owner_asked_at__isnull=False) | is_open
    return rows.filter(asks, person=person, state__in=(*IN_FORCE, *UNDECIDED))


def about_package(rows: PolicyExceptionQuerySet, text: str) -> PolicyExceptionQuerySet:
    """Return those about a package, whatever its version, with patterns of its type; or those with one very pattern.

    Raises ValueError for what is neither a package URL nor a pattern.
    """
    if is_glob(text):
        pattern = [{"pattern": read_pattern(text).text}]
        pending = Q(terms=None, asked__scope__packages__contains=pattern)
        return rows.filter(Q(terms__scope__packages__contains=pattern) | pending)
    if package_of(text) is None:
        raise ValueError(f"{text[:80]!r} is neither a package URL nor a pattern")
    return rows.filter(packages__overlap=sorted(finding_keys([text])))


def undecided_groups(rows: PolicyExceptionQuerySet, *, after: str, count: int) -> list[VulnerabilityGroup]:
    """Return so many groups of the undecided among the rows, by vulnerability after a given one; two reads."""
    found = _found_groups(rows.undecided(), after=after, count=count)
    wanted = {pk for _, _, keys in found for pk in keys}
    known = {row.pk: row for row in brief(rows).filter(pk__in=wanted)}
    return [VulnerabilityGroup(name, number, tuple(known[pk] for pk in keys)) for name, number, keys in found]


def brief(rows: PolicyExceptionQuerySet) -> PolicyExceptionQuerySet:
    """Return the rows as lists show them: with their terms, without the facts that were seen."""
    heavy = ("seen", "counts", "steps", "conditions")
    return rows.with_terms().defer(*(f"{terms}__{field}" for terms in ("terms", "asked") for field in heavy))


def _found_groups(rows: PolicyExceptionQuerySet, *, after: str, count: int) -> Sequence[tuple[str, int, list[UUID]]]:
    plain = rows.select_related(None).order_by().values("id", "created_at", "vulnerabilities")
    try:
        sql, values = plain.query.sql_with_params()
    except EmptyResultSet:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_GROUPS.format(rows=sql), [MOST_IN_GROUP, *values, after, count])
        return [(str(name), int(number), list(keys)) for name, number, keys in cursor.fetchall()]


def _terms_to_decide(actor: Actor, *, at: datetime) -> list[UUID]:
    return [UUID(request.target_id) for request in mine_to_decide(actor, at=at) if request.kind == KIND]
