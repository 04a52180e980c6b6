"""The table of approval levels of a tenant: proposed by one, in force once another agreed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import transaction

from exceptions.errors import TableMoved, TableRefused
from exceptions.models import ApprovalTable
from exceptions.rules.level_table import PRESETS, LevelRule, read_levels, write_levels
from exceptions.rules.wording import counted
from stellapolicy.access.roles import Scope
from stellapolicy.audit.services import Target, record
from stellapolicy.governance.errors import AskedAlready
from stellapolicy.governance.models import ApprovalRequest
from stellapolicy.governance.quorum import QuorumRule, Seat
from stellapolicy.governance.selectors import waits_already
from stellapolicy.governance.services.approvals import hash_of, request_approval
from stellapolicy.kernel import digest
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.refusals import Fault

KIND: Final = "exception.approval_levels"
TARGET_TYPE: Final = "approval_levels"
RULE: Final = QuorumRule((Seat("second person"),))


@transaction.atomic
def propose_levels(*, actor: Actor, levels: Sequence[JsonValue], reason: str, at: datetime) -> ApprovalRequest:
    """Ask for another table of levels; it decides who lets exceptions through, so a second person confirms it.

    Raises TableRefused with every mistake, AskedAlready, ScopeMissing.
    """
    actor.require(Scope.GOVERNANCE_WRITE)
    read = read_table(levels)
    newest = ApprovalTable.objects.order_by("-version").first()
    payload: dict[str, JsonValue] = {"levels": write_levels(read), "version": newest.version if newest else 0}
    if waits_already(kind=KIND, payload_hash=hash_of(payload), at=at):
        raise AskedAlready("the very same table waits for a second person")
    target = Target(TARGET_TYPE, "levels")
    return request_approval(actor=actor, kind=KIND, target=target, payload=payload, rule=RULE, reason=reason, at=at)


def complete_levels(*, actor: Actor, request: ApprovalRequest, at: datetime) -> ApprovalTable:
    """Let the table hold that was confirmed; refuses where it was changed since it was proposed."""
    newest = ApprovalTable.objects.order_by("-version").first()
    if (newest.version if newest else 0) != request.payload["version"]:
        raise TableMoved("propose the change anew")
    read = read_table(request.payload["levels"])
    stored = write_levels(read)
    table = ApprovalTable(
        version=request.payload["version"] + 1,
        preset=preset_of(read),
        levels=stored,
        digest=digest.of_json(stored),
        request=request,
        proposed_by=request.requester,
        confirmed_by=actor.subject,
        reason=request.reason,
        at=at,
    )
    table.save(force_insert=True)
    before = newest.digest if newest else ""
    record(
        actor,
        "exception.levels_changed",
        Target(TARGET_TYPE, "levels"),
        at=at,
        before_digest=before,
        after_digest=table.digest,
        reason=request.reason,
    )
    return table


def describe_levels(request: ApprovalRequest) -> tuple[str, ...]:
    """Return in words what confirming does."""
    read = read_table(request.payload["levels"])
    return (
        "Who must agree to exceptions, from now on:",
        *(_in_words(rule) for rule in read),
        "Requests that wait already keep the seats they were made with.",
    )


def read_table(levels: object) -> tuple[LevelRule, ...]:
    """Return a table as an administrator wrote it; refuses it with every mistake."""
    faults: list[Fault] = []
    read = read_levels(levels, faults=faults)  # type: ignore[arg-type]  # whatever somebody posted
    if faults:
        raise TableRefused(f"{counted(len(faults), 'mistake')}; the first: {faults[0].message}", faults=tuple(faults))
    return read


def preset_of(levels: Sequence[LevelRule]) -> str:
    """Return the shipped table that this one equals, or nothing."""
    return next((name for name, table in PRESETS.items() if tuple(table) == tuple(levels)), "")


def _in_words(rule: LevelRule) -> str:
    names = ", ".join(seat.name for seat in rule.seats) or "nobody"
    return f"{rule.level.value.upper()}: {rule.people} of {names}."
