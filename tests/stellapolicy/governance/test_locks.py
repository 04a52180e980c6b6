"""What PostgreSQL itself refuses, and what the documentation says of the states."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django_fsm import TransitionNotAllowed

from stellapolicy.access.roles import Role
from stellapolicy.governance.models import ApprovalRequest, ApprovalState, ApprovalVote
from stellapolicy.governance.services.approvals import withdraw
from tests.factories import NOON
from tests.state_diagrams import mermaid
from tests.stellapolicy.governance.table import LATER, Table

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "approvals.md"


@pytest.fixture
def open_request(table: Table) -> ApprovalRequest:
    """A request that waits."""
    return table.ask(table.actor("rita", Role.REQUESTER))


@pytest.mark.parametrize(
    "changed",
    [
        {"payload": {"deed": "open every door"}},
        {"payload_hash": "sha256:0"},
        {"rule": {"seats": []}},
        {"person": "user:eve"},
        {"requester": "user:eve"},
        {"expires_at": NOON + timedelta(days=60)},
        {"kind": "other"},
        {"target_id": "back"},
        {"reason": "none"},
    ],
)
def test_what_was_asked_never_changes(open_request: ApprovalRequest, changed: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        ApprovalRequest.objects.filter(pk=open_request.pk).update(**changed)


def test_a_closed_request_stays_as_it_is(table: Table, open_request: ApprovalRequest) -> None:
    withdraw(actor=table.actor("rita"), pk=open_request.pk, reason="no", at=LATER)

    with pytest.raises(IntegrityError, match="stays closed"), transaction.atomic():
        set_state(open_request, "open")
    with pytest.raises(IntegrityError, match="stays closed"), transaction.atomic():
        set_state(open_request, "approved")


def test_no_request_is_born_approved_nor_removed(open_request: ApprovalRequest) -> None:
    twin = ApprovalRequest(
        kind="k",
        target_type="t",
        target_id="i",
        payload={},
        payload_hash="h",
        rule={},
        requester="user:r",
        person="user:r",
        reason="r",
        created_at=NOON,
        expires_at=LATER,
        decided_at=NOON,
    )
    twin.approve()

    with pytest.raises(IntegrityError, match="begins open"), transaction.atomic():
        twin.save(force_insert=True)
    with pytest.raises(IntegrityError, match="stay"), transaction.atomic():
        ApprovalRequest.objects.filter(pk=open_request.pk).delete()


@pytest.mark.parametrize("state,decided", [("open", "now()"), ("approved", "NULL"), ("maybe", "now()")])
def test_a_state_has_its_instant_and_is_one_of_those_there_are(
    open_request: ApprovalRequest, state: str, decided: str
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        set_state(open_request, state, decided)


def set_state(request: ApprovalRequest, state: str, decided: str = "now()") -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE governance_approvalrequest SET state = %s, decided_at = {decided} WHERE id = %s",  # noqa: S608 - ours
            [state, request.pk],
        )


@pytest.mark.parametrize(
    "said",
    [
        {"person": "user:rita"},
        {"holder": "user:rita"},
        {"payload_hash": "sha256:0"},
        {"at": NOON + timedelta(days=7)},
    ],
)
def test_a_vote_is_one_of_somebody_else_in_time_about_the_payload(
    open_request: ApprovalRequest, said: dict[str, Any]
) -> None:
    with pytest.raises(IntegrityError, match="not one on an open request"), transaction.atomic():
        vote_on(open_request, **said).save(force_insert=True)


def test_a_vote_is_neither_changed_nor_removed_nor_doubled(open_request: ApprovalRequest) -> None:
    vote_on(open_request).save(force_insert=True)

    for second in ({"holder": "user:other"}, {"person": "user:other"}):
        with pytest.raises(IntegrityError, match="one_vote_per"), transaction.atomic():
            vote_on(open_request, **second).save(force_insert=True)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        ApprovalVote.objects.update(approves=False)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        ApprovalVote.objects.all().delete()


def vote_on(request: ApprovalRequest, **said: Any) -> ApprovalVote:
    plain = {"person": "user:sam", "subject": "user:sam", "holder": "user:sam", "payload_hash": request.payload_hash}
    return ApprovalVote(**{"request": request, "approves": True, "seats": [0], "at": LATER, **plain, **said})


@pytest.mark.parametrize("verb", ["approve", "reject", "withdraw", "expire"])
def test_no_transition_leaves_a_final_state(open_request: ApprovalRequest, verb: str) -> None:
    open_request.withdraw()

    with pytest.raises(TransitionNotAllowed):
        getattr(open_request, verb)()

    assert open_request.state == ApprovalState.WITHDRAWN


def test_the_documented_diagram_is_the_one_of_the_code() -> None:
    assert mermaid(ApprovalRequest) in DOCUMENT.read_text(encoding="utf-8")
