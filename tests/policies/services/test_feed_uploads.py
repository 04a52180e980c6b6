"""Who loads feeds for everybody, and what needs a second person."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.core.files.storage import default_storage
from django.test import override_settings

from policies.errors import (
    FeedNotYours,
    FeedOlder,
    HeldFeedAltered,
    HeldFeedDecided,
    HeldFeedUnknown,
    HeldFeedUnreadable,
    NotAFeed,
)
from policies.models import EpssHistory, EpssScore, FeedChange, FeedName, FeedState, HeldFeed, KevEntry
from policies.models.feeds import FeedOrigin, HeldState
from policies.services.feed_quarantine import keep_aside
from policies.services.feed_retention import remove_changes, remove_files, remove_history
from policies.services.feed_uploads import (
    KIND,
    discard_held,
    load_held,
    preview,
    review_feed,
    upload_feed,
)
from policies.services.feeds import LoadedFeed, load_feed
from policies.wiring import release
from stellapolicy.access.roles import Role, Scope
from stellapolicy.audit.models import Entry
from stellapolicy.governance.models import ApprovalRequest
from stellapolicy.governance.services import approvals
from stellapolicy.kernel.actor import Actor, ScopeMissing
from stellapolicy.outbox.subscriptions import PublishedEvent
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, TenantFactory, person_with
from tests.feed_uploads import let_one_person_upload
from tests.reports import epss_day, kev_catalogue, trivy

WHOLE = epss_day({f"CVE-1999-{number:04d}": 0.5 for number in range(100)}, day="2026-03-01")
SHRUNK = epss_day({f"CVE-1999-{number:04d}": 0.2 for number in range(50)}, day="2026-03-02")


@pytest.fixture
def house(db: None) -> Iterator[Tenant]:
    tenant = TenantFactory(slug="house")
    with override_settings(INSTALLATION_TENANT="house"), tenant_scope(tenant.pk):
        yield tenant


def person(tenant: Tenant) -> Actor:
    """Return somebody who governs the tenant and has just signed in."""
    user = person_with(tenant, Role.ADMIN)
    subject = f"user:{user.username}"
    return Actor(
        tenant_id=tenant.pk,
        subject=subject,
        scopes=frozenset({Scope.GOVERNANCE_WRITE, Scope.GOVERNANCE_READ}),
        extra={"person": subject, "reauthentication": "exempt"},
    )


def vote(request_id: UUID | None, voter: Actor, *, approve: bool = True) -> ApprovalRequest:
    assert request_id is not None
    request = ApprovalRequest.objects.get(pk=request_id)
    return approvals.vote(
        actor=voter,
        pk=request.pk,
        approve=approve,
        payload_hash=request.payload_hash,
        reason="I looked",
        at=NOON + timedelta(minutes=5),
    )


def asked_for(held: HeldFeed) -> ApprovalRequest:
    assert held.approval is not None
    return ApprovalRequest.objects.get(pk=held.approval)


def held_by(actor: Actor, content: bytes = SHRUNK, feed: FeedName = FeedName.EPSS) -> HeldFeed:
    received = upload_feed(actor=actor, content=content, expected=feed, at=NOON)
    assert isinstance(received, HeldFeed)
    return received


def test_whoever_governs_the_installation_loads_a_feed_alone_where_that_was_set(house: Tenant) -> None:
    let_one_person_upload(house, at=NOON)
    loaded = upload_feed(actor=person(house), content=WHOLE, expected=FeedName.EPSS, at=NOON)

    assert isinstance(loaded, LoadedFeed)
    assert FeedChange.objects.get().origin == FeedOrigin.UPLOAD


def test_whoever_governs_another_tenant_loads_nothing(house: Tenant) -> None:
    stranger = replace(person(house), tenant_id=TenantFactory().pk)

    with pytest.raises(FeedNotYours, match="house"):
        upload_feed(actor=stranger, content=WHOLE, expected=FeedName.EPSS, at=NOON)

    assert not FeedState.objects.exists()


def test_whoever_does_not_govern_loads_nothing(house: Tenant) -> None:
    with pytest.raises(ScopeMissing):
        upload_feed(actor=Actor(house.pk, "user:x"), content=WHOLE, expected=FeedName.EPSS, at=NOON)


def test_an_upload_waits_for_a_second_person_unless_the_setting_is_off(house: Tenant) -> None:
    held = held_by(person(house), WHOLE)

    assert (held.state, held.code, EpssScore.objects.count()) == (HeldState.WAITING, "feed.needs_second_person", 0)
    assert asked_for(held).kind == KIND


def test_a_day_of_zeros_does_nothing_by_the_hand_of_one(house: Tenant) -> None:
    load_feed(actor=person(house), content=WHOLE, at=NOON)
    zeros = epss_day({f"CVE-1999-{number:04d}": 0.0 for number in range(100)}, day="2026-03-02")

    held = held_by(person(house), zeros)

    assert held.state == HeldState.WAITING
    assert set(EpssScore.objects.values_list("score", flat=True)) == {50_000}


@pytest.mark.parametrize("is_looked_at_first", [False, True])
def test_a_catalogue_that_drops_one_entry_waits_whatever_the_setting_says(
    house: Tenant, *, is_looked_at_first: bool
) -> None:
    let_one_person_upload(house, at=NOON)
    uploader = person(house)
    cves = [f"CVE-2020-{number:04d}" for number in range(1, 41)]
    load_feed(actor=uploader, content=kev_catalogue(*cves, released_at="2026-03-01T00:00:00.000Z"), at=NOON)
    less_one = kev_catalogue(*cves[1:], released_at="2026-03-01T06:00:00.000Z")

    if is_looked_at_first:
        looked_at = review_feed(actor=uploader, content=less_one, at=NOON)
        held = load_held(actor=uploader, pk=looked_at.pk, reason="newer", at=NOON)
    else:
        held = held_by(uploader, less_one, FeedName.KEV)

    assert (held.state, held.code) == (HeldState.WAITING, "feed.needs_second_person")
    assert held.reason == "it takes 1 out of KEV, CVE-2020-0001 first"
    assert KevEntry.objects.filter(cve=cves[0]).exists()
    vote(held.approval, person(house))
    assert not KevEntry.objects.filter(cve=cves[0]).exists()


def test_a_catalogue_that_drops_nothing_is_loaded_by_one_where_that_was_set(house: Tenant) -> None:
    let_one_person_upload(house, at=NOON)
    uploader = person(house)

    received = [
        upload_feed(
            actor=uploader,
            content=kev_catalogue(*cves, released_at=f"{day}T00:00:00.000Z"),
            expected=FeedName.KEV,
            at=NOON,
        )
        for day, cves in (("2026-02-28", ["CVE-2020-0001"]), ("2026-03-01", ["CVE-2020-0001", "CVE-2020-0002"]))
    ]

    assert [type(one) for one in received] == [LoadedFeed, LoadedFeed]
    assert KevEntry.objects.count() == 2


def test_an_older_catalogue_is_refused_before_a_second_person_is_asked(house: Tenant) -> None:
    uploader = person(house)
    load_feed(actor=uploader, content=kev_catalogue("CVE-2020-0001", released_at="2026-03-01T00:00:00.000Z"), at=NOON)
    older = kev_catalogue("CVE-2020-0002", released_at="2026-02-01T00:00:00.000Z")

    with pytest.raises(FeedOlder):
        upload_feed(actor=uploader, content=older, expected=FeedName.KEV, at=NOON)

    assert not HeldFeed.objects.exists()


def test_the_second_person_lets_it_load(house: Tenant) -> None:
    held = held_by(person(house), WHOLE)

    vote(held.approval, person(house))

    held.refresh_from_db()
    assert (held.state, EpssScore.objects.count()) == (HeldState.LOADED, 100)
    assert Entry.objects.filter(action="feed.accepted").exists()


def test_the_same_upload_again_keeps_its_one_request(house: Tenant) -> None:
    uploader = person(house)

    first, again = held_by(uploader, WHOLE), held_by(uploader, WHOLE)

    assert (first.pk, first.approval) == (again.pk, again.approval)
    assert ApprovalRequest.objects.filter(kind=KIND).count() == 1


def test_a_shrunken_upload_is_kept_aside_and_loads_only_with_a_second_person(house: Tenant) -> None:
    let_one_person_upload(house, at=NOON)
    uploader = person(house)
    upload_feed(actor=uploader, content=WHOLE, expected=FeedName.EPSS, at=NOON)
    held = held_by(uploader)

    asked = load_held(actor=uploader, pk=held.pk, reason="the feed was cleaned up", at=NOON)
    vote(asked.approval, person(house))

    held.refresh_from_db()
    assert (held.code, held.state) == ("feed.shrunk", HeldState.LOADED)
    assert EpssScore.objects.count() == FeedState.objects.get(pk="epss").row_count == 50


def test_whoever_asked_is_not_the_second_person(house: Tenant) -> None:
    uploader = person(house)
    held = held_by(uploader, WHOLE)

    with pytest.raises(Exception, match=r"asked|requester|yourself|not among|may not"):
        vote(held.approval, uploader)

    assert not EpssScore.objects.exists()


def test_a_refused_file_is_kept_aside_as_before(house: Tenant) -> None:
    held = held_by(person(house), WHOLE)
    voter = person(house)
    request = vote(held.approval, voter, approve=False)

    release(
        PublishedEvent(
            id=request.pk,
            name="approval.rejected",
            tenant_id=house.pk,
            actor=voter,
            subject="",
            data={"kind": KIND, "request_id": str(request.pk)},
            occurred_at=NOON,
            at=NOON,
        )
    )

    held.refresh_from_db()
    assert (held.state, held.approval) == (HeldState.HELD, None)


def test_a_file_that_was_swapped_behind_our_back_is_not_loaded(house: Tenant) -> None:
    uploader = person(house)
    held = review_feed(actor=uploader, content=WHOLE, at=NOON)
    Path(default_storage.path(held.stored_as)).write_bytes(SHRUNK)

    with pytest.raises(HeldFeedAltered):
        load_held(actor=uploader, pk=held.pk, reason="go", at=NOON)


def test_a_file_is_looked_at_before_it_is_loaded(house: Tenant) -> None:
    let_one_person_upload(house, at=NOON)
    uploader = person(house)
    load_feed(actor=uploader, content=WHOLE, at=NOON)
    better = WHOLE.replace(b"2026-03-01", b"2026-03-02").replace(b"CVE-1999-0001,0.5", b"CVE-1999-0001,0.95")
    held = review_feed(actor=uploader, content=better, at=NOON)

    seen = preview(held, at=NOON)
    load_held(actor=uploader, pk=held.pk, reason="looks right", at=NOON)

    assert (seen.movement.changed, seen.movement.news, seen.refusal) == (1, 1, None)
    assert EpssScore.objects.get(pk="CVE-1999-0001").score == 95_000
    assert HeldFeed.objects.get(pk=held.pk).state == HeldState.LOADED


def test_a_look_at_a_shrunken_file_says_that_it_shrank(house: Tenant) -> None:
    uploader = person(house)
    load_feed(actor=uploader, content=WHOLE, at=NOON)

    seen = preview(review_feed(actor=uploader, content=SHRUNK, at=NOON), at=NOON)

    assert seen.refusal is not None
    assert (seen.refusal.code, seen.movement.removed) == ("feed.shrunk", 50)
    assert EpssScore.objects.count() == 100


def test_a_look_at_a_catalogue_counts_its_entries(house: Tenant) -> None:
    uploader = person(house)
    held = review_feed(
        actor=uploader, content=kev_catalogue("CVE-2020-0001", released_at="2026-03-01T00:00:00.000Z"), at=NOON
    )

    assert preview(held, at=NOON).movement.added == 1


def test_a_report_is_not_kept_for_a_look(house: Tenant) -> None:
    with pytest.raises(NotAFeed):
        review_feed(actor=person(house), content=trivy("shop", scanned_at=NOON), at=NOON)


def test_a_discarded_file_takes_its_request_back_and_is_decided(house: Tenant) -> None:
    uploader = person(house)
    held = held_by(uploader, WHOLE)

    discard_held(actor=uploader, pk=held.pk, reason="wrong file", at=NOON)

    held.refresh_from_db()
    assert (held.state, held.decided_by) == (HeldState.DISCARDED, uploader.subject)
    assert asked_for(held).state == "withdrawn"
    with pytest.raises(HeldFeedDecided):
        discard_held(actor=uploader, pk=held.pk, reason="again", at=NOON)
    with pytest.raises(HeldFeedDecided):
        load_held(actor=uploader, pk=held.pk, reason="after all", at=NOON)


def test_what_is_no_whole_feed_is_loaded_by_nobody(house: Tenant) -> None:
    uploader = person(house)
    held = keep_aside(
        actor=uploader,
        name=FeedName.EPSS,
        content=b"<html>",
        origin=FeedOrigin.FETCH,
        why=("evidence.format_unsupported", "looks like HTML"),
        file=None,
        at=NOON,
    )

    with pytest.raises(HeldFeedUnreadable, match="HTML"):
        load_held(actor=uploader, pk=held.pk, reason="try", at=NOON)


def test_a_file_nobody_kept_is_unknown(house: Tenant) -> None:
    with pytest.raises(HeldFeedUnknown):
        discard_held(actor=person(house), pk=UUID(int=7), reason="?", at=NOON)


def test_history_past_its_time_goes_and_the_last_word_before_it_stays(house: Tenant) -> None:
    uploader = person(house)
    for day, score in (("2024-12-01", 0.1), ("2025-01-01", 0.2), ("2026-02-28", 0.3)):
        load_feed(actor=uploader, content=epss_day({"CVE-1999-0001": score}, day=day), at=NOON)

    removed = remove_history(NOON - timedelta(days=400), 100), remove_changes(NOON - timedelta(days=400), 100)

    assert removed == (1, 0)
    assert [row.score for row in EpssHistory.objects.of("CVE-1999-0001")] == [30_000, 20_000]


def test_the_bytes_of_a_file_that_was_decided_go(house: Tenant) -> None:
    uploader = person(house)
    held = review_feed(actor=uploader, content=WHOLE, at=NOON)
    discard_held(actor=uploader, pk=held.pk, reason="wrong file", at=NOON)
    stored = Path(default_storage.path(held.stored_as))

    early = remove_files(NOON, 100)
    is_there_before = stored.exists()
    late = remove_files(NOON + timedelta(seconds=1), 100)

    assert (early, is_there_before, late, stored.exists()) == (0, True, 1, False)
