"""Gates are asked again where an exception began, ended or changed: by events, through the queue."""

from datetime import datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from exceptions.models import PolicyException
from exceptions.services import lifecycle
from gates.models import GateDecision, GateJob, GateJobRequest
from gates.requests import GateRequest
from gates.services import jobs, reevaluation
from stellapolicy.audit.models import Entry
from stellapolicy.outbox.services import dispatching
from stellapolicy.tenancy.scope import tenant_scope
from tests.exceptions.desk import DAY
from tests.factories import NOON
from tests.gates.conftest import Shop
from tests.gates.counter import BAD, HOUR, Counter, open_counter
from tests.reports import HARMLESS


@pytest.fixture
def counter(shop: Shop) -> Counter:
    """Return a shop whose release is blocked; nobody has worked off its events yet."""
    with tenant_scope(shop.tenant.pk):
        found = open_counter(shop)
    work(NOON)
    return found


def work(at: datetime) -> int:
    """Let the workers hand over events and decide what waits; return how many decisions were made."""
    dispatching.dispatch(clock=lambda: at, limit=1_000)
    return jobs.drain(clock=lambda: at)


def newest(counter: Counter, count: int = 1) -> list[GateDecision]:
    with tenant_scope(counter.shop.tenant.pk):
        return list(
            GateDecision.objects.select_related("artifact", "environment").order_by("-created_at", "-id")[:count]
        )


def in_force(counter: Counter, **said: Any) -> PolicyException:
    with tenant_scope(counter.shop.tenant.pk):
        return counter.desk.in_force(**{"vulnerability": BAD.id, "at": NOON + HOUR, **said})


def test_a_blocked_release_passes_once_it_is_excepted_and_blocks_again_when_that_ends(counter: Counter) -> None:
    exception = in_force(counter, days=1)

    approved = work(NOON + HOUR), newest(counter)[0]
    lifecycle.expire_due(at=exception.expires_at)
    expired = work(exception.expires_at), newest(counter)[0]

    assert [(ran, one.decision) for ran, one in (approved, expired)] == [(1, "warn"), (1, "block")]
    assert [one.build for _, one in (approved, expired)] == [
        {"because": f"exception {exception.number} approved"},
        {"because": f"exception {exception.number} expired"},
    ]
    assert expired[1].actor == "system:gates"


def test_a_revoked_exception_closes_the_gate_again(counter: Counter) -> None:
    exception = in_force(counter)
    work(NOON + HOUR)
    with tenant_scope(counter.shop.tenant.pk):
        sam = counter.desk.actor("sam", at=NOON + 2 * HOUR)
        lifecycle.revoke_exception(actor=sam, pk=exception.pk, comment="the plan was dropped", at=NOON + 2 * HOUR)

    work(NOON + 2 * HOUR)

    assert newest(counter)[0].decision == "block"


def test_the_change_that_one_gate_sees_is_carried_to_the_others(counter: Counter) -> None:
    with tenant_scope(counter.shop.tenant.pk):
        counter.ask(image="shop/web", at=NOON + HOUR)
    in_force(counter)
    work(NOON + HOUR)
    with tenant_scope(counter.shop.tenant.pk):
        counter.know(kev=("CVE-2021-44228", BAD.id), at=NOON + DAY)
        counter.ask(at=NOON + DAY)

    work(NOON + DAY)

    latest = {one.artifact.name: one.decision for one in reversed(newest(counter, 3))}
    assert latest == {"shop/api": "block", "shop/web": "block"}


def test_many_that_end_together_are_one_question_for_each_target(counter: Counter) -> None:
    several = [in_force(counter, days=1, environment=place) for place in ("production", "staging")]
    several.append(in_force(counter, days=1))
    work(NOON + HOUR)
    end = several[0].expires_at

    ended = lifecycle.expire_due(at=end)

    assert (ended, work(end), newest(counter)[0].decision) == (3, 1, "block")


def test_only_what_it_covers_is_asked_again_and_only_where_it_holds(counter: Counter) -> None:
    with tenant_scope(counter.shop.tenant.pk):
        counter.ask(HARMLESS, image="shop/clean")
        counter.ask(environment="staging")
        counter.ask(environment="staging", at=NOON + HOUR)

    in_force(counter, environment="staging")

    assert work(NOON + 2 * HOUR) == 1
    assert newest(counter)[0].environment.slug == "staging"


def test_what_it_once_changed_is_asked_again_though_it_covers_it_no_more(counter: Counter) -> None:
    exception = in_force(counter, days=1)
    work(NOON + HOUR)
    with tenant_scope(counter.shop.tenant.pk):
        counter.ask(HARMLESS, at=NOON + 3 * HOUR)
    lifecycle.expire_due(at=exception.expires_at)

    assert work(exception.expires_at) == 1


def test_at_most_so_many_are_asked_again_and_the_log_says_how_many_were_not(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tenant_scope(counter.shop.tenant.pk):
        counter.ask(image="shop/web")
        counter.ask(image="shop/job")
    monkeypatch.setattr(reevaluation, "MOST_TARGETS", 1)
    in_force(counter)

    with capture_logs() as logs:
        assert work(NOON + HOUR) == 1

    assert [one["left_out"] for one in logs if one["event"] == "gates.not_asked_again"] == [2]


def test_all_questions_of_one_event_are_one_entry_in_the_chain(counter: Counter) -> None:
    with tenant_scope(counter.shop.tenant.pk):
        counter.ask(image="shop/web")
    exception = in_force(counter)
    work(NOON + HOUR)

    with tenant_scope(counter.shop.tenant.pk):
        (entry,) = Entry.objects.filter(action="gate.asked_again")

    assert entry.reason == f"exception {exception.number} approved"
    assert entry.actor == "system:gates"


def test_an_event_handed_over_twice_asks_once(counter: Counter) -> None:
    in_force(counter)
    dispatching.dispatch(clock=lambda: NOON + HOUR, limit=1_000)
    waiting = GateJob.objects.filter(tenant_id=counter.shop.tenant.pk, status="queued")
    (job,) = waiting
    with tenant_scope(counter.shop.tenant.pk):
        question = GateJobRequest.objects.get(job=job)
        decision = GateDecision.objects.select_related("artifact").latest("created_at")
        request = GateRequest.of_snapshot(question.question)
        again = [jobs.Question(decision.artifact, request)]
        event = Entry.objects.filter(action="gate.asked_again").get().target_id

        new = jobs.enqueue_again(actor=counter.shop.actor, questions=again, event=event, reason="again", at=NOON + HOUR)

    assert (new, waiting.count()) == (0, 1)
