"""Feeds in the admin: a file is looked at, loaded or given up by the installation's people; a CVE over time."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from django.urls import reverse

from policies.admin.epss_chart import stepped
from policies.models import EpssHistory, EpssScore, FeedState, HeldFeed, IntelligenceEvent
from policies.models.feeds import HeldState
from stellapolicy.access.roles import Role
from tests.admin_pages import Inhabited
from tests.factories import person_with
from tests.feed_uploads import let_one_person_upload
from tests.reports import LOG4SHELL, epss_day

UPLOAD = "admin:policies_feedstate_load"


@pytest.fixture
def house(acme: Inhabited) -> Iterator[Client]:
    """A browser of somebody who governs the installation."""
    with override_settings(INSTALLATION_TENANT="acme"):
        yield acme.sign_in(person_with(acme.tenant, Role.ADMIN))


def bring(client: Client, content: bytes) -> HeldFeed:
    client.post(reverse(UPLOAD), {"file": SimpleUploadedFile("epss.csv", content)})
    return HeldFeed.objects.get()


def address(held: HeldFeed, verb: str = "") -> str:
    return reverse(f"admin:policies_feedstate_held{verb}", args=[held.name, held.pk])


def test_a_file_is_looked_at_then_waits_for_a_second_person(acme: Inhabited, house: Client) -> None:
    held = bring(house, epss_day({LOG4SHELL: 0.0, "CVE-2000-0001": 0.0}, day=acme.at.date().isoformat()))

    house.post(address(held, "_load"), {"reason": "corrected by FIRST"})

    assert HeldFeed.objects.get().state == HeldState.WAITING
    assert EpssScore.objects.get(pk=LOG4SHELL).score == 97_000


def test_a_file_is_looked_at_then_loaded_where_one_is_enough(acme: Inhabited, house: Client) -> None:
    let_one_person_upload(acme.tenant, at=acme.at)
    held = bring(house, epss_day({LOG4SHELL: 0.05, "CVE-2000-0001": 0.4}, day=acme.at.date().isoformat()))

    looked = house.get(address(held)).content.decode()
    before = EpssScore.objects.get(pk=LOG4SHELL).score
    house.post(address(held, "_load"), {"reason": "corrected by FIRST"})

    assert "What it would do" in looked
    assert (before, EpssScore.objects.get(pk=LOG4SHELL).score) == (97_000, 5_000)
    assert HeldFeed.objects.get().state == HeldState.LOADED


def test_a_file_that_is_not_wanted_changes_nothing(acme: Inhabited, house: Client) -> None:
    held = bring(house, epss_day({LOG4SHELL: 0.05}, day=acme.at.date().isoformat()))

    house.post(address(held, "_discard"), {"reason": "wrong file"})

    assert HeldFeed.objects.get().state == HeldState.DISCARDED
    assert EpssScore.objects.get(pk=LOG4SHELL).score == 97_000


def test_the_overview_counts_the_files_that_wait_for_a_decision(acme: Inhabited, house: Client) -> None:
    bring(house, epss_day({LOG4SHELL: 0.05}, day=acme.at.date().isoformat()))

    ours = house.get(reverse("admin:index")).content.decode()
    readers = acme.sign_in(person_with(acme.tenant, Role.VIEWER)).get(reverse("admin:index")).content.decode()

    assert "feed files nobody has decided about" in ours
    assert "feed files nobody has decided about" not in readers


def test_a_broken_file_is_refused_with_its_line(house: Client) -> None:
    broken = epss_day({LOG4SHELL: 0.05}, day="2026-03-02").replace(b"0.05", b"high")

    answer = house.post(reverse(UPLOAD), {"file": SimpleUploadedFile("epss.csv", broken)})

    assert "line 3" in answer.content.decode()
    assert not HeldFeed.objects.exists()


def test_files_are_closed_to_people_of_other_tenants_and_to_readers(acme: Inhabited, house: Client) -> None:
    held = bring(house, epss_day({LOG4SHELL: 0.05}, day=acme.at.date().isoformat()))
    reader = acme.sign_in(person_with(acme.tenant, Role.VIEWER))
    addresses = [reverse(UPLOAD), address(held), address(held, "_load"), address(held, "_discard")]

    as_reader = [reader.get(one).status_code for one in addresses]
    with override_settings(INSTALLATION_TENANT="somebody-else"):
        as_other = [house.get(one).status_code for one in addresses]

    assert (as_reader, as_other) == ([403] * 4, [403] * 4)


def test_a_feed_whose_checks_fail_says_why(acme: Inhabited) -> None:
    FeedState.objects.filter(name="kev").update(
        failures=3, failed_at=acme.at, error_code="feed.unavailable", error="the server answered 500"
    )

    shown = acme.sign_in().get(reverse("admin:policies_feedstate_change", args=["kev"])).content.decode()

    assert "3 checks failed" in shown
    assert "the server answered 500" in shown


def test_a_cve_is_drawn_over_time_with_whom_it_concerns(acme: Inhabited) -> None:
    shown = acme.sign_in().get(reverse("admin:policies_epssscore_change", args=[LOG4SHELL])).content.decode()

    assert shown.count("<circle") == 2
    assert "acme/api" in shown


def test_news_say_what_happened(acme: Inhabited) -> None:
    event = IntelligenceEvent.objects.get(cve=LOG4SHELL)

    shown = acme.sign_in().get(reverse("admin:policies_intelligenceevent_change", args=[event.pk])).content.decode()

    assert "EPSS crossed a threshold" in shown
    assert "97.0 %" in shown


def test_a_line_ends_where_the_score_was_withdrawn_and_begins_again() -> None:
    begin = date(2026, 1, 1)
    rows = [
        EpssHistory(cve="CVE-1", model_date=begin + timedelta(days=days), load=days, score=score, percentile=score)
        for days, score in ((0, 0), (10, None), (20, 100_000))
    ]

    chart = stepped(rows, first=begin, last=begin + timedelta(days=40))

    assert chart.steps == ("48.0,176.0 274.0,176.0", "500.0,8.0 952.0,8.0")
    assert [point.score for point in chart.points] == [0, 100_000]
