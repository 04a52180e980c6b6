"""What the pages for many say of each row: what it is, whether a yes would count, and what came of it."""

from exceptions.rules.vocabulary import ExceptionType, Reason, State
from exceptions.services.bulk import Verb
from exceptions.services.request import extend_exception
from tests.exceptions.admin.office import MEDIUM, Office
from tests.exceptions.admin.test_bulk import GROUPS, choose, confirm
from tests.exceptions.desk import DAY, WHY, fresh
from tests.exceptions.evidence import sign_a_review
from tests.reports import LOG4SHELL


def test_a_last_vote_that_lacks_evidence_is_no_yes(office: Office) -> None:
    row, other = office.ask(LOG4SHELL, days=5), office.ask()
    office.desk.approve(row, by=["sam", "casey"], at=office.at)
    kit = office.sign_in("kit")

    lacks = choose(kit, Verb.APPROVE, row, other).content.decode()
    sign_a_review(office.desk, row, at=office.at)
    shown = choose(kit, Verb.APPROVE, row, other).content.decode()

    assert lacks.count("evidence is missing") == 1
    assert "You may do it to 1 of them" in lacks
    assert "evidence is missing" not in shown
    assert "You may do it to 2 of them" in shown


def test_a_vote_that_needs_others_is_not_called_done(office: Office) -> None:
    row, other = office.ask(LOG4SHELL), office.ask()

    shown = confirm(office.sign_in("sam"), Verb.APPROVE, row, other).content.decode()

    assert [fresh(one).state for one in (row, other)] == [State.PROPOSED, State.ACTIVE]
    assert "your vote counts; 2 more must agree" in shown
    assert shown.count(">done<") == 1


def test_a_row_says_that_it_is_an_extension_and_the_notice_where_it_stands(office: Office) -> None:
    held, asked = office.in_force(days=5), office.ask(MEDIUM.id)
    ada = office.desk.actor("ada", at=office.at)
    extend_exception(actor=ada, pk=held.pk, expires_at=office.at + 9 * DAY, rationale=WHY, at=office.at)

    shown = choose(office.sign_in("sam"), Verb.APPROVE, held, asked).content.decode()

    assert shown.count(">extension<") == 1
    assert "exactly as it stands above" in shown
    assert shown.index(held.number) < shown.index("exactly as it stands above")


def test_what_a_policy_finds_is_no_vulnerability(office: Office) -> None:
    office.ask(MEDIUM.id)
    office.ask("AVD-DS-0002", type=ExceptionType.POLICY, reason=Reason.ACCEPTED_RISK)

    shown = office.sign_in("sam").get(GROUPS).content.decode()

    assert f"?name={MEDIUM.id}" in shown
    assert "AVD-DS-0002" not in shown
