"""The one page of an exception: everything it shows, to whom it offers what, and that nobody changes it by a form."""

from datetime import timedelta
from http import HTTPStatus

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from exceptions.admin.detail import differences
from exceptions.asking import Narrowing, TermsChange
from exceptions.matching.scope import Scope
from exceptions.models import PolicyException
from exceptions.models.story import CommentKind
from exceptions.rules.vocabulary import Effect, Reason
from exceptions.services.approval import approve_exception
from exceptions.services.lifecycle import revoke_exception
from exceptions.services.recheck import recheck_exception
from exceptions.services.request import change_terms, extend_exception
from exceptions.services.thread import say
from policies.services.feeds import load_feed
from stellapolicy.access.roles import Role
from tests.exceptions.admin.office import HIGH, MEDIUM, Office, address, hash_of
from tests.exceptions.desk import DAY, WHY, fresh
from tests.factories import ServiceFactory, UserFactory, person_with
from tests.reports import HARMLESS, LOG4SHELL, Vuln, kev_catalogue

ACTS = {
    *("approve", "narrow", "reject", "request_changes", "resubmit", "withdraw", "revoke", "extend", "change_terms"),
    *("recheck", "attach", "say"),
}


def offered(text: str, row: PolicyException) -> set[str]:
    """Return what a page offers."""
    return {act for act in ACTS if f'"{address(row, act)}"' in text}


def test_a_request_is_shown_whole(office: Office) -> None:
    row = office.ask(LOG4SHELL, reason=Reason.COMPENSATING_CONTROL, controls=("WAF rule 1042",), days=5)

    shown = office.page("sam", row)

    for words in (
        WHY,
        "The vulnerability is CVE-2021-44228.",
        "It holds for every artifact, every service and every environment.",
        "WAF rule 1042",
        "critical severity",
        "known to be exploited",
        "release captain",
        "shop-casey",
        "SEC-1",
        "A signature that verifies",
        "Compensating control",
        "missing",
        "it becomes known to be exploited",
        "An exception was asked for",
        hash_of(row),
        "exploited",
        "pkg:npm/log4j",
    ):
        assert words in shown, words


@pytest.mark.parametrize(
    "who, acts",
    [
        ("ada", {"withdraw", "change_terms", "attach", "say"}),
        ("sam", {"approve", "narrow", "reject", "request_changes", "attach", "say"}),
        ("riley", {"attach", "say"}),
        ("kit", {"approve", "narrow", "reject", "request_changes", "say"}),
    ],
)
def test_only_what_this_person_may_do_now_is_offered_about_a_request(office: Office, who: str, acts: set[str]) -> None:
    row = office.ask()

    assert offered(office.page(who, row), row) == acts


def test_who_may_sit_somewhere_is_said_of_open_seats_alone(office: Office) -> None:
    row = office.ask(LOG4SHELL)
    office.desk.approve(row, by=["sam"], at=office.at)

    waits, decided = office.page("kit", row), office.page("kit", office.in_force())

    assert "Who may sit here" in waits
    assert "nobody at the moment" not in waits
    assert "shop-sam" in waits
    assert "Who may sit here" not in decided
    assert "nobody at the moment" not in decided


def test_people_and_roles_are_called_by_words(office: Office) -> None:
    row, held = office.ask(LOG4SHELL), office.in_force()
    office.desk.approve(row, by=["sam"], at=office.at)

    waits, decided = office.page("sam", row), office.page("sam", held)

    for words in ("shop-sam has spoken on this request", "<small>release captain</small>"):
        assert words in waits, words
    assert "Approved by shop-sam." in decided
    for text in (waits, decided):
        assert "user:" not in text
        assert "release_captain" not in text


@pytest.mark.parametrize(
    "who, acts",
    [
        ("ada", {"extend", "change_terms", "recheck", "revoke", "attach", "say"}),
        ("sam", {"extend", "change_terms", "recheck", "revoke", "attach", "say"}),
        ("kit", {"revoke", "say"}),
        ("casey", {"extend", "change_terms", "recheck", "attach", "say"}),
    ],
)
def test_only_what_this_person_may_do_now_is_offered_about_one_in_force(
    office: Office, who: str, acts: set[str]
) -> None:
    row = office.in_force()

    assert offered(office.page(who, row), row) == acts


def test_a_superuser_and_a_viewer_read_and_are_offered_nothing_that_changes(office: Office) -> None:
    row = office.ask()
    root, viewer = UserFactory(is_superuser=True), person_with(office.shop.tenant, Role.VIEWER)

    shown = {
        person.username: offered(office.sign_in(person).get(address(row)).content.decode(), row)
        for person in (root, viewer)
    }

    assert shown == {root.username: set(), viewer.username: {"say"}}


def test_whoever_cannot_approve_reads_why(office: Office) -> None:
    row = office.ask()

    assert "it takes security (security or ciso)" in office.page("riley", row)


def test_nothing_is_offered_about_what_is_over(office: Office) -> None:
    row = office.in_force(at=office.at - 3 * DAY, days=2)

    shown = office.page("sam", row)

    assert offered(shown, row) == {"say"}
    assert "Its time is over. It applies to nothing any more: what it covered counts again." in shown
    assert "holds nothing back until" not in shown


@pytest.mark.parametrize("who", ["ada", "sam", "root"])
def test_posting_the_page_changes_nothing(office: Office, who: str) -> None:
    row = office.ask()
    client = office.sign_in(UserFactory(is_superuser=True) if who == "root" else who)
    before = PolicyException.objects.values().get(pk=row.pk)

    answer = client.post(address(row), {"state": "active", "level": "a0", "expires_at": "2099-01-01", "_save": "1"})

    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert PolicyException.objects.values().get(pk=row.pk) == before


def test_a_page_is_found_by_the_number_that_people_write(office: Office) -> None:
    row = office.ask()
    ada = office.sign_in("ada")

    found = ada.get(reverse("admin:exceptions_policyexception_change", args=[row.number.lower()]))
    lost = ada.get(reverse("admin:exceptions_policyexception_change", args=["EXC-1999-0001"]))

    assert (found.status_code, lost.status_code) == (HTTPStatus.OK, HTTPStatus.NOT_FOUND)
    assert f"/admin/exceptions/policyexception/{row.number}/change/" in found.content.decode()


def test_new_terms_stand_beside_those_in_force(office: Office) -> None:
    row = office.in_force(days=5)
    change = TermsChange(
        scope=Scope(vulnerabilities=(HIGH.id,), environments=("production",)),
        expires_at=office.at + 9 * DAY,
        rationale="The upgrade slipped by some days because of the freeze, and only production is left.",
    )
    change_terms(actor=office.desk.actor("ada", at=office.at), pk=row.pk, change=change, at=office.at)

    shown = office.page("sam", row)

    assert "Proposed change, version 2" in shown
    assert "Approve the change" in shown
    held = fresh(row)
    assert held.terms is not None
    assert held.asked is not None
    assert [one.part for one in differences(held.terms, held.asked)] == ["scope", "expires_at", "rationale"]


def test_whoever_decides_sees_the_level_and_the_facts_of_what_they_vote_on(office: Office) -> None:
    row = office.in_force(MEDIUM.id, days=5)
    broader = TermsChange(scope=Scope(vulnerabilities=(MEDIUM.id, HIGH.id)))
    change_terms(actor=office.desk.actor("ada", at=office.at), pk=row.pk, change=broader, at=office.at)

    shown = office.page("sam", row)

    held, asked = fresh(row).terms, fresh(row).asked
    assert held is not None
    assert asked is not None
    assert held.level != asked.level
    assert f"Level {asked.level.upper()}" in shown
    facts = shown.partition('id="facts"')[2].partition("</section>")[0]
    assert "What was seen for the proposed change" in facts
    assert HIGH.id in facts


def test_the_same_terms_differ_in_nothing(office: Office) -> None:
    terms = fresh(office.ask()).asked
    assert terms is not None

    assert differences(terms, terms) == []


def test_what_is_to_be_signed_is_ready_to_copy(office: Office) -> None:
    row = office.ask(LOG4SHELL, days=5)

    shown = office.page("ada", row)

    assert row.asked is not None
    assert f"--exception {row.number} --terms {row.asked.digest} --hook security_review" in shown


def test_a_listing_as_exploited_is_marked_and_what_it_did_is_said(office: Office) -> None:
    row = office.in_force()
    load_feed(
        actor=office.shop.actor,
        content=kev_catalogue(HIGH.id, LOG4SHELL, released_at=f"{office.at:%Y-%m-%dT%H:%M:%S}.000Z"),
        at=office.at,
    )
    recheck_exception(actor=office.desk.actor("ada", at=office.at), pk=row.pk, at=office.at)

    shown = office.page("sam", row)

    assert '<span class="st-worse"><span class="st-subtle">not listed</span> → <strong>listed</strong>' in shown
    assert "What it covers is blocked until somebody decides." in shown
    assert f"{HIGH.id} in pkg:npm/net is now known to be exploited" in shown
    assert "applies no more" in shown


def test_questions_and_answers_are_told_apart(office: Office) -> None:
    row = office.ask()
    for who, kind in (("sam", CommentKind.QUESTION), ("ada", CommentKind.ANSWER)):
        said = f"line of {who} <script>"
        say(actor=office.desk.actor(who, at=office.at), pk=row.pk, text=said, kind=kind, at=office.at)

    shown = office.page("riley", row)

    assert shown.index("line of sam &lt;script&gt;") < shown.index("line of ada &lt;script&gt;")
    assert "st-thread__line--asker" in shown


def test_whoever_is_named_is_few(office: Office) -> None:
    for _ in range(6):
        person_with(office.shop.tenant, Role.SECURITY)
    row = office.ask()

    shown = office.page("ada", row)

    assert "several people" in shown
    assert "shop-sam" not in shown


def test_another_one_that_wins_is_named(office: Office) -> None:
    broad = office.in_force(effect=Effect.DEFER)
    narrow = office.in_force(package="pkg:npm/net", days=9)

    shown = office.page("sam", broad)

    assert f"{narrow.number} shadows this one for 1 finding" in shown


def test_a_page_of_another_tenant_or_service_is_not_there(office: Office) -> None:
    row = office.ask()
    narrow = person_with(office.shop.tenant, Role.SECURITY, service=ServiceFactory())

    assert office.sign_in(narrow).get(address(row)).status_code == HTTPStatus.NOT_FOUND


def test_a_page_takes_the_same_queries_however_much_there_is(office: Office) -> None:
    row, sam = office.in_force(), office.sign_in("sam")
    office.in_force(package="pkg:npm/net", days=9)
    sam.get(address(row))
    few = _queries(sam, row)

    for number in range(12):
        office.scan(f"shop/worker-{number}", [HIGH, MEDIUM, Vuln(HARMLESS.id, "quiet")])
        at = office.at + timedelta(seconds=number)
        say(actor=office.desk.actor("ada", at=at), pk=row.pk, text="still", kind=CommentKind.COMMENT, at=at)
    for vulnerability in (HARMLESS.id, MEDIUM.id):
        office.in_force(vulnerability)

    assert _queries(sam, row) == few


def _queries(client: Client, row: PolicyException) -> int:
    with CaptureQueriesContext(connection) as captured:
        client.get(address(row))
    return len(captured)


def test_what_was_pending_as_it_was_revoked_is_said_to_have_fallen(office: Office) -> None:
    row, ada = office.in_force(days=5), office.desk.actor("ada", at=office.at)
    extend_exception(actor=ada, pk=row.pk, expires_at=office.at + 9 * DAY, rationale=WHY, at=office.at)
    waits = office.page("sam", row)
    revoke_exception(actor=ada, pk=row.pk, comment="upgraded", at=office.at)

    fell = office.page("sam", row)

    assert "fell with the revocation" not in waits
    assert fell.count("fell with the revocation") == 1


def test_that_an_approver_left_less_is_said_at_the_top(office: Office) -> None:
    row = office.ask(days=9)
    whole = office.page("ada", row)
    approve_exception(
        actor=office.desk.actor("sam", at=office.at),
        pk=row.pk,
        payload_hash=hash_of(row),
        comment="production alone",
        narrowing=Narrowing(scope=Scope(vulnerabilities=(HIGH.id,), environments=("production",))),
        at=office.at,
    )

    shown = office.page("ada", row)

    assert "less than was asked for" not in whole
    assert "shop-sam approved less than was asked for." in shown


def test_another_request_for_the_same_is_named_with_its_address(office: Office) -> None:
    first, other = office.ask(), office.ask(MEDIUM.id)
    second = office.ask(environment="production")

    shown = {row.pk: office.page("sam", row) for row in (first, other, second)}

    for row, same in ((first, second), (second, first)):
        assert "Already asked for:" in shown[row.pk]
        assert f'href="{address(same)}"' in shown[row.pk]
    assert "Already asked for:" not in shown[other.pk]
