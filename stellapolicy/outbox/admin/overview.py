"""What the overview shows of the outbox: what was given up."""

from collections.abc import Iterable
from datetime import datetime

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from stellapolicy.admin.dashboard import Panel, Tile, Tone
from stellapolicy.outbox.selectors import given_up


def show(request: HttpRequest, at: datetime) -> Iterable[Tile | Panel]:  # noqa: ARG001 - the floor's signature
    """Give one tile, one query; nothing to whoever may not see deliveries."""
    if not request.user.has_perm("outbox.view_delivery"):
        return []
    dead = given_up()
    return [
        Tile(
            title=_("Deliveries given up"),
            value=f"{dead.count:,}",
            remark=_("events that somebody did not get") if dead.count else _("everybody has every event"),
            href=reverse("admin:outbox_delivery_changelist") + "?status__exact=dead_letter",
            tone=Tone.BAD if dead.count else Tone.GOOD,
            since=dead.oldest,
        )
    ]
