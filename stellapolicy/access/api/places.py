"""The team or service a request names, in the tenant of the scope."""

from uuid import UUID

from stellapolicy.access.errors import ServiceNotFound, TeamNotFound
from stellapolicy.tenancy.models import Service, Team


def team_of(pk: UUID | None) -> Team | None:
    """Return the team of an id, None for none; refuses one that the tenant has not."""
    team = Team.objects.filter(pk=pk).first() if pk else None
    if pk and team is None:
        raise TeamNotFound("there is no such team in this tenant")
    return team


def service_of(pk: UUID | None) -> Service | None:
    """Return the service of an id, None for none; refuses one that the tenant has not."""
    service = Service.objects.filter(pk=pk).first() if pk else None
    if pk and service is None:
        raise ServiceNotFound("there is no such service in this tenant")
    return service
