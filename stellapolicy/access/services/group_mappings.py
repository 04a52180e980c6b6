"""Which groups of the identity provider hold which roles: a standing grant, which a second person confirms."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from stellapolicy.access.errors import ServiceNotFound, TeamNotFound
from stellapolicy.access.identity_errors import GroupMappedAlready, GroupMappingNotFound
from stellapolicy.access.models import GroupMapping, RoleAssignment
from stellapolicy.access.ports import HeldDeed, second_person
from stellapolicy.access.roles import POWERS, Role, Scope
from stellapolicy.access.services.provisioning import GIVEN_BY
from stellapolicy.audit.services import Target, record
from stellapolicy.kernel import digest
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.tenancy.models import Service, Team

KIND: Final = "access.group_mapping"
_SCOPE = Scope.GOVERNANCE_WRITE


@dataclass(frozen=True, slots=True)
class MappingGrant:
    """A mapping that holds from now on, or the request that waits for a second person; one of the two."""

    mapping: GroupMapping | None
    request_id: UUID | None


@transaction.atomic
def map_group(
    *,
    actor: Actor,
    group: str,
    role: Role,
    at: datetime,
    team: Team | None = None,
    service: Service | None = None,
    reason: str = "",
) -> MappingGrant:
    """Let everybody in a group hold a role from their next sign-in on; a second person confirms whatever role it is."""
    actor.require(_SCOPE)
    _refuse_mapped(group, role, team, service)
    request_id = second_person().hold(
        actor=actor,
        kind=KIND,
        target=Target("access.groupmapping", group),
        payload=_payload(group, role, team, service),
        reason=reason or f"{role} for the group {group}",
        at=at,
    )
    if request_id is not None:
        return MappingGrant(None, request_id)
    return MappingGrant(_map(actor, group, role, team, service, by=actor.subject, reason=reason, at=at), None)


def complete_group_mapping(*, actor: Actor, deed: HeldDeed, at: datetime) -> GroupMapping:
    """Map a group as a second person has confirmed; refuses where team or service are gone."""
    asked = deed.payload
    team = Team.objects.filter(pk=str(asked["team_id"])).first() if asked["team_id"] else None
    service = Service.objects.filter(pk=str(asked["service_id"])).first() if asked["service_id"] else None
    if asked["team_id"] and team is None:
        raise TeamNotFound("the team is gone")
    if asked["service_id"] and service is None:
        raise ServiceNotFound("the service is gone")
    group, role = str(asked["group"]), Role(str(asked["role"]))
    return _map(actor, group, role, team, service, by=deed.requester, reason=deed.reason, at=at)


def describe_group_mapping(payload: Mapping[str, JsonValue]) -> tuple[str, ...]:
    """Return in words what a mapping that waits would bring."""
    role = Role(str(payload["role"]))
    named = f"{role.value.replace('_', ' ')} for {payload['reach']}"
    return (
        f"Whoever the identity provider puts into the group {payload['group']} becomes {named}.",
        "That happens at their next sign-in, without asking anybody here.",
        f"It lets them use {', '.join(sorted(POWERS[role].scopes))}.",
    )


@transaction.atomic
def unmap_group(*, actor: Actor, pk: UUID, at: datetime, reason: str = "") -> None:
    """Take a role from a group: whoever held it by this group alone loses it at once, and nobody need confirm."""
    actor.require(_SCOPE)
    mapping = GroupMapping.objects.locked().filter(pk=pk).first()
    if mapping is None:
        raise GroupMappingNotFound("there is no such mapping in this tenant")
    record(actor, "group_mapping.removed", mapping, at=at, before_digest=_digest(mapping), reason=reason)
    held = RoleAssignment.objects.locked().filter(
        granted_by=f"{GIVEN_BY}{mapping.group}",
        role=mapping.role,
        team=mapping.team,
        service=mapping.service,
    )
    same = GroupMapping.objects.filter(role=mapping.role, team=mapping.team, service=mapping.service)
    others = tuple(same.exclude(pk=mapping.pk).order_by("group", "pk").values_list("group", flat=True))
    for assignment in held.order_by("pk").select_related("user"):
        heir = next((group for group in others if group in assignment.user.provider_groups), None)
        if heir is not None:
            assignment.granted_by = f"{GIVEN_BY}{heir}"
            assignment.save(update_fields=["granted_by"])
            continue
        record(actor, "role.withdrawn", assignment, at=at, reason=f"{mapping.group} no longer brings it")
        assignment.delete()
    mapping.delete()


def _refuse_mapped(group: str, role: Role, team: Team | None, service: Service | None) -> None:
    if GroupMapping.objects.filter(group=group, role=role, team=team, service=service).exists():
        raise GroupMappedAlready(f"the group {group} brings {role} for this already")


def _map(
    actor: Actor,
    group: str,
    role: Role,
    team: Team | None,
    service: Service | None,
    *,
    by: str,
    reason: str,
    at: datetime,
) -> GroupMapping:
    mapping = GroupMapping(
        tenant_id=actor.tenant_id, group=group, role=role, team=team, service=service, created_by=by, created_at=at
    )
    try:
        with transaction.atomic():
            mapping.save(force_insert=True)
    except IntegrityError:
        raise GroupMappedAlready(f"the group {group} brings {role} for this already") from None
    record(actor, "group_mapping.added", mapping, at=at, after_digest=_digest(mapping), reason=reason)
    return mapping


def _payload(group: str, role: Role, team: Team | None, service: Service | None) -> dict[str, JsonValue]:
    reach = "the whole tenant"
    if service is not None:
        reach = f"the service {service.slug}"
    elif team is not None:
        reach = f"the services of {team.slug}"
    return {
        "group": group,
        "role": role.value,
        "team_id": str(team.pk) if team else None,
        "service_id": str(service.pk) if service else None,
        "reach": reach,
    }


def _digest(mapping: GroupMapping) -> str:
    return digest.of_json(
        {
            "group": mapping.group,
            "role": mapping.role,
            "team": str(mapping.team_id) if mapping.team_id else None,
            "service": str(mapping.service_id) if mapping.service_id else None,
        }
    )
