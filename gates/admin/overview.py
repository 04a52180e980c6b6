"""What the overview shows of releases: how many were stopped, what is blocked now, how feeds and queue stand."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from gates import dashboard as counted
from gates.admin import chart
from gates.dashboard import DayOfDecisions
from gates.models import GateDecision
from policies.feeds.freshness import Freshness
from policies.intelligence import standing
from policies.models import FeedName, FeedState
from stellapolicy.admin.dashboard import Panel, Tile, Tone
from stellapolicy.admin.filters import period_query

_DAYS = 30
_LISTED = 8
_TONES = {
    Freshness.NEVER_READ: Tone.BAD,
    Freshness.FRESH: Tone.GOOD,
    Freshness.STALE: Tone.CAREFUL,
    Freshness.EXPIRED: Tone.BAD,
    Freshness.NOT_CONFIGURED: Tone.QUIET,
}


def show(request: HttpRequest, at: datetime) -> Iterable[Tile | Panel]:
    """Give the tiles and panels, seven queries however much there is; nothing to whoever may not see decisions."""
    if not request.user.has_perm("gates.view_gatedecision"):
        return []
    days = counted.decisions_by_day(at=at, days=_DAYS)
    tiles = [_blocked_now(counted.standing_blocks().count()), _today(days[-1]), *_feeds(at), _queue()]
    if not GateDecision.objects.exists():
        return [*tiles, _first_steps()]
    return [*tiles, _by_day(days), _recent(), _causes(at)]


def _blocked_now(number: int) -> Tile:
    return Tile(
        title=_("Blocked now"),
        value=f"{number:,}",
        remark=_("targets whose last decision is a block") if number else _("nothing stands blocked"),
        href=_decisions("standing=blocked_now"),
        tone=Tone.BAD if number else Tone.GOOD,
    )


def _today(day: DayOfDecisions) -> Tile:
    said = _("%(blocked)d blocked, %(warned)d with warnings, %(passed)d passed")
    return Tile(
        title=_("Decisions today"),
        value=f"{day.total:,}",
        remark=said % {"blocked": day.blocked, "warned": day.warned, "passed": day.passed},
        href=_decisions(period_query("created_at", day.day, day.day)),
    )


def _feeds(at: datetime) -> Iterable[Tile]:
    """Give a tile a feed: EPSS is as old as its model, KEV as its last successful check."""
    known = {feed.name: feed for feed in FeedState.objects.all()}
    for name, title in ((FeedName.EPSS, _("EPSS model of")), (FeedName.KEV, _("KEV catalogue of"))):
        yield _feed(known.get(name), title, at)


def _feed(feed: FeedState | None, title: str, at: datetime) -> Tile:
    href = reverse("admin:policies_feedstate_changelist")
    if feed is None:
        remark = _("its facts are unknown, and held against nobody")
        return Tile(title=title, value=_("never connected"), remark=remark, href=href)
    stands = standing(feed, at=at)
    value = feed.model_date.isoformat() if feed.model_date else _("never read")
    remark = _("checks fail since; last read") if stands.is_failed else _("last read")
    tone = Tone.CAREFUL if stands.is_failed and stands.freshness is Freshness.FRESH else _TONES[stands.freshness]
    return Tile(title=title, value=value, remark=remark, href=href, tone=tone, since=feed.checked_at)


def _queue() -> Tile:
    queue = counted.queue_state()
    remark = _("waiting or running; the oldest since") if queue.oldest else _("nothing waits")
    if queue.dead:
        given_up = ngettext("%(number)d given up", "%(number)d given up", queue.dead) % {"number": queue.dead}
        remark = f"{given_up}; {remark}"
    return Tile(
        title=_("In the queue"),
        value=f"{queue.depth:,}",
        remark=remark,
        href=f"{reverse('admin:gates_gatejob_changelist')}{'?status__exact=dead_letter' if queue.dead else ''}",
        tone=Tone.BAD if queue.dead else Tone.QUIET,
        since=queue.oldest,
    )


def _first_steps() -> Panel:
    return Panel(
        title=_("Ask the first question"),
        template="admin/gates/first_steps.html",
        content={"server": settings.PUBLIC_URL, "tokens": reverse("admin:access_apitoken_changelist")},
        is_wide=True,
    )


def _by_day(days: Sequence[DayOfDecisions]) -> Panel:
    totals = {
        "block": sum(day.blocked for day in days),
        "warn": sum(day.warned for day in days),
        "pass": sum(day.passed for day in days),
    }
    period = period_query("created_at", days[0].day, days[-1].day)
    return Panel(
        title=_("Gate decisions, %(days)d days") % {"days": len(days)},
        template="admin/gates/by_day.html",
        content={
            "chart": chart.stacked(days),
            "totals": totals,
        },
        href=_decisions(period),
        is_wide=True,
    )


def _recent() -> Panel:
    return Panel(
        title=_("Last blocks"),
        template="admin/gates/recent_blocks.html",
        content={"rows": counted.recent_blocks(limit=_LISTED)},
        href=_decisions("decision__exact=block"),
    )


def _causes(at: datetime) -> Panel:
    causes = counted.blocking_checks(at=at, days=_DAYS)
    most = max((number for _check, number in causes), default=1)
    return Panel(
        title=_("What blocks first, %(days)d days") % {"days": _DAYS},
        template="admin/gates/causes.html",
        content={"causes": [(check, number, round(100 * number / most)) for check, number in causes]},
    )


def _decisions(query: str) -> str:
    return f"{reverse('admin:gates_gatedecision_changelist')}?{query}"
