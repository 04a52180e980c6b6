"""The forms that decide: who may, what they do, what they refuse, and what they leave as it was."""

from datetime import timedelta
from http import HTTPStatus

import pytest

from exceptions.models import ExceptionComment, PolicyException
from exceptions.rules.vocabulary import Reason, State
from stellapolicy.access.reauthentication import AUTHENTICATED_AT
from stellapolicy.access.roles import Role
from stellapolicy.governance.models import ApprovalRequest, ApprovalVote
from stellapolicy.kernel.clock import rfc3339
from tests.exceptions.admin.office import HIGH, Office, address, hash_of, vote
from tests.exceptions.desk import DAY, fresh
from tests.factories import UserFactory, give_roles
from tests.reports import HARMLESS, LOG4SHELL


def test_an_approval_says_first_what_it_does_and_carries_what_was_looked_at(office: Office) -> None:
    row = office.ask()

    shown = office.sign_in("sam").get(address(row, "approve")).content.decode()

    assert "The vulnerability is CVE-2023-44487." in shown
    assert "With your vote it takes effect at once." in shown
    assert hash_of(row) in shown


def test_a_second_person_approves_and_it_is_in_force(office: Office) -> None:
    row = office.ask()

    answer = office.sign_in("sam").post(address(row, "approve"), vote(row), follow=True)

    assert f"{row.number} holds from now on" in answer.content.decode()
    assert fresh(row).state == State.ACTIVE


def test_a_first_of_several_votes_says_that_others_are_needed(office: Office) -> None:
    row = office.ask(LOG4SHELL)

    shown = office.sign_in("sam").get(address(row, "approve")).content.decode()
    answer = office.sign_in("sam").post(address(row, "approve"), vote(row), follow=True)

    assert "2 more people are needed after you." in shown
    assert "others are needed still" in answer.content.decode()
    assert fresh(row).state == State.PROPOSED


@pytest.mark.parametrize("verb", ["approve", "reject", "narrow"])
def test_whoever_asked_cannot_decide_through_a_form_either(office: Office, verb: str) -> None:
    give_roles(office.desk.users["ada"], office.shop.tenant, *(set(Role) - {Role.REQUESTER}))
    row = office.ask()
    said = {**vote(row), "expires_at": (office.at + DAY).date().isoformat(), "vulnerabilities": HIGH.id}

    answer = office.sign_in("ada").post(address(row, verb), said)

    assert "A second person is needed" in answer.content.decode()
    assert (fresh(row).state, ApprovalVote.objects.count()) == (State.PROPOSED, 0)


@pytest.mark.parametrize(
    "verb", ["approve", "narrow", "reject", "request_changes", "withdraw", "revoke", "extend", "change_terms", "say"]
)
def test_a_superuser_without_a_role_does_nothing(office: Office, verb: str) -> None:
    waiting, held = office.ask(), office.in_force(HARMLESS.id)
    root = office.sign_in(UserFactory(is_superuser=True))
    before = [(row.version, row.state) for row in map(fresh, (waiting, held))]

    for row in (waiting, held):
        said = {"comment": "because I can", "text": "hello", "kind": "comment", "payload_hash": hash_of(row)}
        answer = root.post(address(row, verb), {**said, "expires_at": "2027-01-01", "rationale": "x" * 60})
        assert answer.status_code in {HTTPStatus.OK, HTTPStatus.FORBIDDEN}

    assert [(row.version, row.state) for row in map(fresh, (waiting, held))] == before
    assert not ExceptionComment.objects.exists()


@pytest.mark.parametrize("verb", ["approve", "reject", "request_changes", "revoke"])
def test_deciding_takes_a_comment(office: Office, verb: str) -> None:
    row = office.in_force() if verb == "revoke" else office.ask()
    before = fresh(row).version

    answer = office.sign_in("sam").post(address(row, verb), vote(row, comment="  "))

    assert "This field is required." in answer.content.decode()
    assert fresh(row).version == before


def test_terms_that_changed_since_they_were_looked_at_are_not_approved(office: Office) -> None:
    row = office.ask()
    looked_at = vote(row)
    ada = office.sign_in("ada")
    ada.post(address(row, "change_terms"), changed(row, office))

    answer = office.sign_in("sam").post(address(row, "approve"), looked_at)

    assert "look at it again" in answer.content.decode()
    assert fresh(row).state == State.PROPOSED


def test_a_vote_needs_a_recent_sign_in_and_says_how(office: Office) -> None:
    row = office.ask()
    sam = office.sign_in("sam")
    session = sam.session
    session[AUTHENTICATED_AT] = rfc3339(office.at - timedelta(hours=1))
    session.save()

    answer = sam.post(address(row, "approve"), vote(row))

    assert "Sign in again (in a new tab)" in answer.content.decode()
    assert fresh(row).state == State.PROPOSED


def test_a_rejection_ends_a_request(office: Office) -> None:
    row = office.ask()

    office.sign_in("sam").post(address(row, "reject"), vote(row, comment="upgrade instead"))

    assert (fresh(row).state, fresh(row).closed_because) == (State.REJECTED, "upgrade instead")


def test_an_approver_approves_less_and_it_is_less_that_holds(office: Office) -> None:
    row = office.ask(days=20)
    sooner = (office.at + 3 * DAY).date()
    said = {**vote(row), "vulnerabilities": HIGH.id, "environments": ["production"], "expires_at": sooner.isoformat()}

    office.sign_in("sam").post(address(row, "narrow"), said)

    held = fresh(row)
    assert held.state == State.ACTIVE
    assert (held.environments, held.expires_at) == (["production"], office.at + 3 * DAY)


def test_more_than_was_asked_for_is_refused_at_its_place(office: Office) -> None:
    row = office.ask(environment="production")
    said = {**vote(row), "vulnerabilities": f"{HIGH.id}\n{LOG4SHELL}", "expires_at": row.expires_at.date().isoformat()}

    answer = office.sign_in("sam").post(address(row, "narrow"), said)

    assert "Not narrower than what was asked for" in answer.content.decode()
    assert fresh(row).state == State.PROPOSED


def test_changes_are_asked_for_answered_and_submitted_again(office: Office) -> None:
    row = office.ask()

    office.sign_in("sam").post(address(row, "request_changes"), {"comment": "name the service"})
    sent_back = fresh(row).state
    office.sign_in("ada").post(address(row, "resubmit"), {"comment": "it is every service"})

    assert (sent_back, fresh(row).state) == (State.CHANGES_REQUESTED, State.PROPOSED)


def test_what_was_asked_for_is_quoted_wherever_it_is_answered_and_decided(office: Office) -> None:
    row = office.ask()
    office.sign_in("sam").post(address(row, "request_changes"), {"comment": "name <the> service"})

    page = office.page("ada", row)
    form = office.sign_in("ada").get(address(row, "resubmit")).content.decode()
    office.sign_in("ada").post(address(row, "resubmit"), {"comment": "it is every service"})
    vote_page = office.sign_in("sam").get(address(row, "approve")).content.decode()

    asked = "name &lt;the&gt; service"
    assert page.index("Changes were asked for.") < page.index(asked) < page.index('id="thread"') < page.rindex(asked)
    assert asked in form
    assert vote_page.index(asked) < vote_page.index("it is every service")


def test_what_is_missing_is_said_before_anybody_votes(office: Office) -> None:
    row = office.ask(LOG4SHELL, reason=Reason.COMPENSATING_CONTROL, controls=("WAF rule 1042",), days=5)

    page = office.page("sam", row)
    form = office.sign_in("sam").get(address(row, "approve")).content.decode()
    for who in ("sam", "casey"):
        office.sign_in(who).post(address(row, "approve"), vote(row))
    last = office.sign_in("kit").get(address(row, "approve")).content.decode()

    for text in (page, form, last):
        assert "Compensating control: nothing was submitted" in text
        assert "Evidence with a signature that verifies" in text
        assert "takes effect at once" not in text
    assert "2 more people are needed after you." in form
    assert "Your vote is the last that is needed, and is refused while this is missing:" in last


def test_whoever_asked_withdraws_without_a_word(office: Office) -> None:
    row = office.ask()

    office.sign_in("ada").post(address(row, "withdraw"), {"comment": ""})

    assert fresh(row).state == State.WITHDRAWN


def test_one_person_revokes(office: Office) -> None:
    row = office.in_force()

    shown = office.sign_in("riley").get(address(row, "revoke")).content.decode()
    office.sign_in("riley").post(address(row, "revoke"), {"comment": "it is exploited here"})

    assert "1 artifact was covered when it was approved" in shown
    assert fresh(row).state == State.REVOKED


def test_comparing_with_today_tells_what_got_worse(office: Office) -> None:
    row = office.in_force()

    answer = office.sign_in("ada").post(address(row, "recheck"), follow=True)

    assert "Nothing got worse." in answer.content.decode()


@pytest.mark.parametrize(
    "who, verb, words",
    [
        ("ada", "approve", "nobody decides what they asked for themselves"),
        ("riley", "approve", "it takes security"),
        ("sam", "withdraw", "shop-ada asked for it."),
        ("sam", "revoke", "It is proposed."),
        ("ada", "resubmit", "It is proposed."),
    ],
)
def test_a_form_that_is_not_for_somebody_leads_back_and_says_why(
    office: Office, who: str, verb: str, words: str
) -> None:
    row = office.ask()

    answer = office.sign_in(who).get(address(row, verb), follow=True)

    assert answer.redirect_chain[-1][0] == address(row)
    assert words in answer.content.decode()


def test_a_later_end_waits_for_approval_and_the_old_terms_hold(office: Office) -> None:
    row = office.in_force(days=5)
    later = (office.at + 9 * DAY).date().isoformat()

    office.sign_in("ada").post(address(row, "extend"), {"expires_at": later, "rationale": "The freeze. " * 6})

    held = fresh(row)
    assert held.has_pending_terms()
    assert held.expires_at == office.at + 5 * DAY
    assert ApprovalRequest.objects.filter(state="open").count() == 1


def test_an_end_beyond_the_longest_is_refused_at_its_field(office: Office) -> None:
    row = office.in_force(days=5)
    never = (office.at + 300 * DAY).date().isoformat()

    answer = office.sign_in("ada").post(address(row, "extend"), {"expires_at": never, "rationale": "The freeze. " * 6})

    assert "lasts at most 30 days" in str(answer.context["form"].errors["expires_at"])
    assert not fresh(row).has_pending_terms()


def test_other_terms_are_proposed_with_another_recheck_policy(office: Office) -> None:
    row = office.in_force()
    said = {**changed(row, office), "recheck": "own", "action_epss_above": "revoke", "limit_epss_above": "0.9"}

    office.sign_in("ada").post(address(row, "change_terms"), said)

    asked = fresh(row).asked
    assert asked is not None
    assert [(one["kind"], one["action"], one["threshold"]) for one in asked.conditions] == [
        ("epss_above", "revoke", "0.9")
    ]
    assert asked.scope["environments"] == ["production"]


def test_a_mistake_in_the_scope_is_shown_at_its_field(office: Office) -> None:
    row = office.in_force()
    said = {**changed(row, office), "packages": "log4j"}

    answer = office.sign_in("ada").post(address(row, "change_terms"), said)

    assert "a package pattern looks like" in str(answer.context["form"].errors["packages"])


def changed(row: PolicyException, office: Office) -> dict[str, object]:
    """Return what the form of other terms posts."""
    return {
        "vulnerabilities": "\n".join(row.vulnerabilities),
        "environments": ["production"],
        "expires_at": (office.at + 4 * DAY).date().isoformat(),
        "rationale": "The affected code runs in production alone, and there behind the firewall.",
        "ticket": "SEC-2",
        "recheck": "as_is",
    }


def test_the_last_vote_says_where_missing_evidence_is_attached(office: Office) -> None:
    row = office.ask(LOG4SHELL, days=5)
    office.desk.approve(row, by=["sam", "casey"], at=office.at)
    kit = office.sign_in("kit")

    before = kit.get(address(row, "approve")).content.decode()
    refused = kit.post(address(row, "approve"), vote(row)).content.decode()

    assert "Evidence is missing" in refused
    for text in (before, refused):
        assert f'href="{address(row)}#evidence"' in text
