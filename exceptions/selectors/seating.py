"""Who sits at the table of a request, and who could: by name, where there are few."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from stellapolicy.access.models import RoleAssignment
from stellapolicy.governance.quorum import Ballot, QuorumRule, QuorumState, Seat, Standing, seated
from stellapolicy.governance.selectors import standings_of

MOST_NAMED: Final = 10
_MOST_LOOKED_AT: Final = 200
# Who could sit where does not depend on when they would vote.
_WHENEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SeatStanding:
    """One seat: what it asks for in words, who filled it, and who could; at most ten of these are named.

    is_out_of_reach: whether it stays empty though everybody who could sat down, so that too few would agree.
    """

    name: str
    asks: str
    filled_by: str
    candidates: tuple[str, ...]
    is_out_of_reach: bool = False


def seats_of(rule: QuorumRule, judged: QuorumState | None = None) -> tuple[SeatStanding, ...]:
    """Return the seats of a rule in their order; two reads, however many people there are."""
    people = _people(rule)
    filled: Mapping[int, str] = judged.filled if judged is not None else {}
    spoken = frozenset(filled.values())
    lost = _out_of_reach(rule, people, filled)
    return tuple(
        SeatStanding(seat.name, seat.asks(), filled.get(place, ""), _candidates(seat, people, spoken), place in lost)
        for place, seat in enumerate(rule.seats)
    )


def _people(rule: QuorumRule) -> Sequence[Standing]:
    """Return what everybody holds who might sit at the table."""
    roles = sorted({role for seat in rule.seats for role in seat.roles})
    held = RoleAssignment.objects.filter(role__in=roles, user__is_active=True).order_by("user__username")
    names = {f"user:{name}" for name in held.values_list("user__username", flat=True).distinct()[:_MOST_LOOKED_AT]}
    people = {*names, *(one for seat in rule.seats for one in (*seat.people, *seat.or_people))} - rule.excluded
    return [standing for _, standing in sorted(standings_of(people).items())]


def _out_of_reach(rule: QuorumRule, people: Sequence[Standing], filled: Mapping[int, str]) -> frozenset[int]:
    """Return the seats that stay empty where too few exist who could fill them; none where not everybody is known."""
    if len(people) >= _MOST_LOOKED_AT:
        return frozenset()
    fitting = {one.person: rule.fitting(one) for one in people}
    for place, person in filled.items():
        fitting[person] = fitting.get(person, frozenset()) | {place}
    spoken_first = sorted(fitting, key=lambda person: (person not in filled.values(), person))
    found = seated(rule, [Ballot(person, person, True, fitting[person], _WHENEVER) for person in spoken_first])
    return frozenset() if len(found) >= rule.count else frozenset(range(len(rule.seats))) - found.keys()


def _candidates(seat: Seat, people: Sequence[Standing], spoken: frozenset[str]) -> tuple[str, ...]:
    fitting = (one.person for one in people if one.person not in spoken and seat.fits(one))
    return tuple(fitting)[:MOST_NAMED]
