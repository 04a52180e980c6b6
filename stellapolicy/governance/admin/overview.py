"""What the overview shows of approvals: how many wait for the reader."""

from collections.abc import Iterable
from datetime import datetime

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from stellapolicy.admin.dashboard import Panel, Tile, Tone
from stellapolicy.api.permissions import actor_of
from stellapolicy.governance.admin.filters import MINE
from stellapolicy.governance.selectors import mine_to_decide


def show(request: HttpRequest, at: datetime) -> Iterable[Tile | Panel]:
    """Give one tile, four queries however much waits; nothing to whoever may not see approvals."""
    actor = actor_of(request)
    if actor is None or not request.user.has_perm("governance.view_approvalrequest"):
        return []
    mine = mine_to_decide(actor, at=at)
    return [
        Tile(
            title=_("Mine to decide"),
            value=f"{len(mine):,}",
            remark=_("the first lapses") if mine else _("nothing waits for you"),
            since=min((request.expires_at for request in mine), default=None),
            href=f"{reverse('admin:governance_approvalrequest_changelist')}?queue={MINE}",
            tone=Tone.CAREFUL if mine else Tone.QUIET,
        )
    ]
