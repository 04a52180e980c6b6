"""What the overview shows of exceptions: what waits for the reader, what ends soon, the debt, whether workers run."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from exceptions.admin.queues import Queue
from exceptions.admin.reading import readable
from exceptions.metrics import PATIENCE
from exceptions.models import PolicyException
from exceptions.models.exception import SEVERE, SOON, PolicyExceptionQuerySet
from exceptions.selectors import KIND
from exceptions.selectors.queues import asking
from stellapolicy.admin.dashboard import Panel, Tile, Tone
from stellapolicy.api.permissions import actor_of
from stellapolicy.governance.selectors import mine_to_decide


def show(request: HttpRequest, at: datetime) -> Iterable[Tile | Panel]:
    """Give up to five tiles, eight queries however much there is; nothing to whoever may not see exceptions.

    What waits for the reader is said once: where nothing but exceptions does, the tile of approvals says it.
    """
    actor = actor_of(request)
    if actor is None or not request.user.has_perm("exceptions.view_policyexception"):
        return []
    rows = readable(PolicyException.objects.all(), request)
    waiting, questions = mine_to_decide(actor, at=at), asking(rows, actor.person).count()
    mine = rows.filter(asked__in=[UUID(one.target_id) for one in waiting if one.kind == KIND]).count()
    is_said = mine == len(waiting) and request.user.has_perm("governance.view_approvalrequest")
    return [
        *([] if is_said else [_to_decide(mine)]),
        Tile(
            title=_("Questions for me"),
            value=f"{questions:,}",
            remark=_("your requests wait for your answer") if questions else _("nobody waits for your answer"),
            href=_list(f"queue={Queue.QUESTIONS}"),
            tone=Tone.CAREFUL if questions else Tone.QUIET,
        ),
        *_standing(rows, at),
        _overdue(rows, at),
    ]


def _to_decide(mine: int) -> Tile:
    return Tile(
        title=_("Exceptions to decide"),
        value=f"{mine:,}",
        remark=_("wait for you") if mine else _("nothing waits for you"),
        href=_list(f"queue={Queue.MINE}"),
        tone=Tone.CAREFUL if mine else Tone.QUIET,
    )


def _standing(rows: PolicyExceptionQuerySet, at: datetime) -> Iterable[Tile]:
    """Give what ends soon and what is owed, counted in one read."""
    held = rows.in_force(at=at).aggregate(
        all=Count("pk"),
        severe=Count("pk", filter=Q(severity__in=SEVERE)),
        soon=Count("pk", filter=Q(expires_at__lte=at + SOON)),
    )
    yield Tile(
        title=_("Exceptions ending"),
        value=f"{held['soon']:,}",
        remark=_("in 14 days: extend them or let them end"),
        href=_list(f"queue={Queue.EXPIRING}"),
        tone=Tone.CAREFUL if held["soon"] else Tone.QUIET,
    )
    severe = ngettext("%(n)d of high severity or worse", "%(n)d of high severity or worse", held["severe"])
    yield Tile(
        title=_("Exception debt"),
        value=f"{held['all']:,}",
        remark=severe % {"n": held["severe"]},
        href=reverse("admin:exceptions_policyexception_reports"),
        tone=Tone.CAREFUL if held["severe"] else Tone.QUIET,
    )


def _overdue(rows: PolicyExceptionQuerySet, at: datetime) -> Tile:
    late = rows.overdue(at=at, by=PATIENCE).count()
    return Tile(
        title=_("Overdue workers"),
        value=f"{late:,}",
        remark=_("exceptions no worker has begun or ended in time") if late else _("beginnings and ends are recorded"),
        href=_list("state=expired"),
        tone=Tone.BAD if late else Tone.GOOD,
    )


def _list(query: str) -> str:
    return f"{reverse('admin:exceptions_policyexception_changelist')}?{query}"
