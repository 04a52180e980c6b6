"""Who acts: the one value every service receives first."""

from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, token or worker, in one tenant, with what it may do."""

    tenant_id: UUID
    subject: str
    scopes: frozenset[str] = frozenset()
    services: frozenset[UUID] | None = None
    address: str = ""
    request_id: str = ""
    extra: dict[str, str] = field(default_factory=dict, compare=False)

    def holds(self, scope: str) -> bool:
        """Whether this actor holds the scope."""
        return scope in self.scopes
