"""The saved queues of exceptions: what waits for the reader, what ends soon, what should not be there."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from exceptions.models.exception import SOON, PolicyExceptionQuerySet
from exceptions.rules.vocabulary import IN_FORCE, UNDECIDED, State
from exceptions.selectors.queues import asking, standing_in, waiting_for
from exceptions.selectors.statistics import shadowed_ids
from stellapolicy.kernel.actor import Actor


class Queue(StrEnum):
    """What a reviewer opens the list for."""

    MINE = "mine_to_decide"
    QUESTIONS = "questions_for_me"
    ASKED = "asked_by_me"
    EXPIRING = "expiring"
    REVALIDATION = "revalidation_required"
    UNUSED = "unused"
    OVER_BROAD = "over_broad"
    SHADOWED = "shadowed"


TITLES: Final[Mapping[Queue, StrOrPromise]] = {
    Queue.MINE: _("Mine to decide"),
    Queue.QUESTIONS: _("Questions for me"),
    Queue.ASKED: _("Asked by me"),
    Queue.EXPIRING: _("Ending in 14 days"),
    Queue.REVALIDATION: _("To approve anew"),
    Queue.UNUSED: _("Unused"),
    Queue.OVER_BROAD: _("Over-broad"),
    Queue.SHADOWED: _("Shadowed"),
}


def narrowed(rows: PolicyExceptionQuerySet, queue: Queue, *, actor: Actor, at: datetime) -> PolicyExceptionQuerySet:
    """Return the exceptions of a queue, judged as of an instant."""
    return _QUEUES[queue](rows, actor, at)


def _mine(rows: PolicyExceptionQuerySet, actor: Actor, at: datetime) -> PolicyExceptionQuerySet:
    return waiting_for(rows, actor, at=at)


def _questions(rows: PolicyExceptionQuerySet, actor: Actor, _at: datetime) -> PolicyExceptionQuerySet:
    return asking(rows, actor.person)


def _asked(rows: PolicyExceptionQuerySet, actor: Actor, _at: datetime) -> PolicyExceptionQuerySet:
    return rows.filter(person=actor.person)


def _expiring(rows: PolicyExceptionQuerySet, _actor: Actor, at: datetime) -> PolicyExceptionQuerySet:
    return rows.expiring(within=SOON, at=at)


def _revalidation(rows: PolicyExceptionQuerySet, _actor: Actor, at: datetime) -> PolicyExceptionQuerySet:
    return standing_in(rows, [State.REVALIDATION_REQUIRED], at=at)


def _unused(rows: PolicyExceptionQuerySet, _actor: Actor, at: datetime) -> PolicyExceptionQuerySet:
    return rows.unused(at=at)


def _over_broad(rows: PolicyExceptionQuerySet, _actor: Actor, at: datetime) -> PolicyExceptionQuerySet:
    return standing_in(rows.over_broad(), (*UNDECIDED, *IN_FORCE), at=at)


def _shadowed(rows: PolicyExceptionQuerySet, _actor: Actor, at: datetime) -> PolicyExceptionQuerySet:
    return rows.filter(pk__in=shadowed_ids(at=at))


_QUEUES: Final[Mapping[Queue, Callable[[PolicyExceptionQuerySet, Actor, datetime], PolicyExceptionQuerySet]]] = {
    Queue.MINE: _mine,
    Queue.QUESTIONS: _questions,
    Queue.ASKED: _asked,
    Queue.EXPIRING: _expiring,
    Queue.REVALIDATION: _revalidation,
    Queue.UNUSED: _unused,
    Queue.OVER_BROAD: _over_broad,
    Queue.SHADOWED: _shadowed,
}
