"""Who may decide what, and which value a setting has."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from stellapolicy.access.models import RoleAssignment
from stellapolicy.access.roles import Role, Scope, scopes_of_roles
from stellapolicy.governance.models import ApprovalRequest, Delegation, GovernanceSetting
from stellapolicy.governance.models.approval import ApprovalRequestQuerySet
from stellapolicy.governance.quorum import Standing
from stellapolicy.governance.settings_registry import Setting, SettingValue, setting_named
from stellapolicy.governance.voting import Voter, possibilities
from stellapolicy.kernel.actor import Actor
from stellapolicy.tenancy.scope import current_tenant

# More open requests than anybody decides; beyond it the oldest are found by their page.
MOST_OPEN: Final = 2000
_PEOPLE: Final = "user:"
_Rows = Iterable[tuple[str, str, UUID | None, UUID | None, UUID | None]]

# The settings of a request: None outside of one, where every question is asked anew.
_remembered: ContextVar[dict[UUID, dict[str, object]] | None] = ContextVar("stella_settings", default=None)


def setting(name: str) -> SettingValue:
    """Return the value of a setting in the tenant of the scope; one query a request, however many are asked."""
    known = setting_named(name)
    values = _values()
    return known.read(values[name]) if name in values else known.default


def switched_on(name: str) -> bool:
    """Return a setting that is true or false."""
    return setting(name) is True


def number(name: str) -> int:
    """Return a setting that is a whole number."""
    value = setting(name)
    if not isinstance(value, int):
        raise TypeError(f"{name} is no number")
    return value


def duration(name: str) -> timedelta:
    """Return a setting that is a length of time."""
    value = setting(name)
    if not isinstance(value, timedelta):
        raise TypeError(f"{name} is no length of time")
    return value


def current_value(known: Setting) -> tuple[SettingValue, GovernanceSetting | None]:
    """Return the value of a setting and the row that set it; None for the default."""
    row = GovernanceSetting.objects.history_of(known.name).first()
    return (known.default, None) if row is None else (known.read(row.value), row)


def begin_remembering() -> None:
    """Remember settings from now on: a request begins."""
    _remembered.set({})


def forget() -> None:
    """Remember no settings any more: the request ended."""
    _remembered.set(None)


def forget_values() -> None:
    """Ask anew next time: a setting of the tenant has changed."""
    remembered = _remembered.get()
    if remembered is not None:
        remembered.pop(current_tenant(), None)


def _values() -> dict[str, object]:
    tenant, remembered = current_tenant(), _remembered.get()
    if remembered is not None and tenant in remembered:
        return remembered[tenant]
    values = dict(GovernanceSetting.objects.newest().values_list("name", "value"))
    if remembered is not None:
        remembered[tenant] = values
    return values


def voter_of(actor: Actor, *, at: datetime) -> Voter:
    """Return what an actor may bring to a vote at an instant; two queries."""
    delegations = list(Delegation.objects.in_force(at=at).to(actor.person).order_by("delegator", "id"))
    standings = standings_of({actor.person, *(each.delegator for each in delegations)})
    lent: defaultdict[str, list[Standing]] = defaultdict(list)
    for each in delegations:
        whole = standings[each.delegator]
        scopes = {*each.scopes, *scopes_of_roles(Role(role) for role in each.roles)}
        part = whole.limited_to(scopes=scopes, roles=each.roles, service=each.service_id)
        lent[each.delegator].append(part)
    own = _as_acting(actor, standings[actor.person])
    return Voter(actor, own, {delegator: tuple(parts) for delegator, parts in lent.items()})


def standings_of(people: Collection[str]) -> Mapping[str, Standing]:
    """Return what each of these people (`user:…`) holds in the tenant of the scope; one query.

    Whoever was locked out holds nothing.
    """
    names = [person.removeprefix(_PEOPLE) for person in people if person.startswith(_PEOPLE)]
    held = RoleAssignment.objects.filter(user__username__in=names, user__is_active=True).order_by("pk")
    rows: _Rows = held.values_list("user__username", "role", "team", "service", "team__services")
    everywhere: defaultdict[str, set[Role]] = defaultdict(set)
    by_service: defaultdict[str, defaultdict[UUID, set[Role]]] = defaultdict(lambda: defaultdict(set))
    for name, role, team, service, owned in rows:
        if team is None and service is None:
            everywhere[_PEOPLE + name].add(Role(role))
        elif (reached := service or owned) is not None:
            by_service[_PEOPLE + name][reached].add(Role(role))
    return {person: _standing(person, everywhere[person], by_service[person]) for person in people}


def open_requests(actor: Actor, *, at: datetime) -> list[ApprovalRequest]:
    """Return the newest undecided requests the actor may read, with their votes; two queries."""
    rows = ApprovalRequest.objects.visible_to(actor, Scope.GOVERNANCE_READ).undecided(at=at)
    return list(rows.defer("payload").with_votes()[:MOST_OPEN])


def mine_to_decide(actor: Actor, *, at: datetime) -> list[ApprovalRequest]:
    """Return the undecided requests that the actor could approve now, the newest first; four queries."""
    requests = open_requests(actor, at=at)
    if not requests:
        return []
    voter = voter_of(actor, at=at)
    return [request for request in requests if _could_approve(voter, request, at=at)]


def decidable(actor: Actor, *, at: datetime) -> ApprovalRequestQuerySet:
    """Return the same as a query."""
    return ApprovalRequest.objects.filter(pk__in=[request.pk for request in mine_to_decide(actor, at=at)])


def _could_approve(voter: Voter, request: ApprovalRequest, *, at: datetime) -> bool:
    return any(each.may_approve for each in possibilities(voter, request, request.ballots(), at=at))


def waits_already(*, kind: str, payload_hash: str, at: datetime) -> bool:
    """Whether the very same is asked for and undecided."""
    rows = ApprovalRequest.objects.undecided(at=at)
    return rows.filter(kind=kind, payload_hash=payload_hash).exists()


def _standing(person: str, everywhere: set[Role], by_service: Mapping[UUID, set[Role]]) -> Standing:
    return Standing(
        person=person,
        scopes=frozenset(scopes_of_roles(everywhere)),
        roles=frozenset(everywhere),
        service_scopes={service: frozenset(scopes_of_roles(roles)) for service, roles in by_service.items()},
        service_roles={service: frozenset(roles) for service, roles in by_service.items()},
    )


def _as_acting(actor: Actor, held: Standing) -> Standing:
    """Return a person's standing as far as the actor has it: a token is never more than its scopes and services."""
    if actor.services is None:
        return Standing(held.person, actor.scopes, held.roles, actor.service_scopes, held.service_roles)
    reached = actor.services | set(actor.service_scopes)
    return Standing(
        person=held.person,
        service_scopes={each: _scopes_in(actor, each) for each in reached},
        service_roles={each: held.roles_for(each) for each in reached},
    )


def _scopes_in(actor: Actor, service: UUID) -> frozenset[str]:
    wide = actor.scopes if actor.services is not None and service in actor.services else frozenset[str]()
    return wide | actor.service_scopes.get(service, frozenset())
