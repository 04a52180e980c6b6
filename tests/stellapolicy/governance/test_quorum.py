"""The quorum rule by itself: laws over generated rules and ballots, and the tables of the product."""

from datetime import timedelta
from itertools import combinations, permutations
from random import Random
from uuid import UUID, uuid5

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellapolicy.governance.quorum import Ballot, Outcome, QuorumRule, Seat, Standing, adds, judge, seated
from stellapolicy.kernel import canonical_json
from tests.factories import NOON

PAYMENTS, CATALOGUE = (uuid5(UUID(int=0), name) for name in ("payments", "catalogue"))
THREE = QuorumRule(
    seats=(
        Seat("security", roles=("security",)),
        Seat("captain", roles=("release_captain",)),
        Seat("ciso", roles=("ciso",)),
    )
)
PEOPLE = tuple(f"user:{name}" for name in ("ann", "ben", "cleo", "dev", "eve", "fay"))


def ballot(person: str, *seats: int, approves: bool = True, holder: str = "", after: int = 0) -> Ballot:
    at = NOON + timedelta(minutes=after)
    return Ballot(person, holder or person, approves, frozenset(seats), at)


@st.composite
def tables(draw: st.DrawFn) -> tuple[QuorumRule, list[Ballot]]:
    """Draw a rule of up to five seats, and approving ballots of up to six people who each fit some seats."""
    size = draw(st.integers(1, 5))
    rule = QuorumRule(
        seats=tuple(Seat(f"seat {place}", roles=("r",)) for place in range(size)), needed=draw(st.integers(1, size))
    )
    voters = draw(st.lists(st.sampled_from(PEOPLE), unique=True, max_size=6))
    fits = st.frozensets(st.integers(0, size - 1))
    return rule, [ballot(voter, *draw(fits), after=place) for place, voter in enumerate(voters)]


def most_seats(rule: QuorumRule, ballots: list[Ballot]) -> int:
    """Count by trying: the largest number of ballots that can sit on distinct seats."""
    for size in range(min(len(ballots), len(rule.seats)), 0, -1):
        for chosen in combinations(ballots, size):
            for places in permutations(range(len(rule.seats)), size):
                if all(place in each.seats for place, each in zip(places, chosen, strict=True)):
                    return size
    return 0


@given(tables())
def test_as_many_seats_are_filled_as_can_be(table: tuple[QuorumRule, list[Ballot]]) -> None:
    rule, ballots = table

    assert len(seated(rule, ballots)) == most_seats(rule, ballots)


@given(tables())
def test_nobody_sits_twice_and_everybody_sits_where_they_may(table: tuple[QuorumRule, list[Ballot]]) -> None:
    rule, ballots = table
    fits = {each.person: each.seats for each in ballots}

    filled = judge(rule, ballots, at=NOON + timedelta(days=1)).filled

    assert len(set(filled.values())) == len(filled)
    assert all(place in fits[person] for place, person in filled.items())


@given(tables(), st.randoms(use_true_random=False))
def test_the_order_in_which_ballots_are_read_changes_nothing(
    table: tuple[QuorumRule, list[Ballot]], chance: Random
) -> None:
    rule, ballots = table
    shuffled = list(ballots)
    chance.shuffle(shuffled)

    assert judge(rule, shuffled, at=NOON + timedelta(days=1)) == judge(rule, ballots, at=NOON + timedelta(days=1))


@given(tables())
def test_a_further_approval_never_takes_one_away(table: tuple[QuorumRule, list[Ballot]]) -> None:
    rule, ballots = table
    sizes = [len(seated(rule, ballots[:count])) for count in range(len(ballots) + 1)]

    assert sizes == sorted(sizes)


@given(tables())
def test_a_ballot_adds_exactly_when_the_quorum_comes_nearer(table: tuple[QuorumRule, list[Ballot]]) -> None:
    rule, ballots = table

    for count, each in enumerate(ballots):
        before, after = ballots[:count], ballots[: count + 1]

        assert adds(rule, before, each) == (len(seated(rule, after)) > len(seated(rule, before)))


@given(tables(), st.integers(0, 5))
def test_one_rejection_by_somebody_entitled_ends_it(table: tuple[QuorumRule, list[Ballot]], after: int) -> None:
    rule, ballots = table
    against = ballot("user:zoe", 0, approves=False, after=after)

    assert judge(rule, [*ballots, against], at=NOON + timedelta(days=1)).outcome is Outcome.REJECTED


@given(tables())
def test_ballots_of_the_excluded_count_for_nothing(table: tuple[QuorumRule, list[Ballot]]) -> None:
    rule, ballots = table

    state = judge(rule.excluding(*PEOPLE), ballots, at=NOON + timedelta(days=1))

    assert (state.outcome, state.filled) == (Outcome.WAITING, {})


@given(tables())
def test_a_rule_survives_its_storage(table: tuple[QuorumRule, list[Ballot]]) -> None:
    rule = table[0].excluding("user:ann")

    stored = orjson.loads(canonical_json.dumps(rule.to_json()))

    assert QuorumRule.from_json(stored) == QuorumRule(rule.seats, rule.count, rule.excluded, rule.tokens_vote)


def test_whoever_fits_two_seats_makes_room_for_whoever_fits_one() -> None:
    wide, narrow = ballot("user:ann", 0, 1), ballot("user:ben", 0, after=1)

    state = judge(THREE, [wide, narrow], at=NOON + timedelta(hours=1))

    assert state.filled == {0: "user:ben", 1: "user:ann"}
    assert [seat.name for seat in state.missing] == ["ciso"]
    assert state.in_words() == "waits for ciso (ciso)"


def test_two_of_four_asks_for_any_two() -> None:
    custodians = tuple(Seat(f"custodian {name}", people=(name,)) for name in PEOPLE[:4])
    rule = QuorumRule(custodians, needed=2)
    first = [ballot(PEOPLE[3], 3)]

    waiting = judge(rule, first, at=NOON)
    done = judge(rule, [*first, ballot(PEOPLE[0], 0)], at=NOON)

    assert waiting.lacking == 1
    assert waiting.in_words().startswith("waits for 1 of: custodian user:ann")
    assert done.outcome is Outcome.APPROVED
    assert done.in_words() == "approved by user:ann, user:dev"


def test_a_vote_that_is_yet_to_come_does_not_count() -> None:
    rule = QuorumRule((Seat("any", scope="policy:approve"),))
    tomorrow = ballot("user:ann", 0, after=60)

    assert judge(rule, [tomorrow], at=NOON).outcome is Outcome.WAITING
    assert judge(rule, [tomorrow], at=NOON + timedelta(hours=1)).outcome is Outcome.APPROVED


def test_somebody_who_spoke_through_a_delegate_does_not_speak_again() -> None:
    rule = QuorumRule((Seat("one", roles=("r",)), Seat("two", roles=("r",))))
    by_delegate = ballot("user:ben", 0, 1, holder="user:ann")
    herself = ballot("user:ann", 0, 1, after=1)

    assert judge(rule, [by_delegate, herself], at=NOON + timedelta(hours=1)).lacking == 1


def test_a_rule_that_needs_nobody_is_approved_by_itself() -> None:
    state = judge(QuorumRule(()), [], at=NOON)

    assert state.outcome is Outcome.APPROVED
    assert state.in_words() == "approved by the rule itself"


@pytest.mark.parametrize("needed", [-1, 4])
def test_a_rule_cannot_need_more_people_than_seats_nor_fewer_than_none(needed: int) -> None:
    with pytest.raises(ValueError, match="cannot fill"):
        QuorumRule(THREE.seats, needed=needed)


def test_a_role_must_be_held_in_every_service_of_a_seat() -> None:
    seat = Seat("security", roles=("security",), services=(PAYMENTS, CATALOGUE))
    both = {PAYMENTS: frozenset({"security"}), CATALOGUE: frozenset({"security"})}

    assert seat.fits(Standing("user:ann", roles=frozenset({"security"})))
    assert seat.fits(Standing("user:ann", service_roles=both))
    assert not seat.fits(Standing("user:ann", service_roles={PAYMENTS: frozenset({"security"})}))


def test_a_seat_of_the_tenant_is_not_filled_from_a_single_service() -> None:
    seat = Seat("approver", scope="policy:approve")

    assert not seat.fits(Standing("user:ann", service_scopes={PAYMENTS: frozenset({"policy:approve"})}))


def test_a_seat_that_asks_for_nothing_fits_nobody() -> None:
    assert not Seat("anyone").fits(Standing("user:ann", roles=frozenset({"ciso"})))
    assert QuorumRule((Seat("anyone"),)).asking("policy:approve").seats[0].scope == "policy:approve"


def test_a_seat_for_named_people_fits_them_alone() -> None:
    seat = Seat("owner", people=("user:ann",), scope="exception:approve")

    assert seat.fits(Standing("user:ann", scopes=frozenset({"exception:approve"})))
    assert not seat.fits(Standing("user:ann"))
    assert not seat.fits(Standing("user:ben", scopes=frozenset({"exception:approve"})))


def test_a_delegation_hands_on_what_it_names_where_it_names_it() -> None:
    whole = Standing("user:ann", scopes=frozenset({"a:b", "c:d"}), roles=frozenset({"ciso", "security"}))

    assert whole.limited_to() == whole
    assert whole.limited_to(roles=["ciso"]).roles == {"ciso"}
    assert whole.limited_to(roles=["ciso"]).scopes == frozenset()
    here = whole.limited_to(scopes=["a:b"], service=PAYMENTS)
    assert [sorted(here.scopes_for(each)) for each in (None, PAYMENTS, CATALOGUE)] == [[], ["a:b"], []]
