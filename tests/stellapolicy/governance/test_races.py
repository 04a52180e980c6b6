"""Two at once, on real connections: exactly one of them wins, and the other is told."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from django.db import connection, connections

from stellapolicy.access.roles import Role
from stellapolicy.governance import approvals, errors
from stellapolicy.governance.models import ApprovalRequest, ApprovalState, Delegation
from stellapolicy.governance.quorum import Seat
from stellapolicy.governance.services.approvals import expire_due, withdraw
from stellapolicy.governance.services.delegations import delegate
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.refusals import Refusal
from stellapolicy.outbox.models import OutboxEvent
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, TenantFactory
from tests.stellapolicy.governance.table import CAPTAIN, KIND, LATER, SECURITY, Table

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def committed(transactional_db: None) -> Iterator[Table]:
    """A table whose rows every connection sees."""
    table = Table(TenantFactory())
    approvals._KINDS[KIND] = table.kind()
    yield table
    del approvals._KINDS[KIND]


def at_once(table: Table, *deeds: Callable[[], object]) -> list[str]:
    """Do these on a connection each, let go together; return the codes of what was refused."""
    gate, refused = threading.Barrier(len(deeds)), []

    def run(deed: Callable[[], object]) -> None:
        try:
            connection.ensure_connection()
            gate.wait(timeout=30)
            with tenant_scope(table.tenant.pk):
                deed()
        except Refusal as refusal:
            refused.append(refusal.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(refused)


def asked(table: Table, *seats: Seat) -> ApprovalRequest:
    rita = table.actor("rita", Role.REQUESTER)
    with tenant_scope(table.tenant.pk):
        return table.ask(rita, *seats, expires_at=NOON + timedelta(hours=1))


def ended(table: Table, request: ApprovalRequest) -> tuple[str, list[str]]:
    """Return how a request ended, and what was told of its end."""
    with tenant_scope(table.tenant.pk):
        told = OutboxEvent.objects.exclude(name="approval.requested").values_list("name", flat=True)
        return str(ApprovalRequest.objects.get(pk=request.pk).state), list(told)


def voters(table: Table, count: int) -> list[Actor]:
    return [table.actor(f"voter{number}", Role.SECURITY) for number in range(count)]


def test_of_two_votes_that_would_both_be_the_last_one_completes(committed: Table) -> None:
    request, (one, two) = asked(committed, SECURITY), voters(committed, 2)

    refused = at_once(committed, lambda: committed.say(one, request), lambda: committed.say(two, request))

    assert refused == [errors.ApprovalClosed.code]
    assert len(committed.done) == 1
    assert ended(committed, request) == ("approved", ["approval.approved"])


def test_two_votes_for_two_seats_complete_once(committed: Table) -> None:
    request, (one,) = asked(committed, SECURITY, CAPTAIN), voters(committed, 1)
    two = committed.actor("casey", Role.RELEASE_CAPTAIN)

    refused = at_once(committed, lambda: committed.say(one, request), lambda: committed.say(two, request))

    assert (refused, len(committed.done)) == ([], 1)
    assert ended(committed, request) == ("approved", ["approval.approved"])


def test_one_person_in_two_windows_votes_once(committed: Table) -> None:
    request, (one,) = asked(committed, SECURITY, CAPTAIN), voters(committed, 1)

    refused = at_once(committed, *[lambda: committed.say(one, request)] * 3)

    assert refused == [errors.VotedAlready.code] * 2
    assert committed.done == []


@pytest.mark.parametrize("approve", [True, False])
def test_of_a_vote_and_a_withdrawal_one_wins(committed: Table, approve: bool) -> None:  # noqa: FBT001
    request, (one,) = asked(committed, SECURITY), voters(committed, 1)
    rita = committed.actor("rita")

    refused = at_once(
        committed,
        lambda: committed.say(one, request, approve=approve),
        lambda: withdraw(actor=rita, pk=request.pk, reason="no", at=LATER),
    )

    state, told = ended(committed, request)
    assert refused == [errors.ApprovalClosed.code]
    assert told == [f"approval.{state}"]
    assert len(committed.done) == (state == ApprovalState.APPROVED)


def test_of_a_vote_just_in_time_and_the_expiring_worker_one_wins(committed: Table) -> None:
    request, (one,) = asked(committed, SECURITY), voters(committed, 1)
    sweep = threading.Thread(target=_expire, args=(request.expires_at,))

    sweep.start()
    refused = at_once(committed, lambda: committed.say(one, request))
    sweep.join()

    state, told = ended(committed, request)
    assert told == [f"approval.{state}"]
    assert (state, refused, len(committed.done)) in [
        ("approved", [], 1),
        ("expired", [errors.ApprovalExpired.code], 0),
        ("expired", [errors.ApprovalClosed.code], 0),
    ]


def test_two_expiring_workers_expire_each_request_once(committed: Table) -> None:
    request = asked(committed, SECURITY)
    sweeps = [threading.Thread(target=_expire, args=(request.expires_at,)) for _ in range(3)]

    for sweep in sweeps:
        sweep.start()
    for sweep in sweeps:
        sweep.join()

    assert ended(committed, request) == ("expired", ["approval.expired"])


def _expire(at: datetime) -> None:
    try:
        expire_due(at=at)
    finally:
        connections.close_all()


def test_of_two_people_who_delegate_to_each_other_at_once_one_is_refused(committed: Table) -> None:
    one, two = voters(committed, 2)

    def lend(giver: Actor, taker: Actor) -> Delegation:
        ends_at = NOON + timedelta(days=1)
        return delegate(actor=giver, to=taker.person, starts_at=NOON, ends_at=ends_at, reason="away", at=NOON)

    refused = at_once(committed, lambda: lend(one, two), lambda: lend(two, one))

    assert refused == [errors.DelegationLoop.code]
