"""Asking, voting, withdrawing, expiring: what is allowed, and every refusal."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from stellapolicy.access.errors import ReauthenticationNeeded
from stellapolicy.access.roles import Role, Scope
from stellapolicy.audit.models import Entry
from stellapolicy.governance import approvals, errors
from stellapolicy.governance.models import ApprovalRequest, ApprovalState, ApprovalVote
from stellapolicy.governance.quorum import QuorumRule, Seat
from stellapolicy.governance.services.approvals import expire_due, recall, withdraw
from stellapolicy.kernel import digest
from stellapolicy.kernel.refusals import Refusal
from stellapolicy.outbox.models import OutboxEvent
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, ServiceFactory
from tests.stellapolicy.governance.table import CAPTAIN, CISO, KIND, LATER, SECURITY, Jammed, Table, fresh


def test_a_deed_takes_effect_with_the_last_seat_and_not_before(table: Table) -> None:
    request = table.ask(table.actor("rita", Role.REQUESTER), SECURITY, CAPTAIN)

    table.say(table.actor("sam", Role.SECURITY), request)
    assert (fresh(request).state, table.done) == (ApprovalState.OPEN, [])

    table.say(table.actor("casey", Role.RELEASE_CAPTAIN), request)

    assert fresh(request).state == ApprovalState.APPROVED
    assert fresh(request).decided_at == LATER
    assert table.done == [{"deed": "open the door"}]


def test_every_step_is_recorded_and_told(table: Table) -> None:
    request = table.ask(table.actor("rita", Role.REQUESTER))

    table.say(table.actor("sam", Role.SECURITY), request)

    assert list(Entry.objects.order_by("seq").values_list("action", "actor")) == [
        ("approval.requested", "user:rita"),
        ("approval.agreed", "user:sam"),
        ("approval.approved", "user:sam"),
    ]
    assert list(OutboxEvent.objects.order_by("id").values_list("name", "subject")) == [
        ("approval.requested", f"approval_request:{request.pk}"),
        ("approval.approved", f"approval_request:{request.pk}"),
    ]


def test_one_rejection_ends_it(table: Table) -> None:
    request = table.ask(table.actor("rita", Role.REQUESTER), SECURITY, CAPTAIN)

    table.say(table.actor("casey", Role.RELEASE_CAPTAIN), request, approve=False)

    assert fresh(request).state == ApprovalState.REJECTED
    with pytest.raises(errors.ApprovalClosed):
        table.say(table.actor("sam", Role.SECURITY), request)
    assert table.done == []


def test_the_votes_are_over_the_digest_of_the_payload(table: Table) -> None:
    request = table.ask(table.actor("rita", Role.REQUESTER), payload={"b": [1, True], "a": "ü"})

    assert request.payload_hash == digest.of_json({"a": "ü", "b": [1, True]})


def test_whoever_looked_at_something_else_is_told_what_there_is(table: Table) -> None:
    request = table.ask(table.actor("rita", Role.REQUESTER))

    with pytest.raises(errors.PayloadChanged, match=request.payload_hash) as refused:
        table.say(table.actor("sam", Role.SECURITY), request, payload_hash=digest.of_json({}))

    assert refused.value.faults[0].pointer == "/payload_hash"


@pytest.mark.parametrize("approve", [True, False])
def test_nobody_decides_what_they_asked_for(table: Table, approve: bool) -> None:  # noqa: FBT001
    rita = table.actor("rita", Role.SECURITY)
    request = table.ask(rita)

    with pytest.raises(errors.SecondPersonRequired):
        table.say(rita, request, approve=approve)


def test_a_token_of_the_requester_is_the_requester(table: Table) -> None:
    rita = table.actor("rita", Role.SECURITY)
    request = table.ask(rita, rule=QuorumRule((SECURITY,), tokens_vote=True))

    with pytest.raises(errors.SecondPersonRequired):
        table.say(table.token_of(rita), request)


def test_a_person_asked_through_a_token_cannot_agree_in_person(table: Table) -> None:
    rita = table.actor("rita", Role.SECURITY)
    request = table.ask(table.token_of(rita))

    with pytest.raises(errors.SecondPersonRequired):
        table.say(rita, request)


def test_an_excluded_author_does_not_vote(table: Table) -> None:
    sam = table.actor("sam", Role.SECURITY)
    request = table.ask(table.actor("rita", Role.REQUESTER), rule=QuorumRule((SECURITY,)).excluding(sam.person))

    with pytest.raises(errors.SecondPersonRequired):
        table.say(sam, request)


def test_a_person_votes_once(table: Table) -> None:
    sam = table.actor("sam", Role.SECURITY, Role.RELEASE_CAPTAIN)
    request = table.ask(table.actor("rita", Role.REQUESTER), SECURITY, CAPTAIN)
    table.say(sam, request)

    with pytest.raises(errors.VotedAlready):
        table.say(sam, request)


def test_a_person_who_voted_does_not_vote_again_through_a_token(table: Table) -> None:
    sam = table.actor("sam", Role.SECURITY, Role.RELEASE_CAPTAIN)
    rule = QuorumRule((SECURITY, CAPTAIN), tokens_vote=True)
    request = table.ask(table.actor("rita", Role.REQUESTER), rule=rule)
    table.say(table.token_of(sam), request)

    with pytest.raises(errors.VotedAlready):
        table.say(sam, request)


def test_a_token_does_not_vote_where_a_person_has_to_sign_in(table: Table) -> None:
    request = table.ask(table.actor("rita", Role.REQUESTER))

    with pytest.raises(errors.TokenMayNotVote):
        table.say(table.token_of(table.actor("sam", Role.SECURITY)), request)


def test_a_token_brings_no_more_than_its_scopes(table: Table) -> None:
    rule = QuorumRule((Seat("approver", scope=Scope.EXCEPTION_APPROVE),), tokens_vote=True)
    request = table.ask(table.actor("rita", Role.REQUESTER), rule=rule)
    narrow = table.token_of(table.actor("sam", Role.SECURITY), scopes=frozenset({Scope.GOVERNANCE_READ}))

    with pytest.raises(errors.SeatMissing):
        table.say(narrow, request)


def test_who_signed_in_long_ago_proves_again_who_they_are(table: Table) -> None:
    request = table.ask(table.actor("rita", Role.REQUESTER))
    sam = table.actor("sam", Role.SECURITY)

    with pytest.raises(ReauthenticationNeeded):
        table.say(sam, request, at=NOON + timedelta(hours=1))


@pytest.mark.parametrize("roles", [(), (Role.ADMIN,), (Role.RELEASE_CAPTAIN,)])
def test_without_what_a_seat_asks_for_there_is_no_vote(table: Table, roles: tuple[Role, ...]) -> None:
    request = table.ask(table.actor("rita", Role.REQUESTER), SECURITY)

    with pytest.raises((errors.SeatMissing, errors.ApprovalNotFound)):
        table.say(table.actor("nobody", Role.VIEWER, *roles), request, approve=False)


def test_a_superuser_without_a_role_decides_nothing(table: Table) -> None:
    request = table.ask(table.actor("rita", Role.REQUESTER))
    root = table.actor("root")
    table.person("root").is_superuser = True

    with pytest.raises(errors.ApprovalNotFound):
        table.say(root, request)
    with pytest.raises(errors.SeatMissing):
        table.say(replace(root, scopes=frozenset({Scope.GOVERNANCE_READ})), request)


def test_the_product_itself_agrees_to_nothing(table: Table) -> None:
    request = table.ask(table.actor("rita", Role.REQUESTER), Seat("approver", scope=Scope.EXCEPTION_APPROVE))
    worker = replace(table.actor("sam", Role.SECURITY), subject="system:worker", extra={})

    with pytest.raises(errors.SecondPersonRequired):
        table.say(worker, request)


def test_somebody_locked_out_no_longer_sits_anywhere(table: Table) -> None:
    request = table.ask(table.actor("rita", Role.REQUESTER))
    sam = table.actor("sam", Role.SECURITY)
    person = table.person("sam")
    person.is_active = False
    person.save()

    with pytest.raises(errors.SeatMissing):
        table.say(sam, request)


def test_a_second_voter_for_a_filled_seat_is_told_so_and_may_still_reject(table: Table) -> None:
    request = table.ask(table.actor("rita", Role.REQUESTER), SECURITY, CISO)
    table.say(table.actor("sam", Role.SECURITY), request)
    other = table.actor("sue", Role.SECURITY)

    with pytest.raises(errors.SeatsFilled):
        table.say(other, request)
    table.say(other, request, approve=False)

    assert fresh(request).state == ApprovalState.REJECTED


def test_whoever_could_sit_in_two_seats_does_not_stand_in_the_way(table: Table) -> None:
    request = table.ask(table.actor("rita", Role.REQUESTER), SECURITY, CAPTAIN)

    table.say(table.actor("all", Role.SECURITY, Role.RELEASE_CAPTAIN), request)
    table.say(table.actor("sam", Role.SECURITY), request)

    assert fresh(request).state == ApprovalState.APPROVED


def test_a_role_for_one_service_does_not_decide_about_two(table: Table) -> None:
    here, there = ServiceFactory(), ServiceFactory()
    both = Seat("security", roles=(Role.SECURITY,), services=(here.pk, there.pk))
    request = table.ask(table.actor("rita", Role.REQUESTER), both)
    half = table.actor("half", Role.SECURITY, service=here)

    with pytest.raises(errors.ApprovalNotFound):
        table.say(half, request)
    table.say(table.actor("half", Role.SECURITY, service=there), request)

    assert fresh(request).state == ApprovalState.APPROVED


def test_at_the_very_instant_it_expires_it_cannot_be_voted_though_no_worker_ran(table: Table) -> None:
    request = table.ask(table.actor("rita", Role.REQUESTER), expires_at=LATER)

    with pytest.raises(errors.ApprovalExpired):
        table.say(table.actor("sam", Role.SECURITY), request, at=LATER)

    assert fresh(request).state == ApprovalState.OPEN
    assert fresh(request).standing(at=LATER) == ApprovalState.EXPIRED


def test_without_an_end_of_its_own_it_waits_as_long_as_the_setting_says(table: Table) -> None:
    request = table.ask(table.actor("rita", Role.REQUESTER))

    assert request.expires_at == NOON + timedelta(days=7)


@pytest.mark.parametrize("wait", [timedelta(0), timedelta(days=-1), timedelta(days=91)])
def test_it_waits_longer_than_no_time_and_not_for_ever(table: Table, wait: timedelta) -> None:
    with pytest.raises(errors.TimeOutRefused):
        table.ask(table.actor("rita", Role.REQUESTER), expires_at=NOON + wait)


def test_a_completion_that_refuses_leaves_neither_vote_nor_decision(table: Table) -> None:
    request = table.ask(table.actor("rita", Role.REQUESTER))
    sam = table.actor("sam", Role.SECURITY)
    table.jammed = True

    with pytest.raises(Jammed):
        table.say(sam, request)

    assert fresh(request).state == ApprovalState.OPEN
    assert not ApprovalVote.objects.exists()
    table.jammed = False
    table.say(sam, request)
    assert fresh(request).state == ApprovalState.APPROVED


def test_whoever_asked_takes_it_back_and_nobody_else(table: Table) -> None:
    rita = table.actor("rita", Role.REQUESTER)
    request = table.ask(rita)

    with pytest.raises(errors.NotYours):
        withdraw(actor=table.actor("sam", Role.SECURITY), pk=request.pk, reason="no", at=LATER)
    withdraw(actor=rita, pk=request.pk, reason="not needed", at=LATER)

    assert fresh(request).state == ApprovalState.WITHDRAWN
    with pytest.raises(errors.ApprovalClosed):
        withdraw(actor=rita, pk=request.pk, reason="again", at=LATER)


def test_the_room_of_a_kind_recalls_what_has_changed_and_only_its_own(table: Table) -> None:
    request = table.ask(table.actor("rita", Role.REQUESTER))
    sam = table.actor("sam", Role.SECURITY)

    with pytest.raises(errors.ApprovalNotFound):
        recall(actor=sam, pk=request.pk, kind="governance.setting", reason="new terms", at=LATER)
    recall(actor=sam, pk=request.pk, kind=KIND, reason="new terms", at=LATER)

    assert fresh(request).state == ApprovalState.WITHDRAWN


def test_a_request_of_another_tenant_is_not_there(table: Table, other_tenant: Tenant) -> None:
    request = table.ask(table.actor("rita", Role.REQUESTER))
    stranger = replace(table.actor("sam", Role.SECURITY), tenant_id=other_tenant.pk)

    with pytest.raises(errors.ApprovalNotFound):
        table.say(stranger, replace_pk(request))


def replace_pk(request: ApprovalRequest) -> ApprovalRequest:
    return ApprovalRequest(pk=UUID(int=request.pk.int ^ 1), payload_hash=request.payload_hash)


@pytest.mark.parametrize("reason", ["", "   "])
def test_asking_and_rejecting_need_a_reason(table: Table, reason: str) -> None:
    rita = table.actor("rita", Role.REQUESTER)
    request = table.ask(rita)

    with pytest.raises(errors.ReasonMissing):
        table.ask(rita, reason=reason)
    with pytest.raises(errors.ReasonMissing):
        table.say(table.actor("sam", Role.SECURITY), request, approve=False, reason=reason)


def test_a_payload_without_canonical_form_is_refused(table: Table) -> None:
    with pytest.raises(errors.PayloadRefused):
        table.ask(table.actor("rita", Role.REQUESTER), payload={"number": 2**60})


def test_nobody_is_enough_only_where_the_kind_says_so(table: Table) -> None:
    rita = table.actor("rita", Role.REQUESTER)

    with pytest.raises(errors.NobodyAsked):
        table.ask(rita, rule=QuorumRule(()))
    approvals._KINDS[KIND] = replace(table.kind(), may_be_automatic=True)
    request = table.ask(rita, rule=QuorumRule(()))

    assert fresh(request).state == ApprovalState.APPROVED
    assert len(table.done) == 1


def test_the_worker_closes_what_ran_out_in_every_tenant_once(table: Table, tenant: Tenant) -> None:
    request = table.ask(table.actor("rita", Role.REQUESTER), expires_at=LATER)
    still = table.ask(table.actor("rita"), expires_at=LATER + timedelta(seconds=1))

    with tenant_scope(tenant.pk):
        counts = [expire_due(at=LATER), expire_due(at=LATER)]

    assert counts == [1, 0]
    assert [fresh(each).state for each in (request, still)] == [ApprovalState.EXPIRED, ApprovalState.OPEN]
    assert OutboxEvent.objects.filter(name="approval.expired").count() == 1


def test_every_refusal_has_a_code_of_its_own() -> None:
    refusals = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Refusal)]
    own = [each for each in refusals if each is not Refusal]

    assert len({each.code for each in own}) == len(own)
