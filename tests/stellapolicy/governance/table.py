"""Somewhere to decide: people with roles, and a kind of request that remembers what took effect."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from stellapolicy.access.models import User
from stellapolicy.access.reauthentication import AUTHENTICATED_AT, EXEMPTION
from stellapolicy.access.roles import Role, Scope
from stellapolicy.access.selectors import grants_of
from stellapolicy.audit.services import Target
from stellapolicy.governance.approvals import ApprovalKind
from stellapolicy.governance.models import ApprovalRequest
from stellapolicy.governance.quorum import QuorumRule, Seat
from stellapolicy.governance.services.approvals import request_approval, vote
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.kernel.refusals import Refusal
from stellapolicy.tenancy.models import Service, Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, UserFactory, give_roles

KIND = "test.deed"
SECURITY = Seat("security", roles=(Role.SECURITY,))
CAPTAIN = Seat("release captain", roles=(Role.RELEASE_CAPTAIN,))
CISO = Seat("ciso", roles=(Role.CISO,))
LATER = NOON + timedelta(minutes=5)


class Jammed(Refusal):
    """What the deed of the test refuses with."""

    code = "test.jammed"


@dataclass
class Table:
    """A tenant, its people, and the payloads that took effect."""

    tenant: Tenant
    done: list[dict[str, Any]] = field(default_factory=list)
    jammed: bool = False

    def kind(self) -> ApprovalKind:
        """Return the kind of request decided here."""
        return ApprovalKind(KIND, "Deed", Scope.EXCEPTION_APPROVE, lambda _: ("It is done.",), self._complete)

    def _complete(self, *, actor: Actor, request: ApprovalRequest, at: datetime) -> None:
        assert (actor.person, at.tzinfo) != ("", None)
        if self.jammed:
            raise Jammed("it does not move")
        self.done.append(request.payload)

    def person(self, name: str, *roles: Role, service: Service | None = None) -> User:
        """Make somebody known who holds these roles."""
        user = User.objects.filter(username=name).first() or UserFactory(username=name)
        give_roles(user, self.tenant, *roles, service=service)
        return user

    def actor(self, name: str, *roles: Role, service: Service | None = None, at: datetime = NOON) -> Actor:
        """Return somebody who signed in just now, with what their roles bring."""
        user = self.person(name, *roles, service=service)
        with tenant_scope(self.tenant.pk):
            grants = grants_of(user)
        return Actor(
            tenant_id=self.tenant.pk,
            subject=user.subject,
            scopes=frozenset(grants.everywhere),
            service_scopes=dict(grants.by_service),
            extra={"person": user.subject, AUTHENTICATED_AT: rfc3339(at)},
        )

    def token_of(self, actor: Actor, *, scopes: frozenset[str] | None = None) -> Actor:
        """Return a token that speaks for somebody."""
        return Actor(
            tenant_id=actor.tenant_id,
            subject="token:ci",
            scopes=actor.scopes if scopes is None else scopes,
            extra={"person": actor.person, **EXEMPTION},
        )

    def ask(self, requester: Actor, *seats: Seat, **said: Any) -> ApprovalRequest:
        """Ask for a deed."""
        payload = said.pop("payload", {"deed": "open the door"})
        rule = said.pop("rule", QuorumRule(seats or (SECURITY,)))
        target = Target("test.door", "front")
        said = {"reason": "because", "at": NOON, **said}
        return request_approval(actor=requester, kind=KIND, target=target, payload=payload, rule=rule, **said)

    def say(self, actor: Actor, request: ApprovalRequest, *, approve: bool = True, **said: Any) -> ApprovalRequest:
        """Vote."""
        said = {"payload_hash": request.payload_hash, "reason": "seen", "at": LATER, **said}
        return vote(actor=actor, pk=request.pk, approve=approve, **said)


def fresh(request: ApprovalRequest) -> ApprovalRequest:
    """Return the request as it is stored."""
    return ApprovalRequest.objects.get(pk=request.pk)
