"""Teams, services and environments: what a tenant is made of, named once and described anew when it changes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

import msgspec
from django.db import IntegrityError, transaction

from stellapolicy.access.errors import OwnRoles, ServiceChanged, SlugTaken, SlugUnknown
from stellapolicy.access.models import RoleAssignment
from stellapolicy.access.opening import is_opening
from stellapolicy.access.ports import HeldDeed, second_person
from stellapolicy.access.roles import Role, Scope
from stellapolicy.audit.services import Target, record
from stellapolicy.kernel import digest
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.refusals import Fault
from stellapolicy.tenancy.models import Environment, Service, Team

SERVICE_CHANGE: Final = "access.service_change"
_SCOPE = Scope.GOVERNANCE_WRITE
RowT = TypeVar("RowT", Team, Service, Environment)


@dataclass(frozen=True, slots=True)
class TeamTerms:
    """What a team is called."""

    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class ServiceTerms:
    """What a service is, whose, how critical (0 the most, 3 the least), and which artifacts are its."""

    slug: str
    name: str
    team: str
    tier: int = 2
    repositories: Sequence[str] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServiceChange:
    """A service as it is described from now on, or the request that waits for a second person; one of the two."""

    service: Service | None
    request_id: UUID | None


@dataclass(frozen=True, slots=True)
class EnvironmentTerms:
    """Where artifacts go."""

    slug: str
    name: str
    tier: str
    exposure: str = "internal"
    runtime: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


@transaction.atomic
def make_team(*, actor: Actor, terms: TeamTerms, at: datetime) -> Team:
    """Make a team; raises SlugTaken and ScopeMissing."""
    actor.require(_SCOPE)
    return _made(actor, Team(slug=terms.slug, name=terms.name), "team.made", at=at)


@transaction.atomic
def describe_team(*, actor: Actor, terms: TeamTerms, at: datetime) -> Team:
    """Describe a team anew; raises SlugUnknown and ScopeMissing."""
    actor.require(_SCOPE)
    team = _found(Team.objects.locked().filter(slug=terms.slug).first(), terms.slug)
    before = _digest(team)
    team.name = terms.name
    return _changed(actor, team, "team.described", before=before, at=at)


@transaction.atomic
def make_service(*, actor: Actor, terms: ServiceTerms, at: datetime) -> Service:
    """Make a service; its globs and labels claim artifacts from their next report on.

    Raises SlugTaken, SlugUnknown for the team, and ScopeMissing.
    """
    actor.require(_SCOPE)
    return _made(actor, _described(Service(slug=terms.slug), terms), "service.made", at=at)


@transaction.atomic
def describe_service(*, actor: Actor, terms: ServiceTerms, at: datetime, reason: str = "") -> ServiceChange:
    """Describe a service anew; the artifacts it has stay its own. Raises SlugUnknown and ScopeMissing.

    A second person confirms what could open something: another team where somebody decides by their role for it, who
    then does not confirm; a less critical tier; and other globs or labels.
    """
    actor.require(_SCOPE)
    service = _found(Service.objects.locked().filter(slug=terms.slug).first(), terms.slug)
    team = _found(Team.objects.filter(slug=terms.team).first(), terms.team, pointer="/team")
    gaining = _deciding_for(team) if team.pk != service.team_id else frozenset[str]()
    if gaining or _loosens(service, terms):
        request_id = second_person().hold(
            actor=actor,
            kind=SERVICE_CHANGE,
            target=Target("tenancy.service", str(service.pk)),
            payload=_asked(service, terms),
            reason=reason or f"{service.slug} described anew",
            excluding=gaining,
            at=at,
        )
        if request_id is not None:
            return ServiceChange(None, request_id)
    return ServiceChange(_redescribed(actor, service, terms, reason=reason, at=at), None)


def complete_service_change(*, actor: Actor, deed: HeldDeed, at: datetime) -> Service:
    """Describe a service as a second person has confirmed.

    Refuses where it, or its new team, is gone, where it was described otherwise since, and whoever decides by now for
    the new team.
    """
    asked = deed.payload
    service = _found(Service.objects.locked().filter(slug=asked["slug"]).first(), str(asked["slug"]))
    if _digest(service) != asked["before"]:
        raise ServiceChanged(f"{service.slug} has been described anew since; ask again")
    terms = msgspec.convert(asked["terms"], ServiceTerms)
    team = _found(Team.objects.filter(slug=terms.team).first(), terms.team, pointer="/team")
    if team.pk != service.team_id and not actor.people.isdisjoint(_deciding_for(team)):
        raise OwnRoles(f"{actor.person} decides for the services of {team.slug}, and would for this one")
    return _redescribed(actor, service, terms, reason=deed.reason, at=at)


def describe_service_change(payload: Mapping[str, JsonValue]) -> tuple[str, ...]:
    """Return in words what a service that waits would become."""
    said = payload["changes"]
    changes = tuple(str(each) for each in said) if isinstance(said, Sequence) else ()
    return (f"The service {payload['slug']} is described anew.", *changes)


@transaction.atomic
def make_environment(*, actor: Actor, terms: EnvironmentTerms, at: datetime) -> Environment:
    """Make an environment; it has no gate until one is established. Raises SlugTaken and ScopeMissing."""
    actor.require(_SCOPE)
    return _made(actor, _placed(Environment(slug=terms.slug), terms), "environment.made", at=at)


@transaction.atomic
def describe_environment(*, actor: Actor, terms: EnvironmentTerms, at: datetime) -> Environment:
    """Describe an environment anew, its tier aside, by which gates chose their checks.

    Raises SlugUnknown and ScopeMissing.
    """
    actor.require(_SCOPE)
    environment = _found(Environment.objects.locked().filter(slug=terms.slug).first(), terms.slug)
    before, tier = _digest(environment), environment.tier
    changed = _placed(environment, terms)
    changed.tier = tier
    return _changed(actor, changed, "environment.described", before=before, at=at)


def _redescribed(actor: Actor, service: Service, terms: ServiceTerms, *, reason: str, at: datetime) -> Service:
    before = _digest(service)
    return _changed(actor, _described(service, terms), "service.described", before=before, reason=reason, at=at)


def _deciding_for(team: Team) -> frozenset[str]:
    """Return the people (`user:…`) who hold a role for the team that opens something."""
    opening = [role.value for role in Role if is_opening(role)]
    held = RoleAssignment.objects.filter(team=team, role__in=opening).select_related("user")
    return frozenset(person for each in held for person in (each.user.subject, *each.user.password_set_by.split()))


def _loosens(service: Service, terms: ServiceTerms) -> bool:
    """Whether it becomes less critical, or other artifacts become its own."""
    claims = service.repositories != list(terms.repositories) or service.labels != dict(terms.labels)
    return claims or terms.tier > service.tier


def _asked(service: Service, terms: ServiceTerms) -> dict[str, JsonValue]:
    """Return the payload a second person decides by: what was, what shall be, and each difference as a sentence."""
    shall: dict[str, JsonValue] = {
        "slug": terms.slug,
        "name": terms.name,
        "team": terms.team,
        "tier": terms.tier,
        "repositories": list(terms.repositories),
        "labels": dict(terms.labels),
    }
    was = _said(service)
    changes: list[JsonValue] = [
        f"Its {name}: {_spoken(was[name])} becomes {_spoken(shall[name])}." for name in was if was[name] != shall[name]
    ]
    return {"slug": service.slug, "before": digest.of_json(was), "terms": shall, "changes": changes}


def _spoken(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _described(service: Service, terms: ServiceTerms) -> Service:
    service.name, service.tier = terms.name, terms.tier
    service.team = _found(Team.objects.filter(slug=terms.team).first(), terms.team, pointer="/team")
    service.repositories, service.labels = list(terms.repositories), dict(terms.labels)
    return service


def _placed(environment: Environment, terms: EnvironmentTerms) -> Environment:
    environment.name, environment.tier, environment.exposure = terms.name, terms.tier, terms.exposure
    environment.runtime, environment.labels = terms.runtime, dict(terms.labels)
    return environment


def _found(row: RowT | None, slug: str, *, pointer: str = "/slug") -> RowT:
    if row is None:
        message = f"{slug[:80]!r} is not known in this tenant"
        raise SlugUnknown(message, faults=(Fault(pointer, SlugUnknown.code, message),))
    return row


def _made(actor: Actor, row: RowT, action: str, *, at: datetime) -> RowT:
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        message = f"{row.slug!r} is taken in this tenant"
        raise SlugTaken(message, faults=(Fault("/slug", SlugTaken.code, message),)) from None
    record(actor, action, row, at=at, after_digest=_digest(row))
    return row


def _changed(actor: Actor, row: RowT, action: str, *, before: str, at: datetime, reason: str = "") -> RowT:
    row.save()
    record(actor, action, row, at=at, before_digest=before, after_digest=_digest(row), reason=reason)
    return row


def _digest(row: Team | Service | Environment) -> str:
    """Return the digest of what is said of a row, for the audit trail."""
    return digest.of_json(_said(row))


def _said(row: Team | Service | Environment) -> dict[str, JsonValue]:
    said: dict[str, JsonValue] = {"slug": row.slug, "name": row.name}
    match row:
        case Service():
            said |= {"team": row.team.slug, "tier": row.tier, "repositories": row.repositories, "labels": row.labels}
        case Environment():
            said |= {"tier": row.tier, "exposure": row.exposure, "runtime": row.runtime, "labels": row.labels}
    return said
