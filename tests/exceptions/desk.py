"""People at a desk: somebody who asks for exceptions, and everybody who may decide about them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from exceptions.asking import Asked
from exceptions.matching.scope import PackageScope, Scope
from exceptions.models import ExceptionTerms, PolicyException
from exceptions.rules.hooks import HookKind
from exceptions.rules.vocabulary import ExceptionType, Reason
from exceptions.selectors import request_for
from exceptions.services.approval import approve_exception
from exceptions.services.evidence import Attached, attach_evidence
from exceptions.services.request import request_exception
from stellapolicy.access.models import User
from stellapolicy.access.reauthentication import AUTHENTICATED_AT
from stellapolicy.access.roles import Role, scopes_of_roles
from stellapolicy.governance.models import ApprovalRequest
from stellapolicy.governance.selectors import voter_of
from stellapolicy.governance.voting import possibilities
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.tenancy.models import Tenant
from tests.factories import NOON, UserFactory, give_roles, person_with

DAY = timedelta(days=1)
WHY = "The vulnerable class is never loaded by this service; its upgrade is planned for the next release."
# Whoever holds these fills every seat of the shipped table, each one of them.
SEATS = {
    "riley": Role.REVIEWER,
    "sam": Role.SECURITY,
    "casey": Role.RELEASE_CAPTAIN,
    "kit": Role.CISO,
}


@dataclass(frozen=True, slots=True)
class Desk:
    """The people of a tenant: `ada` asks; riley, sam, casey and kit decide, each from a seat of their own."""

    tenant: Tenant
    users: dict[str, User] = field(default_factory=dict)

    def actor(self, name: str, *, at: datetime = NOON, services: Iterable[UUID] | None = None) -> Actor:
        """Return a person as they act after having signed in at the instant."""
        user = self.users[name]
        role = Role.REQUESTER if name == "ada" else SEATS.get(name, Role.REQUESTER)
        return Actor(
            tenant_id=self.tenant.pk,
            subject=user.subject,
            scopes=frozenset(scopes_of_roles([role])),
            services=None if services is None else frozenset(services),
            extra={"person": user.subject, AUTHENTICATED_AT: rfc3339(at)},
        )

    def ask(self, *, by: str = "ada", at: datetime = NOON, **said: Any) -> PolicyException:
        """Ask for an exception; what is not said is a short acceptance of one vulnerability."""
        return request_exception(actor=self.actor(by, at=at), asked=asked(at=at, **said), at=at)

    def approve(
        self, exception: PolicyException, *, by: Iterable[str] | None = None, at: datetime = NOON
    ) -> PolicyException:
        """Let people approve its newest terms: by name, or as many as the seats need."""
        names = list(by) if by is not None else list(SEATS)
        for name in names:
            request = waiting(exception)
            if request is None or request.state != "open":
                break
            if by is None and not could(self.actor(name, at=at), request, at=at):
                continue
            exception = approve_exception(
                actor=self.actor(name, at=at),
                pk=exception.pk,
                payload_hash=request.payload_hash,
                comment="looked at it",
                at=at,
            )
        exception.refresh_from_db()
        return exception

    def in_force(self, *, at: datetime = NOON, **said: Any) -> PolicyException:
        """Ask for an exception and let everybody it takes approve it, with the evidence it takes."""
        exception = self.ask(at=at, **said)
        if exception.level in {"a3", "a4"} and exception.kind == "plan":
            self.show_a_control(exception, at=at)
        return self.approve(exception, at=at)

    def show_a_control(self, exception: PolicyException, *, at: datetime = NOON) -> None:
        """Attach what the hook of a compensating control asks for."""
        attached = Attached(
            hook=HookKind.COMPENSATING_CONTROL,
            claims={"control": "waf-rule-1042", "verified_by": "sam", "verified_at": rfc3339(at - DAY)},
            issued_at=at - DAY,
        )
        attach_evidence(actor=self.actor("ada", at=at), pk=exception.pk, attached=attached, at=at)


def make_desk(tenant: Tenant) -> Desk:
    """Give a tenant its people."""
    desk = Desk(tenant)
    for name, role in {"ada": Role.REQUESTER, **SEATS}.items():
        user = UserFactory(username=f"{tenant.slug}-{name}")
        give_roles(user, tenant, role)
        desk.users[name] = user
    return desk


def administrator(tenant: Tenant) -> Actor:
    """Return somebody new who runs a tenant, signed in at noon."""
    person = person_with(tenant, Role.ADMIN)
    return Actor(
        tenant_id=tenant.pk,
        subject=person.subject,
        scopes=frozenset(scopes_of_roles([Role.ADMIN])),
        extra={"person": person.subject, AUTHENTICATED_AT: rfc3339(NOON)},
    )


def asked(*, at: datetime = NOON, **said: Any) -> Asked:
    """Return a request; `vulnerability`, `package`, `rule` and the like are short for a scope of one."""
    named = Scope(
        vulnerabilities=_one(said.pop("vulnerability", None)),
        packages=tuple(PackageScope(one) for one in _one(said.pop("package", None))),
        rules=_one(said.pop("rule", None)),
        services=_one(said.pop("service", None)),
        environments=_one(said.pop("environment", None)),
        digests=_one(said.pop("digest", None)),
    )
    scope = said.pop("scope", named)
    days = said.pop("days", 5)
    return Asked(
        **{
            "type": ExceptionType.VULNERABILITY,
            "reason": Reason.ACCEPTED_RISK,
            "scope": scope,
            "expires_at": at + timedelta(days=days),
            "rationale": WHY,
            "ticket": "SEC-1",
            **said,
        }
    )


def waiting(exception: PolicyException) -> ApprovalRequest | None:
    """Return the newest request on the newest terms."""
    newest = ExceptionTerms.objects.filter(exception=exception).order_by("-version").first()
    return None if newest is None else request_for(newest)


def could(actor: Actor, request: ApprovalRequest, *, at: datetime) -> bool:
    """Whether an actor could approve now."""
    votes = possibilities(voter_of(actor, at=at), request, request.ballots(), at=at)
    return any(one.may_approve for one in votes)


def fresh(exception: PolicyException) -> PolicyException:
    """Return an exception as it is kept."""
    return PolicyException.objects.with_terms().get(pk=exception.pk)


def _one(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)
