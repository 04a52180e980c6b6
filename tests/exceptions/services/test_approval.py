"""Deciding about an exception: seats, votes over what was looked at, and everything that is refused."""

import pytest

from exceptions.asking import Narrowing, TermsChange
from exceptions.errors import (
    CommentMissing,
    EvidenceMissing,
    FactsChanged,
    IllegalTransition,
    NothingPending,
    NotNarrower,
    NotYoursToQuestion,
    WindowOver,
)
from exceptions.matching.scope import Scope
from exceptions.models import PolicyException
from exceptions.rules.vocabulary import Reason
from exceptions.services.approval import approve_exception, reject_exception, request_changes
from exceptions.services.request import change_terms, extend_exception, resubmit_exception
from policies.services.feeds import load_feed
from stellapolicy.access.errors import ReauthenticationNeeded
from stellapolicy.access.roles import Role
from stellapolicy.governance.errors import (
    ApprovalExpired,
    PayloadChanged,
    SeatMissing,
    SecondPersonRequired,
    TokenMayNotVote,
)
from stellapolicy.governance.services.approvals import expire_due, vote
from stellapolicy.governance.services.delegations import delegate
from stellapolicy.kernel.actor import Actor
from tests.exceptions.desk import DAY, WHY, Desk, fresh, waiting
from tests.exceptions.services.test_request import scanned
from tests.factories import NOON, give_roles
from tests.gates.conftest import Shop
from tests.reports import HARMLESS, LOG4SHELL, kev_catalogue

QUIET = HARMLESS.id


def hash_of(exception: PolicyException) -> str:
    request = waiting(exception)
    assert request is not None
    return str(request.payload_hash)


def approve(desk: Desk, exception: PolicyException, *, by: str, **said: object) -> PolicyException:
    """Let one person approve what waits."""
    whole = {"payload_hash": hash_of(exception), "comment": "looked at it", "at": NOON, **said}
    return approve_exception(actor=desk.actor(by, at=whole["at"]), pk=exception.pk, **whole)  # type: ignore[arg-type]


def test_a_reviewer_is_enough_for_something_low(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.ask(vulnerability=QUIET)
    assert exception.level == "a1"

    approved = approve(desk, exception, by="riley")

    assert approved.state == "active"
    assert approved.terms_id == approved.asked_id
    assert approved.approved_at == NOON


def test_the_highest_level_takes_three_people_of_three_seats(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.ask(vulnerability=LOG4SHELL, reason=Reason.FALSE_POSITIVE, days=30)
    from tests.exceptions.evidence import sign_a_review

    sign_a_review(desk, exception)

    states = [approve(desk, exception, by=name).state for name in ("casey", "kit", "sam")]

    assert states == ["proposed", "proposed", "active"]


def test_nobody_approves_what_they_asked_for(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.ask(by="sam", vulnerability=QUIET)

    with pytest.raises(SecondPersonRequired):
        approve(desk, exception, by="sam")

    assert fresh(exception).state == "proposed"


def test_whoever_stands_in_for_the_requester_does_not_decide(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.ask(vulnerability=QUIET)
    ada, riley = desk.actor("ada"), desk.actor("riley")
    delegate(actor=ada, to=riley.person, starts_at=NOON, ends_at=NOON + DAY, reason="holidays", at=NOON)

    with pytest.raises(SecondPersonRequired):
        approve(desk, exception, by="riley")


def test_a_superuser_has_no_seat(in_shop: Shop, desk: Desk) -> None:
    from tests.factories import UserFactory

    scanned(in_shop, "shop/api")
    exception = desk.ask(vulnerability=QUIET)
    root = UserFactory(username="root", is_superuser=True)
    actor = Actor(
        in_shop.tenant.pk,
        root.subject,
        desk.actor("kit").scopes,
        extra=desk.actor("kit").extra | {"person": root.subject},
    )

    with pytest.raises(SeatMissing):
        approve_exception(actor=actor, pk=exception.pk, payload_hash=hash_of(exception), comment="I am root", at=NOON)


def test_a_token_does_not_vote(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.ask(vulnerability=QUIET)
    person = desk.actor("riley")
    token = Actor(in_shop.tenant.pk, "token:ci", person.scopes, extra={"person": person.person})

    with pytest.raises(TokenMayNotVote):
        approve_exception(actor=token, pk=exception.pk, payload_hash=hash_of(exception), comment="yes", at=NOON)


def test_whoever_signed_in_long_ago_proves_again_who_they_are(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.ask(vulnerability=QUIET)

    with pytest.raises(ReauthenticationNeeded):
        approve_exception(
            actor=desk.actor("riley", at=NOON - DAY),
            pk=exception.pk,
            payload_hash=hash_of(exception),
            comment="yes",
            at=NOON,
        )


def test_a_role_in_one_service_decides_about_that_service_alone(in_shop: Shop, desk: Desk) -> None:
    from stellapolicy.access.models import RoleAssignment
    from tests.factories import ServiceFactory

    mine, other = ServiceFactory(slug="mine", repositories=["shop/*"]), ServiceFactory(slug="other")
    RoleAssignment.objects.filter(user=desk.users["riley"]).delete()
    give_roles(desk.users["riley"], in_shop.tenant, Role.REVIEWER, service=mine)
    scanned(in_shop, "shop/api")
    within = desk.ask(scope=Scope(vulnerabilities=(QUIET,), services=("mine",)))
    beyond = desk.ask(scope=Scope(vulnerabilities=(QUIET,), services=("mine", "other")))
    anywhere = desk.ask(vulnerability=QUIET)

    assert other.slug == "other"
    for exception in (beyond, anywhere):
        with pytest.raises(SeatMissing):
            approve(desk, exception, by="riley")
    approve(desk, within, by="riley")


def test_a_vote_is_over_what_was_looked_at(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.ask(vulnerability=QUIET)
    looked_at = hash_of(exception)
    change_terms(actor=desk.actor("ada"), pk=exception.pk, change=TermsChange(expires_at=NOON + 20 * DAY), at=NOON)

    with pytest.raises(PayloadChanged):
        approve(desk, exception, by="riley", payload_hash=looked_at)


@pytest.mark.parametrize("deed", [approve_exception, reject_exception])
def test_deciding_needs_a_comment(in_shop: Shop, desk: Desk, deed: object) -> None:
    exception = desk.ask(vulnerability=QUIET)

    with pytest.raises(CommentMissing):
        deed(actor=desk.actor("riley"), pk=exception.pk, payload_hash=hash_of(exception), comment=" ", at=NOON)  # type: ignore[operator]


def test_one_no_ends_it(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.ask(vulnerability=QUIET)

    reject_exception(
        actor=desk.actor("riley"), pk=exception.pk, payload_hash=hash_of(exception), comment="upgrade it", at=NOON
    )

    assert (fresh(exception).state, fresh(exception).closed_because) == ("rejected", "upgrade it")
    with pytest.raises(IllegalTransition):
        approve(desk, exception, by="riley")


def test_a_no_through_the_page_of_approvals_rejects_the_exception_too(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.ask(vulnerability=QUIET)
    request = waiting(exception)
    assert request is not None

    vote(
        actor=desk.actor("riley"),
        pk=request.pk,
        approve=False,
        payload_hash=request.payload_hash,
        reason="not like this",
        at=NOON,
    )

    assert fresh(exception).state == "rejected"


def test_changes_are_asked_for_and_answered_while_the_clock_stands(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.ask(vulnerability=QUIET, days=40)
    later, much_later = NOON + 2 * DAY, NOON + 30 * DAY

    request_changes(actor=desk.actor("riley", at=later), pk=exception.pk, comment="which service?", at=later)
    assert fresh(exception).state == "changes_requested"
    expire_due(at=much_later)
    assert fresh(exception).state == "changes_requested"
    with pytest.raises(IllegalTransition):
        approve_exception(
            actor=desk.actor("riley", at=much_later), pk=exception.pk, payload_hash="", comment="yes", at=much_later
        )
    resubmit_exception(actor=desk.actor("ada", at=much_later), pk=exception.pk, comment="the shop", at=much_later)

    request = waiting(exception)
    assert request is not None
    assert fresh(exception).state == "proposed"
    assert request.expires_at == much_later + 5 * DAY


def test_only_whoever_could_approve_sends_a_request_back(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.ask(vulnerability=LOG4SHELL)

    with pytest.raises(NotYoursToQuestion):
        request_changes(actor=desk.actor("riley"), pk=exception.pk, comment="hm", at=NOON)
    with pytest.raises(SecondPersonRequired):
        request_changes(actor=desk.actor("ada"), pk=exception.pk, comment="hm", at=NOON)


def test_a_request_nobody_decides_lapses(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.ask(vulnerability=QUIET, days=40)
    late = NOON + 7 * DAY

    with pytest.raises(ApprovalExpired):
        approve(desk, exception, by="riley", at=late)
    expire_due(at=late)

    assert (fresh(exception).state, fresh(exception).closed_because) == ("withdrawn", "its time ran out")


def test_an_approver_shortens_and_narrows_and_the_requester_stays_the_requester(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.ask(vulnerability=QUIET, days=40)
    less = Narrowing(scope=Scope(vulnerabilities=(QUIET,), environments=("production",)), expires_at=NOON + 10 * DAY)

    approved = approve(desk, exception, by="riley", narrowing=less)

    assert approved.state == "active"
    assert (approved.environments, approved.expires_at) == (["production"], NOON + 10 * DAY)
    request = waiting(exception)
    assert request is not None
    assert request.person == desk.actor("ada").person


@pytest.mark.parametrize(
    "less",
    [
        Narrowing(expires_at=NOON + 41 * DAY),
        Narrowing(scope=Scope(vulnerabilities=(QUIET, LOG4SHELL))),
        Narrowing(scope=Scope(packages=())),
        Narrowing(),
    ],
)
def test_an_approver_never_widens(in_shop: Shop, desk: Desk, less: Narrowing) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.ask(vulnerability=QUIET, days=40)

    with pytest.raises(NotNarrower):
        approve(desk, exception, by="riley", narrowing=less)


def test_facts_that_got_worse_since_the_request_are_looked_at_again(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.ask(vulnerability=QUIET)
    catalogue = kev_catalogue(LOG4SHELL, QUIET, released_at="2026-03-02T11:00:00.000Z")
    load_feed(actor=in_shop.actor, content=catalogue, at=NOON)

    with pytest.raises(FactsChanged):
        approve(desk, exception, by="riley")

    assert fresh(exception).state == "proposed"
    assert waiting(exception).ballots() == []  # type: ignore[union-attr]


def test_a_plan_at_a_high_level_shows_its_evidence_first(in_shop: Shop, desk: Desk) -> None:
    exception = desk.ask(
        scope=Scope(vulnerabilities=("CVE-2030-1",)), reason=Reason.COMPENSATING_CONTROL, controls=("waf-rule-1042",)
    )
    assert exception.level == "a3"
    approve(desk, exception, by="sam")

    with pytest.raises(EvidenceMissing):
        approve(desk, exception, by="casey")
    desk.show_a_control(exception)

    assert approve(desk, exception, by="casey").state == "active"


def test_the_time_that_was_asked_for_may_pass_before_anybody_decides(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.ask(vulnerability=QUIET, days=2)

    with pytest.raises(WindowOver):
        approve(desk, exception, by="riley", at=NOON + 2 * DAY)


def test_what_begins_later_is_approved_and_not_yet_active(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.in_force(vulnerability=QUIET, starts_at=NOON + DAY, days=10)

    assert exception.state == "approved"
    assert not exception.applies(at=NOON)
    assert exception.applies(at=NOON + DAY)
    assert exception.standing(at=NOON + DAY).value == "active"


def test_terms_in_force_stay_until_new_ones_are_approved(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.in_force(vulnerability=QUIET, days=10)
    ends_at, held = exception.expires_at, exception.terms_id

    extend_exception(actor=desk.actor("ada"), pk=exception.pk, expires_at=NOON + 50 * DAY, rationale=WHY, at=NOON)

    pending = fresh(exception)
    assert (pending.state, pending.expires_at, pending.terms_id) == ("active", ends_at, held)
    assert pending.has_pending_terms()
    assert desk.approve(exception).expires_at == NOON + 50 * DAY


def test_rejected_terms_leave_what_is_in_force(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.in_force(vulnerability=QUIET, days=10)
    extend_exception(actor=desk.actor("ada"), pk=exception.pk, expires_at=NOON + 50 * DAY, rationale=WHY, at=NOON)

    reject_exception(
        actor=desk.actor("riley"), pk=exception.pk, payload_hash=hash_of(exception), comment="no longer", at=NOON
    )

    assert fresh(exception).state == "active"
    assert not fresh(exception).has_pending_terms()
    with pytest.raises(NothingPending):
        approve_exception(actor=desk.actor("riley"), pk=exception.pk, payload_hash="x", comment="yes", at=NOON)


def test_an_extension_ends_within_the_longest_term_from_the_first_start(in_shop: Shop, desk: Desk) -> None:
    from exceptions.errors import TooLong

    scanned(in_shop, "shop/api")
    exception = desk.in_force(vulnerability=QUIET, days=50)
    later = NOON + 40 * DAY

    with pytest.raises(TooLong):
        extend_exception(
            actor=desk.actor("ada", at=later), pk=exception.pk, expires_at=NOON + 61 * DAY, rationale=WHY, at=later
        )


def test_renewing_what_nobody_sees_differently_takes_one_approver(in_shop: Shop, desk: Desk) -> None:
    exception = desk.in_force(
        scope=Scope(vulnerabilities=("CVE-2030-1",)),
        reason=Reason.COMPENSATING_CONTROL,
        controls=("waf-rule-1042",),
        days=20,
    )
    assert (exception.level, exception.state) == ("a3", "active")

    extend_exception(actor=desk.actor("ada"), pk=exception.pk, expires_at=NOON + 50 * DAY, rationale=WHY, at=NOON)

    request = waiting(exception)
    assert request is not None
    assert request.quorum_rule().count == 1
    assert approve(desk, exception, by="casey").expires_at == NOON + 50 * DAY


def test_the_database_lets_no_terms_hold_that_nobody_approved(in_shop: Shop, desk: Desk) -> None:
    from django.db import IntegrityError, transaction

    exception = desk.ask(vulnerability=QUIET)

    with pytest.raises(IntegrityError, match="terms hold once"), transaction.atomic():
        PolicyException.objects.filter(pk=exception.pk).update(terms=exception.asked_id, approved_at=NOON)
    with pytest.raises(IntegrityError), transaction.atomic():
        PolicyException.objects.filter(pk=exception.pk).update(state="active")
