"""Teams, services and environments: what a tenant is made of, named once and described anew when it changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from django.db import IntegrityError, transaction

from stellapolicy.access.errors import SlugTaken, SlugUnknown
from stellapolicy.access.roles import Scope
from stellapolicy.audit.services import record
from stellapolicy.kernel import digest
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.refusals import Fault
from stellapolicy.tenancy.models import Environment, Service, Team

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
def describe_service(*, actor: Actor, terms: ServiceTerms, at: datetime) -> Service:
    """Describe a service anew; the artifacts it has stay its own. Raises SlugUnknown and ScopeMissing."""
    actor.require(_SCOPE)
    service = _found(Service.objects.locked().filter(slug=terms.slug).first(), terms.slug)
    before = _digest(service)
    return _changed(actor, _described(service, terms), "service.described", before=before, at=at)


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


def _changed(actor: Actor, row: RowT, action: str, *, before: str, at: datetime) -> RowT:
    row.save()
    record(actor, action, row, at=at, before_digest=before, after_digest=_digest(row))
    return row


def _digest(row: Team | Service | Environment) -> str:
    """Return the digest of what is said of a row, for the audit trail."""
    said: dict[str, JsonValue] = {"slug": row.slug, "name": row.name}
    match row:
        case Service():
            said |= {"team": row.team.slug, "tier": row.tier, "repositories": row.repositories, "labels": row.labels}
        case Environment():
            said |= {"tier": row.tier, "exposure": row.exposure, "runtime": row.runtime, "labels": row.labels}
    return digest.of_json(said)
