"""The life of exceptions: what workers record, and what holds without them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection

from exceptions.errors import CommentMissing, IllegalTransition, NotYoursToRevoke
from exceptions.metrics import overdue
from exceptions.models import ExceptionEvent, ExceptionNotice, PolicyException
from exceptions.models.story import CommentKind
from exceptions.rules.vocabulary import Reason
from exceptions.services.applications import Applied, record_applications, remove_old
from exceptions.services.lifecycle import advance_lifecycles, expire_due, revoke_exception
from exceptions.services.request import extend_exception
from exceptions.services.thread import say
from stellapolicy.access.roles import Scope
from stellapolicy.kernel.ids import new_id
from stellapolicy.outbox.models import OutboxEvent
from stellapolicy.tenancy.models import Team
from stellapolicy.tenancy.scope import tenant_scope
from tests.exceptions.desk import DAY, WHY, Desk, fresh, make_desk, waiting
from tests.exceptions.services.test_request import scanned
from tests.factories import NOON
from tests.gates.conftest import Shop, make_shop
from tests.reports import HARMLESS

QUIET = HARMLESS.id
MINUTE = timedelta(minutes=1)


def told(name: str) -> int:
    return OutboxEvent.objects.filter(name=name).count()


def test_at_its_very_instant_it_is_over_whatever_workers_did(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.in_force(vulnerability=QUIET, days=5)
    end = exception.expires_at

    assert exception.applies(at=end - timedelta(microseconds=1))
    assert not exception.applies(at=end)
    assert exception.standing(at=end).value == "expired"
    assert not PolicyException.objects.in_force(at=end).exists()
    assert fresh(exception).state == "active"


def test_the_end_is_recorded_and_told_once(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.in_force(vulnerability=QUIET, days=5)

    ended = [expire_due(at=exception.expires_at) for _ in range(2)]

    assert ended == [1, 0]
    assert fresh(exception).state == "expired"
    assert told("exception.expired") == 1


def test_ending_takes_back_what_still_waits(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.in_force(vulnerability=QUIET, days=5)
    extend_exception(actor=desk.actor("ada"), pk=exception.pk, expires_at=NOON + 20 * DAY, rationale=WHY, at=NOON)

    expire_due(at=exception.expires_at)

    request = waiting(exception)
    assert request is not None
    assert request.state == "withdrawn"
    assert fresh(exception).asked_id == fresh(exception).terms_id


def test_what_was_approved_early_begins_by_itself(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.in_force(vulnerability=QUIET, starts_at=NOON + DAY, days=10)

    moved = [advance_lifecycles(at=NOON + days * DAY) for days in (0, 1, 1)]

    assert moved == [0, 1, 0]
    assert fresh(exception).state == "active"


def test_the_end_is_announced_at_each_of_the_days_once(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.in_force(vulnerability=QUIET, days=40)
    end = exception.expires_at

    for left in (31, 30, 30, 20, 14, 7, 6, 3, 1, 1):
        expire_due(at=end - left * DAY)

    notices = ExceptionNotice.objects.order_by("-days").values_list("days", flat=True)
    assert list(notices) == [30, 14, 7, 3, 1]
    assert told("exception.expiring") == 5


def test_a_short_one_is_not_announced_before_it_began(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    desk.in_force(vulnerability=QUIET, days=5)

    expire_due(at=NOON + MINUTE)

    assert not ExceptionNotice.objects.exists()


def test_an_idle_one_is_asked_about_and_then_revalidated(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.in_force(vulnerability=QUIET, reason=Reason.FALSE_POSITIVE, days=300)

    team = Team.objects.create(slug="till-team", name="Till")
    PolicyException.objects.update(owner_team=team)
    advance_lifecycles(at=NOON + 89 * DAY)
    assert told("exception.idle") == 0
    advance_lifecycles(at=NOON + 90 * DAY)
    advance_lifecycles(at=NOON + 91 * DAY)
    assert [one.data["owner_team"] for one in OutboxEvent.objects.filter(name="exception.idle")] == ["till-team"]
    advance_lifecycles(at=NOON + 104 * DAY)

    held = fresh(exception)
    assert held.state == "revalidation_required"
    assert held.grace_until == NOON + 104 * DAY + timedelta(hours=72)
    assert held.applies(at=NOON + 105 * DAY)
    assert not held.applies(at=NOON + 107 * DAY)


def test_time_before_it_began_is_no_idle_time(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    begin = NOON + 120 * DAY
    desk.in_force(vulnerability=QUIET, reason=Reason.FALSE_POSITIVE, starts_at=begin, days=300)

    advance_lifecycles(at=begin)

    assert told("exception.idle") == 0
    assert not PolicyException.objects.unused(at=begin + DAY).exists()
    assert PolicyException.objects.unused(at=begin + 31 * DAY).exists()


@pytest.mark.parametrize(
    "who,scopes,state",
    [
        ("ada", {Scope.EXCEPTION_READ}, "active"),
        ("casey", {Scope.EXCEPTION_READ, Scope.EXCEPTION_WRITE}, "active"),
        ("casey", {Scope.EXCEPTION_READ}, "revalidation_required"),
    ],
)
def test_an_answer_of_whoever_asked_or_may_ask_keeps_an_idle_one(
    in_shop: Shop, desk: Desk, who: str, scopes: set[Scope], state: str
) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.in_force(vulnerability=QUIET, reason=Reason.FALSE_POSITIVE, days=300)
    advance_lifecycles(at=NOON + 90 * DAY)

    at = NOON + 95 * DAY
    actor = replace(desk.actor(who, at=at), scopes=frozenset(scopes))
    say(actor=actor, pk=exception.pk, text="still needed", kind=CommentKind.ANSWER, at=at)
    advance_lifecycles(at=NOON + 110 * DAY)

    assert fresh(exception).state == state


def test_the_end_of_a_grace_is_told_once(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    desk.in_force(vulnerability=QUIET, reason=Reason.FALSE_POSITIVE, days=300)
    advance_lifecycles(at=NOON + 90 * DAY)
    advance_lifecycles(at=NOON + 104 * DAY)

    moved = [advance_lifecycles(at=NOON + 107 * DAY) for _ in range(2)]

    assert moved == [1, 0]
    assert told("exception.grace_ended") == 1


def test_one_person_closes_a_gate_at_once(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.in_force(vulnerability=QUIET)

    revoke_exception(actor=desk.actor("riley"), pk=exception.pk, comment="no longer true", at=NOON)

    assert (fresh(exception).state, fresh(exception).closed_because) == ("revoked", "no longer true")
    assert not fresh(exception).applies(at=NOON)
    with pytest.raises(IllegalTransition) as refused:
        revoke_exception(actor=desk.actor("riley"), pk=exception.pk, comment="again", at=NOON)
    assert "final" in refused.value.detail


def test_revoking_takes_the_right_to_approve_or_having_asked(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.in_force(vulnerability=QUIET)
    from stellapolicy.access.roles import Role
    from tests.factories import person_with

    other = person_with(in_shop.tenant, Role.REQUESTER)
    desk.users["other"] = other

    with pytest.raises(NotYoursToRevoke):
        revoke_exception(actor=desk.actor("other"), pk=exception.pk, comment="I do not like it", at=NOON)
    with pytest.raises(CommentMissing):
        revoke_exception(actor=desk.actor("ada"), pk=exception.pk, comment="", at=NOON)
    revoke_exception(actor=desk.actor("ada"), pk=exception.pk, comment="fixed", at=NOON)
    assert fresh(exception).state == "revoked"


def test_a_stopped_worker_shows(shop: Shop, desk: Desk) -> None:
    with tenant_scope(shop.tenant.pk):
        scanned(shop, "shop/api")
        exception = desk.in_force(vulnerability=QUIET)

    assert overdue(at=exception.expires_at) == 0
    assert overdue(at=exception.expires_at + 11 * MINUTE) == 1
    expire_due(at=exception.expires_at + 11 * MINUTE)
    assert overdue(at=exception.expires_at + 11 * MINUTE) == 0


def test_use_is_recorded_in_one_statement_and_forgotten_after_a_year(
    in_shop: Shop, desk: Desk, django_assert_num_queries: object
) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.in_force(vulnerability=QUIET)
    assert exception.terms_id is not None
    rows = [
        Applied(exception.pk, exception.terms_id, f"finding {number}", "blocked", "ignored", "suppress")
        for number in range(500)
    ]

    with django_assert_num_queries(1):  # type: ignore[operator]
        record_applications(
            rows,
            run=new_id(),
            artifact_digest="sha256:x",
            environment="production",
            program_digest="sha256:p",
            is_present=True,
            at=NOON,
        )

    assert exception.applications.count() == 500
    assert fresh(exception).last_applied_at == NOON
    assert remove_old(NOON + DAY, 300) == 300
    assert exception.applications.count() == 200


def test_every_event_has_its_number_and_its_entry(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.in_force(vulnerability=QUIET)
    revoke_exception(actor=desk.actor("ada"), pk=exception.pk, comment="fixed", at=NOON)

    events = list(ExceptionEvent.objects.filter(exception=exception).order_by("sequence"))

    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert [event.name for event in events] == ["exception.requested", "exception.approved", "exception.revoked"]
    assert len({event.audit_seq for event in events}) == len(events)


_STUCK = """
SET LOCAL ROLE {owner};
CREATE FUNCTION stuck() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'this tenant is stuck'; END $$;
CREATE TRIGGER stuck BEFORE UPDATE ON {table} FOR EACH ROW WHEN (OLD.tenant_id = '{tenant}') EXECUTE FUNCTION stuck();
RESET ROLE;
"""


def test_a_tenant_whose_rows_cannot_be_written_keeps_no_other_from_its_end(db: None) -> None:
    ends = []
    for slug in ("first", "second", "third"):
        shop = make_shop(slug)
        with tenant_scope(shop.tenant.pk):
            scanned(shop, "shop/api")
            ends.append(make_desk(shop.tenant).in_force(vulnerability=QUIET, days=5))
    stuck, *others = sorted(ends, key=lambda one: str(one.tenant_id))
    with connection.cursor() as cursor:
        cursor.execute(
            _STUCK.format(
                owner=settings.DATABASE_OWNER_ROLE, table=PolicyException._meta.db_table, tenant=stuck.tenant_id
            )
        )

    with pytest.raises(ExceptionGroup) as surprise:
        expire_due(at=stuck.expires_at)

    assert [str(one).split("\n")[0] for one in surprise.value.exceptions] == ["this tenant is stuck"]
    states = []
    for one in (stuck, *others):
        assert one.tenant_id is not None
        with tenant_scope(one.tenant_id):
            states.append(fresh(one).state)
    assert states == ["active", "expired", "expired"]
