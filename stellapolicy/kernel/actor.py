"""Who acts: the one value every service receives first."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from uuid import UUID

from stellapolicy.kernel.refusals import Refusal


class ScopeMissing(Refusal):
    """The actor may not do this."""

    code = "scope.missing"
    status = HTTPStatus.FORBIDDEN
    title = "A scope is missing"


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, token or worker, in one tenant, with what it may do.

    `scopes` are held in the whole tenant, or in `services` alone where these are given; `service_scopes` are held
    beside them, each in one service.
    """

    tenant_id: UUID
    subject: str
    scopes: frozenset[str] = frozenset()
    services: frozenset[UUID] | None = None
    address: str = ""
    request_id: str = ""
    extra: dict[str, str] = field(default_factory=dict, compare=False)
    service_scopes: Mapping[UUID, frozenset[str]] = field(default_factory=dict, hash=False)

    @property
    def person(self) -> str:
        """The subject of the human behind this actor: a token is its person where two people are needed."""
        return self.extra.get("person", self.subject)

    @property
    def people(self) -> frozenset[str]:
        """Everybody who may be at work here: the person, and who could act as them by what they gave out.

        `extra` names these, parted by blanks: `issued_by`, who was shown the secret of the token, and `password_by`,
        who chose the person's password. Wherever two people are needed these are one.
        """
        others = f"{self.extra.get('issued_by', '')} {self.extra.get('password_by', '')}"
        return frozenset({self.person, *others.split()})

    def holds(self, scope: str) -> bool:
        """Whether this actor holds the scope in all of `services` (in the whole tenant where they are None)."""
        return scope in self.scopes

    def holds_anywhere(self, scope: str) -> bool:
        """Whether this actor holds the scope in at least one service: enough to open the door, not to act."""
        return scope in self.scopes or any(scope in held for held in self.service_scopes.values())

    def holds_for(self, scope: str, service: UUID | None) -> bool:
        """Whether this actor holds the scope for a service; None asks for what belongs to no service."""
        if scope in self.scopes and (self.services is None or service in self.services):
            return True
        return service is not None and scope in self.service_scopes.get(service, frozenset())

    def services_with(self, scope: str) -> frozenset[UUID] | None:
        """Return the services in which the scope, or one of several written `a|b`, is held; None means everywhere."""
        reached = [self._services_of(each) for each in scope.split("|")]
        if None in reached:
            return None
        return frozenset[UUID]().union(*(services for services in reached if services is not None))

    def _services_of(self, scope: str) -> frozenset[UUID] | None:
        if scope in self.scopes and self.services is None:
            return None
        wide = self.services if scope in self.scopes and self.services is not None else frozenset[UUID]()
        return wide.union(service for service, held in self.service_scopes.items() if scope in held)

    def require(self, scope: str, *, service: UUID | None = None) -> None:
        """Refuse an actor that does not hold the scope for the service (None: for the tenant as such)."""
        if not self.holds_for(scope, service):
            raise ScopeMissing(f"{self.subject} does not hold {scope}")
