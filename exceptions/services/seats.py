"""Who may sit at the table of a level: its seats as the one mechanism of approval knows them."""

from collections.abc import Collection, Iterable
from uuid import UUID

from exceptions.rules.level_table import LevelRule, SeatRule
from stellapolicy.access.models import RoleAssignment
from stellapolicy.access.roles import Role
from stellapolicy.governance.quorum import QuorumRule, Seat

# Who answers for a service: by these roles they may fill the seat of an owner of another one.
OWNERS = (Role.REVIEWER, Role.SECURITY, Role.RELEASE_CAPTAIN)


def quorum_of(
    rule: LevelRule,
    *,
    within: tuple[UUID, ...],
    concerned: Collection[UUID],
    excluded: Iterable[str] = (),
    one_is_enough: bool = False,
) -> QuorumRule:
    """Return the seats of a level for the services an exception stays within (none: the whole tenant).

    concerned: the services it covers now; an owner of another service owns none of these. one_is_enough: a renewal of
    what nobody would see differently.
    """
    seats = tuple(_seat(one, within=within, concerned=concerned) for one in rule.seats)
    needed = min(rule.people, 1) if one_is_enough else rule.people
    return QuorumRule(seats, needed=needed, excluded=frozenset(excluded))


def _seat(rule: SeatRule, *, within: tuple[UUID, ...], concerned: Collection[UUID]) -> Seat:
    others = _owners_elsewhere({*within, *concerned}) if rule.elsewhere and (within or concerned) else ()
    return Seat(rule.name, roles=rule.roles, services=within, or_people=others)


def _owners_elsewhere(concerned: Collection[UUID]) -> tuple[str, ...]:
    rows = RoleAssignment.objects.filter(role__in=OWNERS, user__is_active=True).order_by("pk")
    held = rows.values_list("user__username", "service", "team__services")
    owned: dict[str, set[UUID]] = {}
    for name, service, of_team in held:
        for one in filter(None, (service, of_team)):
            owned.setdefault(f"user:{name}", set()).add(one)
    return tuple(sorted(person for person, services in owned.items() if services.isdisjoint(concerned)))
