"""The overview: what it counts, where each number leads, and what it says when there is nothing yet."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from gates import dashboard
from gates.admin import chart
from gates.dashboard import DayOfDecisions
from gates.models import GateJob, JobStatus
from policies.models import FeedState
from stellapolicy.access.roles import Role
from stellapolicy.management.seeding import seed_contents
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.admin_pages import Inhabited
from tests.factories import TenantFactory, person_with
from tests.reports import KEV_CRITICAL, trivy

NIGHT = datetime(2026, 3, 2, 0, 30, tzinfo=UTC)


def home(client: Client) -> Any:
    """Return the context of the overview."""
    return client.get(reverse("admin:index")).context


def tile(context: Any, title: str) -> Any:
    """Return one tile."""
    return next(tile for tile in context["tiles"] if tile.title == title)


def test_a_tenant_that_was_never_asked_is_told_the_two_commands(db: None) -> None:
    tenant = _seeded()

    shown = _browser(tenant).get(reverse("admin:index")).content.decode()

    assert "Ask the first question" in shown
    assert "manage.py token first-pipeline" in shown
    assert "python3 stellagate.py check var/demo/vulnerable.json --environment production" in shown


def test_a_feed_nobody_connected_says_so_and_is_held_against_nobody(db: None) -> None:
    shown = tile(home(_browser(_seeded())), "EPSS model of")

    assert shown.value == "never connected"
    assert shown.tone == "quiet"


def test_a_target_is_blocked_until_a_later_decision_about_it_is_not(acme: Inhabited) -> None:
    client = acme.sign_in()
    before = tile(home(client), "Blocked now").value

    acme.ask("acme/api", trivy("acme/api", [], scanned_at=acme.at), at=acme.at + timedelta(minutes=1))

    assert (before, tile(home(client), "Blocked now").value) == ("1", "0")


def test_every_tile_leads_to_a_list_that_opens(acme: Inhabited) -> None:
    client = acme.sign_in()
    context = home(client)

    addresses = [tile.href for tile in context["tiles"]] + [panel.href for panel in context["panels"] if panel.href]

    assert len(addresses) >= 6
    assert {address: client.get(address).status_code for address in addresses} == dict.fromkeys(addresses, 200)


def test_the_list_behind_blocked_now_shows_just_what_the_tile_counts(acme: Inhabited) -> None:
    acme.ask("acme/web", trivy("acme/web", [KEV_CRITICAL], scanned_at=acme.at))
    acme.ask("acme/web", trivy("acme/web", [KEV_CRITICAL], scanned_at=acme.at), at=acme.at + timedelta(minutes=1))
    client = acme.sign_in()
    blocked = tile(home(client), "Blocked now")

    listed = client.get(blocked.href).context["cl"].result_count

    assert int(blocked.value) == listed == 2


def test_an_old_model_of_epss_is_careful_after_two_days_and_bad_after_four(acme: Inhabited) -> None:
    tones = []
    for days in (1, 3, 5):
        FeedState.objects.filter(name="epss").update(model_date=acme.at.date() - timedelta(days=days))
        tones.append(tile(home(acme.sign_in()), "EPSS model of").tone)

    assert tones == ["good", "careful", "bad"]


def test_jobs_that_were_given_up_make_the_queue_bad_and_link_to_themselves(acme: Inhabited) -> None:
    number = GateJob.objects.filter(tenant=acme.tenant).update(status=JobStatus.DEAD_LETTER)

    shown = tile(home(acme.sign_in()), "In the queue")

    assert shown.tone == "bad"
    assert f"{number} given up" in str(shown.remark)
    assert shown.href.endswith("?status__exact=dead_letter")


def test_jobs_of_other_tenants_are_not_counted(acme: Inhabited) -> None:
    own = GateJob.objects.filter(tenant=acme.tenant).count()
    GateJob.objects.create(tenant=TenantFactory(), dedupe_key="x", available_at=acme.at, created_at=acme.at)

    with tenant_scope(acme.tenant.pk):
        assert dashboard.queue_state().depth == own


def test_days_are_utc_days_and_quiet_ones_are_there(acme: Inhabited) -> None:
    acme.ask("acme/night", at=NIGHT)
    acme.ask("acme/night", at=NIGHT - timedelta(hours=1))

    with tenant_scope(acme.tenant.pk):
        days = dashboard.decisions_by_day(at=NIGHT, days=3)

    assert [(day.day, day.total) for day in days] == [
        (date(2026, 2, 28), 0),
        (date(2026, 3, 1), 1),
        (date(2026, 3, 2), 1),
    ]


def test_the_checks_that_block_most_come_first(acme: Inhabited) -> None:
    for number in range(2):
        acme.ask(f"acme/unscanned-{number}")

    with tenant_scope(acme.tenant.pk):
        causes = dashboard.blocking_checks(at=acme.at, days=30)

    assert causes[0] == ("evidence_completeness", 2)
    assert len(causes) == 2


def test_bars_stand_on_each_other_and_none_leaves_the_chart() -> None:
    days = [
        DayOfDecisions(date(2026, 3, 1), 3, 2, 1),
        DayOfDecisions(date(2026, 3, 2)),
        DayOfDecisions(date(2026, 3, 3), 7),
    ]

    drawn = chart.stacked(days)

    first = drawn.bars[0].segments
    assert [segment.kind for segment in first] == ["block", "warn", "pass"]
    assert first[1].y + first[1].height == first[0].y
    assert drawn.bars[1].segments == ()
    assert all(segment.y >= 0 and segment.height > 0 for bar in drawn.bars for segment in bar.segments)
    assert [number for _, number in drawn.lines] == [0, 2, 4, 6, 8]


@pytest.mark.parametrize("most, scale", [(1, 1), (5, 5), (6, 6), (9, 10), (11, 15), (26, 30), (51, 60), (1234, 1500)])
def test_a_scale_ends_at_the_round_number_after_the_highest_bar(most: int, scale: int) -> None:
    drawn = chart.stacked([DayOfDecisions(date(2026, 3, 1), blocked=most)])

    assert drawn.lines[-1][1] == scale
    assert len(drawn.lines) <= 6


def test_a_chart_of_nothing_has_a_scale_all_the_same() -> None:
    assert [number for _, number in chart.stacked([]).lines] == [0, 1]


def _seeded() -> Tenant:
    tenant = TenantFactory()
    seed_contents(tenant, at=NIGHT)
    return tenant


def _browser(tenant: Tenant) -> Client:
    client = Client()
    client.force_login(person_with(tenant, Role.VIEWER))
    return client
