"""Who must agree before something takes effect, and whether they have. Pure.

A rule names seats; people fill them, each at most one; every vote is one ballot. What a voter was entitled to is said
by their `Standing` at the moment of the vote and kept with it, so that a quorum is judged from its ballots alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from stellapolicy.kernel.canonical_json import JsonValue


class Outcome(StrEnum):
    """How a request stands by its ballots."""

    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody holds in the tenant: scopes and roles everywhere, and further ones in single services."""

    person: str
    scopes: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    service_scopes: Mapping[UUID, frozenset[str]] = field(default_factory=dict)
    service_roles: Mapping[UUID, frozenset[str]] = field(default_factory=dict)

    def scopes_for(self, service: UUID | None) -> frozenset[str]:
        """Return the scopes held for a service; None is the tenant as such."""
        return self.scopes if service is None else self.scopes | self.service_scopes.get(service, frozenset())

    def roles_for(self, service: UUID | None) -> frozenset[str]:
        """Return the roles held for a service; None is the tenant as such."""
        return self.roles if service is None else self.roles | self.service_roles.get(service, frozenset())

    def limited_to(
        self, *, scopes: Iterable[str] = (), roles: Iterable[str] = (), service: UUID | None = None
    ) -> "Standing":
        """Return as much of this as a delegation hands on.

        Without scopes and roles that is all of it; with either, only what is named; with a service, only there.
        """
        wanted_scopes, wanted_roles = frozenset(scopes), frozenset(roles)
        if not wanted_scopes and not wanted_roles:
            wanted_scopes, wanted_roles = self._every_scope(), self._every_role()
        if service is not None:
            return Standing(
                person=self.person,
                service_scopes={service: self.scopes_for(service) & wanted_scopes},
                service_roles={service: self.roles_for(service) & wanted_roles},
            )
        return Standing(
            person=self.person,
            scopes=self.scopes & wanted_scopes,
            roles=self.roles & wanted_roles,
            service_scopes={each: held & wanted_scopes for each, held in self.service_scopes.items()},
            service_roles={each: held & wanted_roles for each, held in self.service_roles.items()},
        )

    def _every_scope(self) -> frozenset[str]:
        return self.scopes.union(*self.service_scopes.values())

    def _every_role(self) -> frozenset[str]:
        return self.roles.union(*self.service_roles.values())


@dataclass(frozen=True, slots=True)
class Seat:
    """One place at the table: what its holder must have, in every service named (else in the tenant as such).

    roles: one of these is enough. people: only these (`user:…`) may sit here, with what else is asked. or_people: these
    may sit here too, while they hold a role in some service that is none of these.
    """

    name: str
    scope: str = ""
    roles: tuple[str, ...] = ()
    services: tuple[UUID, ...] = ()
    people: tuple[str, ...] = ()
    or_people: tuple[str, ...] = ()

    def fits(self, standing: Standing) -> bool:
        """Whether somebody of this standing may sit here; a seat that asks for nothing fits nobody."""
        if standing.person in self.or_people and self._owns_another(standing):
            return True
        if not (self.scope or self.roles or self.people):
            return False
        if self.people and standing.person not in self.people:
            return False
        return all(self._fits_in(standing, service) for service in self.services or (None,))

    def _owns_another(self, standing: Standing) -> bool:
        """Whether somebody still holds a role in a service that the seat is not about."""
        return any(held for service, held in standing.service_roles.items() if service not in self.services)

    def _fits_in(self, standing: Standing, service: UUID | None) -> bool:
        has_scope = not self.scope or self.scope in standing.scopes_for(service)
        return has_scope and (not self.roles or not standing.roles_for(service).isdisjoint(self.roles))

    def asks(self) -> str:
        """Return in words who may sit here: `security (exception:approve)`."""
        either = (*self.roles, *self.or_people)
        needed = [*(" or ".join(part) for part in (either, self.people) if part), *filter(None, [self.scope])]
        return f"{self.name} ({', '.join(needed)})" if needed else self.name


@dataclass(frozen=True, slots=True)
class QuorumRule:
    """The seats of a request and how many of them must be filled by distinct people.

    needed: how many seats; None asks for all of them, so that `2 of 4` is four seats and `needed=2`.
    excluded: people (`user:…`) who may not vote: whoever asks, the authors, whoever gains by it.
    tokens_vote: whether an API token may vote for its person; else a person has to sign in and prove it is them.
    """

    seats: tuple[Seat, ...]
    needed: int | None = None
    excluded: frozenset[str] = frozenset()
    tokens_vote: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.count <= len(self.seats):
            raise ValueError(f"{self.count} people cannot fill {len(self.seats)} seats")

    @property
    def count(self) -> int:
        """How many distinct people must agree."""
        return len(self.seats) if self.needed is None else self.needed

    def excluding(self, *people: str) -> "QuorumRule":
        """Return this rule with further people who may not vote."""
        return replace(self, excluded=self.excluded.union(people))

    def asking(self, scope: str) -> "QuorumRule":
        """Return this rule with a scope for the seats that ask for nothing themselves."""
        asked = (seat if seat.scope or seat.roles or seat.people else replace(seat, scope=scope) for seat in self.seats)
        return replace(self, seats=tuple(asked))

    def fitting(self, standing: Standing) -> frozenset[int]:
        """Return the places (by index) of the seats that somebody may fill; none where they are excluded."""
        if standing.person in self.excluded:
            return frozenset()
        return frozenset(place for place, seat in enumerate(self.seats) if seat.fits(standing))

    @property
    def services(self) -> tuple[UUID, ...]:
        """The services of all seats."""
        return tuple(sorted({service for seat in self.seats for service in seat.services}))

    def to_json(self) -> dict[str, JsonValue]:
        """Return the rule as it is stored."""
        return {
            "seats": [
                {
                    "name": seat.name,
                    "scope": seat.scope,
                    "roles": list(seat.roles),
                    "services": [str(service) for service in seat.services],
                    "people": list(seat.people),
                    **({"or_people": list(seat.or_people)} if seat.or_people else {}),
                }
                for seat in self.seats
            ],
            "needed": self.count,
            "excluded": sorted(self.excluded),
            "tokens_vote": self.tokens_vote,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, JsonValue]) -> "QuorumRule":
        """Return the rule that `to_json` wrote."""
        needed, seats = stored["needed"], stored["seats"]
        if not isinstance(needed, int) or not isinstance(seats, Sequence):
            raise TypeError("this is not a stored rule")
        return cls(
            seats=tuple(_seat(seat) for seat in seats if isinstance(seat, Mapping)),
            needed=needed,
            excluded=frozenset(_texts(stored["excluded"])),
            tokens_vote=stored["tokens_vote"] is True,
        )


@dataclass(frozen=True, slots=True)
class Ballot:
    """One vote. `holder` is whose standing it rests on: the voter's own, or that of whom they stand in for."""

    person: str
    holder: str
    approves: bool
    seats: frozenset[int]
    at: datetime

    @property
    def parties(self) -> frozenset[str]:
        """Everybody who has spoken by this ballot, and may not speak again."""
        return frozenset({self.person, self.holder})


@dataclass(frozen=True, slots=True)
class QuorumState:
    """How a request stands: who sits where, and which seats wait for somebody."""

    rule: QuorumRule
    outcome: Outcome
    filled: Mapping[int, str]
    rejected_by: str = ""

    @property
    def lacking(self) -> int:
        """How many people still have to agree."""
        return 0 if self.outcome is Outcome.APPROVED else max(self.rule.count - len(self.filled), 0)

    @property
    def missing(self) -> tuple[Seat, ...]:
        """The seats nobody has filled."""
        if self.outcome is not Outcome.WAITING:
            return ()
        return tuple(seat for place, seat in enumerate(self.rule.seats) if place not in self.filled)

    def in_words(self) -> str:
        """Return how it stands as a sentence without its full stop."""
        match self.outcome:
            case Outcome.APPROVED:
                return "approved by " + (", ".join(sorted(self.filled.values())) or "the rule itself")
            case Outcome.REJECTED:
                return f"rejected by {self.rejected_by}"
            case Outcome.WAITING:
                wanted = [seat.asks() for seat in self.missing]
                if len(wanted) == self.lacking:
                    return "waits for " + ", ".join(wanted)
                return f"waits for {self.lacking} of: " + ", ".join(wanted)


def judge(rule: QuorumRule, ballots: Iterable[Ballot], *, at: datetime) -> QuorumState:
    """Return how a request stands at an instant; later ballots have not been cast yet.

    One rejection ends it. Ballots of excluded people, and any by or for somebody who spoke before, count for nothing.
    Seats are a maximum bipartite matching: whoever fits two seats never stands in the way of a full table.
    """
    counted = _counted(rule, ballots, at)
    filled = seated(rule, [ballot for ballot in counted if ballot.approves])
    against = next((ballot.person for ballot in counted if not ballot.approves), "")
    if against:
        return QuorumState(rule, Outcome.REJECTED, filled, against)
    outcome = Outcome.APPROVED if len(filled) >= rule.count else Outcome.WAITING
    return QuorumState(rule, outcome, filled)


def adds(rule: QuorumRule, ballots: Iterable[Ballot], ballot: Ballot) -> bool:
    """Whether an approving ballot brings the request nearer to its quorum."""
    before = [each for each in _counted(rule, ballots, ballot.at) if each.approves]
    return len(seated(rule, [*before, ballot])) > len(seated(rule, before))


def seated(rule: QuorumRule, ballots: Sequence[Ballot]) -> dict[int, str]:
    """Return who sits where: as many seats filled as these ballots can fill, one person each."""
    holders: dict[int, Ballot] = {}

    def seat(ballot: Ballot, tried: set[int]) -> bool:
        """Find a seat, asking whoever sits there to move where they can (an augmenting path)."""
        for place in sorted(ballot.seats):
            if place in tried or place >= len(rule.seats):
                continue
            tried.add(place)
            if place not in holders or seat(holders[place], tried):
                holders[place] = ballot
                return True
        return False

    for ballot in ballots:
        seat(ballot, set())
    return {place: holders[place].person for place in sorted(holders)}


def _counted(rule: QuorumRule, ballots: Iterable[Ballot], at: datetime) -> list[Ballot]:
    counted: list[Ballot] = []
    spoken: set[str] = set()
    for ballot in sorted(ballots, key=lambda each: (each.at, each.person)):
        if ballot.at > at or not ballot.seats or ballot.parties & rule.excluded or ballot.parties & spoken:
            continue
        spoken |= ballot.parties
        counted.append(ballot)
    return counted


def _seat(stored: Mapping[str, JsonValue]) -> Seat:
    return Seat(
        name=str(stored["name"]),
        scope=str(stored["scope"]),
        roles=_texts(stored["roles"]),
        services=tuple(UUID(service) for service in _texts(stored["services"])),
        people=_texts(stored["people"]),
        or_people=_texts(stored.get("or_people", ())),
    )


def _texts(stored: JsonValue) -> tuple[str, ...]:
    return tuple(str(each) for each in stored) if isinstance(stored, Sequence) else ()
