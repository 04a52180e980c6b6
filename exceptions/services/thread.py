"""The discussion of an exception: comments, questions to whoever asked, and their answers."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from exceptions.errors import CommentMissing
from exceptions.models import ExceptionComment, PolicyException
from exceptions.models.story import CommentKind
from exceptions.selectors import held_exception
from exceptions.services.request import changed
from exceptions.services.story import tell
from stellapolicy.access.roles import Scope
from stellapolicy.kernel.actor import Actor

_TOLD = {
    CommentKind.COMMENT: "exception.commented",
    CommentKind.QUESTION: "exception.question_asked",
    CommentKind.ANSWER: "exception.question_answered",
}


@transaction.atomic
def say(*, actor: Actor, pk: UUID, text: str, kind: CommentKind, at: datetime) -> ExceptionComment:
    """Add a line to the thread of an exception that the actor may see; a line never changes.

    An answer of whoever asked for the exception, or may ask for one like it, also answers that it is still needed,
    where the product asked that: whoever asked may be gone.
    """
    exception = held_exception(actor, pk)
    if not text.strip():
        raise CommentMissing("there is nothing to add")
    line = ExceptionComment(
        exception=exception, kind=kind, author=actor.subject, person=actor.person, text=text.strip(), at=at
    )
    line.save(force_insert=True)
    if kind is CommentKind.ANSWER and exception.owner_asked_at is not None and _may_answer(exception, actor):
        exception.owner_asked_at, exception.owner_answered_at = None, at
    changed(exception)
    tell(exception, actor, _TOLD[kind], at=at, details={"comment": str(line.pk)})
    return line


def _may_answer(exception: PolicyException, actor: Actor) -> bool:
    services = exception.service_ids or (None,)
    return exception.person == actor.person or all(actor.holds_for(Scope.EXCEPTION_WRITE, one) for one in services)
