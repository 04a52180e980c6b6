"""Many exceptions at once: looked at first, done one by one, each with its own answer."""

from http import HTTPStatus
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from exceptions.models import PolicyException
from exceptions.rules.vocabulary import State
from exceptions.services.bulk import MOST_ROWS, Verb
from stellapolicy.access.reauthentication import AUTHENTICATED_AT
from stellapolicy.access.roles import Role
from stellapolicy.governance.services.delegations import delegate
from stellapolicy.kernel.clock import rfc3339
from tests.exceptions.admin.office import HIGH, LIST, MEDIUM, Office, address, hash_of
from tests.exceptions.desk import DAY, fresh
from tests.factories import UserFactory, person_with
from tests.reports import HARMLESS, LOG4SHELL

BULK = reverse("admin:exceptions_policyexception_bulk")
GROUPS = reverse("admin:exceptions_policyexception_groups")


def choose(client: Client, verb: Verb, *rows: PolicyException, **said: str) -> Any:
    """Tick rows of the list and choose a deed."""
    ticked = [str(row.pk) for row in rows]
    return client.post(LIST, {"action": f"{verb}_selected", "_selected_action": ticked, **said})


def confirm(client: Client, verb: Verb, *rows: PolicyException, comment: str = "looked at each") -> Any:
    """Confirm a deed for rows as they are now."""
    ticked = [f"{row.pk}|{hash_of(row)}" for row in rows]
    return client.post(BULK, {"verb": verb.value, "row": ticked, "comment": comment})


def test_what_was_chosen_is_listed_with_whether_this_person_may_and_nothing_is_done(office: Office) -> None:
    mine, others, held = office.ask(), office.ask(HARMLESS.id), office.in_force(MEDIUM.id)

    shown = choose(office.sign_in("riley"), Verb.APPROVE, mine, others, held).content.decode()

    for words in ("it takes security", "nothing of it waits for a decision", f"{others.pk}|{hash_of(others)}"):
        assert words in shown
    assert "You may do it to 1 of them" in shown
    assert [fresh(row).state for row in (mine, others)] == [State.PROPOSED, State.PROPOSED]


def test_each_row_is_done_by_itself_and_a_refusal_is_said_beside_it(office: Office) -> None:
    one, other, beyond = office.ask(), office.ask(MEDIUM.id), office.ask(LOG4SHELL)

    shown = confirm(office.sign_in("sam"), Verb.APPROVE, one, other, beyond).content.decode()

    assert [fresh(row).state for row in (one, other, beyond)] == [State.ACTIVE, State.ACTIVE, State.PROPOSED]
    assert "3 of 3 done" in shown


def test_ones_own_are_refused_in_bulk_too(office: Office) -> None:
    own = office.ask(by="sam")
    others = office.ask(MEDIUM.id)

    shown = confirm(office.sign_in("sam"), Verb.APPROVE, own, others).content.decode()

    assert [fresh(row).state for row in (own, others)] == [State.PROPOSED, State.ACTIVE]
    assert "1 of 2 done" in shown
    assert "nobody decides what they asked for themselves" in shown


@pytest.mark.parametrize(
    "who, verb, state",
    [
        ("sam", Verb.REJECT, State.REJECTED),
        ("sam", Verb.REQUEST_CHANGES, State.CHANGES_REQUESTED),
        ("ada", Verb.WITHDRAW, State.WITHDRAWN),
    ],
)
def test_every_verb_is_the_single_one(office: Office, who: str, verb: Verb, state: State) -> None:
    rows = [office.ask(), office.ask(MEDIUM.id)]

    confirm(office.sign_in(who), verb, *rows)

    assert {fresh(row).state for row in rows} == {state}


def test_several_are_revoked(office: Office) -> None:
    rows = [office.in_force(), office.in_force(MEDIUM.id)]

    confirm(office.sign_in("riley"), Verb.REVOKE, *rows)

    assert {fresh(row).state for row in rows} == {State.REVOKED}


def test_without_a_comment_or_a_row_nothing_is_done(office: Office) -> None:
    row, sam = office.ask(), office.sign_in("sam")

    silent, empty = confirm(sam, Verb.APPROVE, row, comment=""), confirm(sam, Verb.APPROVE)

    assert "This field is required." in silent.content.decode()
    assert "Choose at least one." in empty.content.decode()
    assert fresh(row).state == State.PROPOSED


def test_what_changed_since_it_was_listed_is_refused(office: Office) -> None:
    row = office.ask()
    stale = f"{row.pk}|sha256:{'0' * 64}"

    shown = office.sign_in("sam").post(BULK, {"verb": "approve", "row": [stale], "comment": "fine"}).content.decode()

    assert "look at it again" in shown
    assert fresh(row).state == State.PROPOSED


def test_a_sign_in_of_long_ago_is_asked_for_once_and_not_in_every_row(office: Office) -> None:
    row, sam = office.ask(), office.sign_in("sam")
    session = sam.session
    session[AUTHENTICATED_AT] = rfc3339(office.at - DAY)
    session.save()

    shown = confirm(sam, Verb.APPROVE, row).content.decode()

    assert shown.count("Sign in again (in a new tab)") == 1
    assert fresh(row).state == State.PROPOSED


def test_whoever_may_read_nothing_is_refused(office: Office) -> None:
    row = office.ask()
    client = office.sign_in(UserFactory(is_superuser=True))

    answers = [choose(client, Verb.APPROVE, row), confirm(client, Verb.APPROVE, row), client.get(BULK)]

    assert {answer.status_code for answer in answers} == {HTTPStatus.FORBIDDEN}
    assert fresh(row).state == State.PROPOSED


def test_whoever_only_reads_is_refused_row_by_row(office: Office) -> None:
    row = office.ask()
    client = office.sign_in(person_with(office.shop.tenant, Role.VIEWER))

    listed, done = (deed(client, Verb.APPROVE, row).content.decode() for deed in (choose, confirm))

    assert "You may do it to 0 of them" in listed
    assert "0 of 1 done" in done
    assert fresh(row).state == State.PROPOSED


def test_whoever_stands_in_for_somebody_decides_many_in_their_stead(office: Office) -> None:
    rows, viewer = [office.ask(), office.ask(MEDIUM.id)], person_with(office.shop.tenant, Role.VIEWER)
    sam, until = office.desk.actor("sam", at=office.at), office.at + DAY
    delegate(actor=sam, to=viewer.subject, starts_at=office.at, ends_at=until, reason="holidays", at=office.at)

    client = office.sign_in(viewer)
    keys = [f"{row.pk}|{hash_of(row)}|{sam.person}" for row in rows]
    listed = choose(client, Verb.APPROVE, *rows).content.decode()
    client.post(BULK, {"verb": "approve", "row": keys, "comment": "looked at each"})

    assert all(key in listed for key in keys)
    assert {fresh(row).state for row in rows} == {State.ACTIVE}


@pytest.mark.parametrize("action", ["delete_selected", "", "nonsense"])
def test_no_other_action_is_taken(office: Office, action: str) -> None:
    row = office.ask()

    answer = office.sign_in("sam").post(LIST, {"action": action, "_selected_action": [str(row.pk)], "post": "yes"})

    assert answer.status_code == HTTPStatus.FORBIDDEN


def test_rows_that_are_no_rows_are_left_out(office: Office) -> None:
    row, sam = office.ask(), office.sign_in("sam")

    chosen = sam.post(LIST, {"action": "approve_selected", "_selected_action": ["nonsense", str(row.pk)]})
    done = sam.post(BULK, {"verb": "nonsense", "row": [str(row.pk)], "comment": "x"})

    assert row.number in chosen.content.decode()
    assert done.status_code == HTTPStatus.FORBIDDEN


def test_everything_that_a_list_is_narrowed_to_can_be_chosen(office: Office) -> None:
    wanted, other = office.ask(), office.ask(MEDIUM.id)

    answer = office.sign_in("sam").post(
        f"{LIST}?severity__exact=high",
        {"action": "reject_selected", "_selected_action": [str(wanted.pk)], "select_across": "1"},
    )

    shown = answer.content.decode()
    assert wanted.number in shown
    assert other.number not in shown


def test_nobody_looks_at_more_than_is_done_at_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_ROWS == 200
    monkeypatch.setattr("exceptions.admin.policy_exceptions.MOST_ROWS", 1)
    monkeypatch.setattr("exceptions.admin.bulk.MOST_ROWS", 1)
    rows = office.ask(), office.ask(MEDIUM.id)

    shown = choose(office.sign_in("sam"), Verb.REJECT, *rows).content.decode()

    assert "Only the first 1 are listed" in shown
    assert sum(row.number in shown for row in rows) == 1


def test_looking_at_many_takes_the_same_queries_as_looking_at_few(office: Office) -> None:
    rows, sam = [office.ask(f"CVE-2019-{number:05d}") for number in range(12)], office.sign_in("sam")
    choose(sam, Verb.APPROVE, *rows[:2])

    counts = []
    for some in (rows[:2], rows):
        with CaptureQueriesContext(connection) as captured:
            choose(sam, Verb.APPROVE, *some)
        counts.append(len(captured))

    assert counts[0] == counts[1]


def test_requests_about_one_vulnerability_are_decided_together(office: Office) -> None:
    rows = [office.ask(environment=environment) for environment in ("production", "staging")]
    office.ask(MEDIUM.id)
    sam = office.sign_in("sam")

    groups = sam.get(GROUPS).content.decode()
    group = sam.get(GROUPS, {"name": HIGH.id.lower()}).content.decode()
    confirm(sam, Verb.APPROVE, *rows)

    assert f"?name={HIGH.id}" in groups
    assert f"?name={MEDIUM.id}" in groups
    assert all(row.number in group for row in rows)
    assert "2 undecided requests name it." in group
    assert {fresh(row).state for row in rows} == {State.ACTIVE}


def test_a_vulnerability_nobody_asks_about_is_said_to_be_so(office: Office) -> None:
    viewer = office.sign_in(person_with(office.shop.tenant, Role.VIEWER))

    assert "Nothing about it waits for a decision." in viewer.get(GROUPS, {"name": "CVE-1999-1"}).content.decode()
    assert "No undecided request names a vulnerability." in viewer.get(GROUPS).content.decode()


def test_a_viewer_reads_a_group_and_decides_nothing(office: Office) -> None:
    row = office.ask()
    viewer = office.sign_in(person_with(office.shop.tenant, Role.VIEWER))

    shown = viewer.get(GROUPS, {"name": HIGH.id}).content.decode()

    assert row.number in shown
    assert 'name="verb"' not in shown


def test_groups_go_on_where_a_page_ends(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exceptions.admin.grouping.GROUPS", 1)
    office.ask()
    office.ask(MEDIUM.id)
    sam = office.sign_in("sam")

    first = sam.get(GROUPS).content.decode()
    second = sam.get(GROUPS, {"after": MEDIUM.id}).content.decode()

    assert f"?after={MEDIUM.id}" in first
    assert HIGH.id in second
    assert "?after=" not in second


def test_the_page_of_a_row_stays_where_it_was(office: Office) -> None:
    row = office.ask()

    shown = choose(office.sign_in("sam"), Verb.APPROVE, row).content.decode()

    assert address(row) in shown
    assert f"{address(row, 'preview')}?part=row" in shown
