"""What the pages of exceptions show: one in force that changed a verdict, one that waits, and a table of one's own."""

from datetime import datetime
from uuid import uuid4

from exceptions.models import PolicyException
from exceptions.models.story import CommentKind
from exceptions.rules.level_table import SMALL_TEAM, write_levels
from exceptions.rules.vocabulary import Reason
from exceptions.services.applications import Applied, record_applications
from exceptions.services.approval_levels import propose_levels
from exceptions.services.evidence import Attached, attach_evidence
from exceptions.services.thread import say
from stellapolicy.access.roles import Role
from stellapolicy.governance.services.approvals import vote
from stellapolicy.outbox.services import dispatching
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.exceptions.desk import Desk
from tests.factories import person_with
from tests.inhabitants.governance import administrator
from tests.reports import digest_of


def forgive(desk: Desk, image: str, *, held: str, asked: str, at: datetime) -> None:
    """Let people forgive one vulnerability of an image and ask about another, before two change who agrees."""
    with tenant_scope(desk.tenant.pk):
        forgiven = desk.in_force(vulnerability=held, at=at)
        _apply(forgiven, image, at=at)
        _attach(desk, forgiven, at=at)
        waiting = desk.ask(vulnerability=asked, reason=Reason.SCHEDULED_FIX, environment="production", at=at)
        say(
            actor=desk.actor("sam", at=at),
            pk=waiting.pk,
            text="Which release has the fix?",
            kind=CommentKind.QUESTION,
            at=at,
        )
        _attach(desk, waiting, at=at)
        # Approvals are signed by whoever follows them.
        dispatching.dispatch(clock=lambda: at)
    _change_the_table(desk.tenant, at=at)


def _apply(exception: PolicyException, image: str, *, at: datetime) -> None:
    """Let an exception have changed a verdict."""
    assert exception.terms is not None
    applied = Applied(exception.pk, exception.terms.pk, "vulnerability:quiet", "blocked", "deferred", exception.effect)
    record_applications(
        [applied],
        run=uuid4(),
        artifact_digest=digest_of(image),
        environment="production",
        program_digest=digest_of("program"),
        is_present=True,
        at=at,
    )


def _attach(desk: Desk, exception: PolicyException, *, at: datetime) -> None:
    """Let whoever asked attach a file."""
    note = Attached(filename="plan.txt", content_type="text/plain", content=b"next week", note="the plan")
    attach_evidence(actor=desk.actor("ada", at=at), pk=exception.pk, attached=note, at=at)


def _change_the_table(tenant: Tenant, *, at: datetime) -> None:
    """Let two administrators choose the table of a small team."""
    ada, bob = (administrator(tenant, person_with(tenant, Role.ADMIN), at=at) for _ in range(2))
    with tenant_scope(tenant.pk):
        change = propose_levels(actor=ada, levels=write_levels(SMALL_TEAM), reason="we are few", at=at)
        vote(actor=bob, pk=change.pk, approve=True, payload_hash=change.payload_hash, reason="agreed", at=at)
