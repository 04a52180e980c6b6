"""Deeds of lower rooms that wait for a second person."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from stellapolicy.access import ports
from stellapolicy.audit.services import Target
from stellapolicy.governance.approvals import ApprovalKind, register
from stellapolicy.governance.errors import AskedAlready
from stellapolicy.governance.models import ApprovalRequest
from stellapolicy.governance.quorum import QuorumRule, Seat
from stellapolicy.governance.selectors import switched_on, waits_already
from stellapolicy.governance.services.approvals import hash_of, request_approval
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.canonical_json import JsonValue

# Seeding and the command line of the installation: whoever runs these holds the database anyway. Audited as such.
_INSTALLATION: Final = ("system:", "command:")


class HeldByApproval:
    """Keeps deeds as approval requests; the port `access.ports.SecondPerson`."""

    def hold(
        self,
        *,
        actor: Actor,
        kind: str,
        target: Target,
        payload: Mapping[str, JsonValue],
        reason: str,
        at: datetime,
        excluding: frozenset[str] = frozenset(),
    ) -> UUID | None:
        """Return the id of the request that now waits, or None where the deed may be done at once."""
        held = ports.kinds()[kind]
        if actor.subject.startswith(_INSTALLATION) or (held.setting and not switched_on(held.setting)):
            return None
        if waits_already(kind=kind, payload_hash=hash_of(payload), at=at):
            raise AskedAlready("the very same waits for a second person")
        rule = QuorumRule((Seat("second person", scope=held.scope),), excluded=excluding)
        request = request_approval(
            actor=actor, kind=kind, target=target, payload=payload, rule=rule, reason=reason, at=at
        )
        return request.pk


def adopt_kinds() -> None:
    """Let every deed that lower rooms may hold back be approved here."""
    for held in ports.kinds().values():
        register(_as_approval(held))
    ports.wire(HeldByApproval())


def _as_approval(held: ports.HeldKind) -> ApprovalKind:
    def describe(request: ApprovalRequest) -> tuple[str, ...]:
        return held.describe(request.payload)

    def complete(*, actor: Actor, request: ApprovalRequest, at: datetime) -> object:
        return held.complete(actor=actor, deed=_deed(request), at=at)

    return ApprovalKind(held.name, held.title, held.scope, describe, complete)


def _deed(request: ApprovalRequest) -> ports.HeldDeed:
    return ports.HeldDeed(request.payload, request.requester, request.person, request.reason)
