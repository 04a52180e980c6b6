"""Ways around the second person that were tried, each with what closes it."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from exceptions.asking import Narrowing, TermsChange
from exceptions.errors import (
    AlreadyCovered,
    ConditionAlreadyTrue,
    EvidenceRefused,
    ExceptionInvalid,
    FactsChanged,
    IllegalTransition,
    NotYourRequest,
    NotYoursToRevoke,
    TableMoved,
    TooBroad,
)
from exceptions.matching.scope import PackageScope, Scope
from exceptions.matching.subject import Subject, may_cover
from exceptions.models import ApprovalTable
from exceptions.rules.conditions import Action, Condition, ConditionKind, read_conditions
from exceptions.rules.hooks import HookKind
from exceptions.rules.level_table import PRESETS, SMALL_TEAM, write_levels
from exceptions.rules.vocabulary import Effect, ExceptionType, Kind, Reason
from exceptions.services.approval import approve_exception
from exceptions.services.approval_levels import propose_levels
from exceptions.services.drafting import MOST_GROUPS
from exceptions.services.evidence import Attached, attach_evidence
from exceptions.services.hooks import submitted_to
from exceptions.services.lifecycle import revoke_exception
from exceptions.services.request import change_terms, extend_exception, request_exception
from policies.services.feeds import load_feed
from stellapolicy.governance.errors import ReasonMissing, SecondPersonRequired
from stellapolicy.governance.services.approvals import vote
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.kernel.refusals import Fault
from stellapolicy.signing.ports import signer
from stellapolicy.trust.intoto import PAYLOAD_TYPE, Statement
from stellapolicy.trust.intoto import Subject as About
from tests.exceptions.desk import DAY, WHY, Desk, administrator, asked, fresh, waiting
from tests.exceptions.evidence import sign_a_review
from tests.exceptions.services.test_request import scanned
from tests.factories import NOON, ServiceFactory
from tests.gates.conftest import Shop
from tests.policies.services.test_evidence import sbom
from tests.reports import HARMLESS, LOG4SHELL, Vuln, epss_day, kev_catalogue, many, trivy

QUIET = HARMLESS.id
ABOUT_QUIET = Scope(packages=(PackageScope("pkg:npm/quiet"),))
HOUR = timedelta(hours=1)


def note(identifier: str, severity: str = "NONE") -> Vuln:
    return Vuln(identifier, "quiet", severity=severity, score=9.8 if severity == "CRITICAL" else 0.0)


def test_a_request_about_something_worse_is_not_covered_by_a_milder_approval(in_shop: Shop, desk: Desk) -> None:
    in_shop.ask("shop/api", trivy("shop/api", [note("CVE-2024-1")], scanned_at=NOON - HOUR))
    mild = desk.ask(type=ExceptionType.COMPONENT, reason=Reason.FALSE_POSITIVE, scope=ABOUT_QUIET, days=20)
    assert (mild.level, mild.state) == ("a0", "active")
    with pytest.raises(AlreadyCovered):
        desk.ask(type=ExceptionType.COMPONENT, reason=Reason.FALSE_POSITIVE, scope=ABOUT_QUIET, days=10)

    worse = [note("CVE-2024-1"), note("CVE-2024-2", "CRITICAL")]
    in_shop.ask("shop/api", trivy("shop/api", worse, scanned_at=NOON))
    asked = desk.ask(type=ExceptionType.COMPONENT, reason=Reason.FALSE_POSITIVE, scope=ABOUT_QUIET, days=10)

    assert (asked.level, asked.state) == ("a3", "proposed")


def test_what_takes_nobody_keeps_every_condition_of_its_kind(in_shop: Shop, desk: Desk) -> None:
    in_shop.ask("shop/api", trivy("shop/api", [note("CVE-2024-1")], scanned_at=NOON - HOUR))

    alone = desk.ask(vulnerability="CVE-2024-1", conditions=())

    assert alone.level == "a0"
    assert "kev_listed" in {row["kind"] for row in alone.asked.conditions}  # type: ignore[union-attr]


def test_a_signature_about_another_exception_proves_nothing(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    other = desk.ask(vulnerability=QUIET)
    exception = desk.ask(vulnerability=LOG4SHELL, reason=Reason.FALSE_POSITIVE, days=30)
    claims = {"reviewer": "sam", "outcome": "passed", "reviewed_at": rfc3339(NOON - DAY)}
    assert exception.asked is not None
    terms = {"sha256": exception.asked.digest.removeprefix("sha256:")}
    statement = Statement((About(other.number, terms),), "https://example.org/review/v1", claims)
    envelope = signer().sign(PAYLOAD_TYPE, statement.payload()).to_json()

    with pytest.raises(EvidenceRefused):
        attach_evidence(
            actor=desk.actor("ada"),
            pk=exception.pk,
            attached=Attached(hook=HookKind.SECURITY_REVIEW, envelope=envelope),
            at=NOON,
        )


def test_evidence_is_as_old_as_what_it_states(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.ask(vulnerability=LOG4SHELL, reason=Reason.FALSE_POSITIVE, days=30)

    row = sign_a_review(desk, exception, at=NOON)

    assert row.issued_at == NOON - DAY
    stale = Attached(
        hook=HookKind.COMPENSATING_CONTROL,
        claims={"control": "waf", "verified_by": "sam", "verified_at": rfc3339(NOON - 900 * DAY)},
    )
    assert (
        attach_evidence(actor=desk.actor("ada"), pk=exception.pk, attached=stale, at=NOON).issued_at < NOON - 899 * DAY
    )


def test_whoever_asked_first_does_not_decide_an_extension_another_proposes(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.ask(by="riley", vulnerability=QUIET, days=5)
    exception = desk.approve(exception, by=["sam"])
    extend_exception(actor=desk.actor("sam"), pk=exception.pk, expires_at=NOON + 20 * DAY, rationale=WHY, at=NOON)

    request = waiting(exception)
    assert request is not None
    for name in ("riley", "sam"):
        with pytest.raises(SecondPersonRequired):
            approve_exception(
                actor=desk.actor(name), pk=exception.pk, payload_hash=request.payload_hash, comment="yes", at=NOON
            )


def test_a_ticket_that_waits_is_not_the_ticket_in_force(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.in_force(vulnerability=QUIET)

    change_terms(actor=desk.actor("ada"), pk=exception.pk, change=TermsChange(ticket="SEC-666"), at=NOON)

    assert fresh(exception).ticket == "SEC-1"
    assert desk.approve(exception).ticket == "SEC-666"


def test_a_condition_for_a_place_there_is_not_is_refused(in_shop: Shop, desk: Desk) -> None:
    condition = Condition(ConditionKind.EPSS_ABOVE, Action.BLOCK, "0.9", environments=("moon",))

    with pytest.raises(ExceptionInvalid) as refused:
        desk.ask(vulnerability=QUIET, conditions=(condition,))

    assert refused.value.faults[0].pointer == "/recheck/0/environments"


def test_a_fact_is_watched_wherever_it_may_change() -> None:
    faults: list[Fault] = []

    read_conditions(
        [{"kind": "kev_listed", "action": "block", "environments": ["staging"]}], kind=Kind.FACT, faults=faults
    )

    assert [fault.code for fault in faults] == ["recheck.mandatory"]


def test_a_deprecation_hides_no_vulnerability() -> None:
    scope = Scope(vulnerabilities=(QUIET,))
    subject = Subject("vulnerability", (QUIET,), "pkg:npm/quiet@1.0.0", "critical")

    assert not may_cover(ExceptionType.VULNERABILITY, Effect.SUPPRESS_DEPRECATION, scope, subject)


def test_conditions_of_an_environment_are_judged_at_approval_too(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    condition = Condition(ConditionKind.EPSS_RISES, Action.REQUIRE_REAPPROVAL, environments=("production",))
    exception = desk.ask(vulnerability=QUIET, conditions=(condition,))
    load_feed(actor=in_shop.actor, content=epss_day({LOG4SHELL: 0.97, QUIET: 0.4}, day="2026-03-02"), at=NOON)

    with pytest.raises(FactsChanged):
        desk.approve(exception)


def test_nobody_puts_their_own_terms_in_the_place_of_those_of_another(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.in_force(vulnerability=QUIET)
    extend_exception(actor=desk.actor("ada"), pk=exception.pk, expires_at=NOON + 20 * DAY, rationale=WHY, at=NOON)

    with pytest.raises(NotYourRequest):
        extend_exception(actor=desk.actor("sam"), pk=exception.pk, expires_at=NOON + 9 * DAY, rationale=WHY, at=NOON)


def test_a_refusal_names_the_state_as_it_is_and_not_as_it_was_recorded(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.in_force(vulnerability=QUIET)
    late = exception.expires_at

    with pytest.raises(IllegalTransition, match="is expired and cannot be revoked; legal: none"):
        revoke_exception(actor=desk.actor("ada", at=late), pk=exception.pk, comment="too late", at=late)


def test_what_approvers_saw_names_the_policy_in_force(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")

    exception = desk.ask(vulnerability=QUIET)

    assert exception.asked is not None
    assert exception.asked.counts["digests"]["program_production"].startswith("sha256:")


def test_what_was_signed_for_less_is_no_evidence_for_more(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.ask(vulnerability=QUIET, environment="staging")
    sign_a_review(desk, exception)
    signed = submitted_to(fresh(exception))

    change_terms(actor=desk.actor("ada"), pk=exception.pk, change=TermsChange(scope=Scope((QUIET,))), at=NOON)
    broader = submitted_to(fresh(exception))
    again = Scope((QUIET,), environments=("staging",))
    change_terms(actor=desk.actor("ada"), pk=exception.pk, change=TermsChange(scope=again), at=NOON)

    assert [len(signed), len(broader), len(submitted_to(fresh(exception)))] == [1, 0, 1]


def test_what_nobody_can_look_at_is_asked_for_by_nobody(in_shop: Shop, desk: Desk) -> None:
    in_shop.ask("shop/api", trivy("shop/api", many(MOST_GROUPS + 1), scanned_at=NOON - HOUR))
    everything = Scope(packages=(PackageScope("pkg:npm/library-*"),))

    with pytest.raises(TooBroad, match="2,000 vulnerabilities"):
        desk.ask(type=ExceptionType.COMPONENT, scope=everything)


def test_a_table_of_levels_that_was_overtaken_is_proposed_anew(in_shop: Shop, desk: Desk) -> None:
    first, second = (administrator(in_shop.tenant) for _ in range(2))
    tables = [write_levels(SMALL_TEAM), write_levels(PRESETS["standard"])]
    overtaken, agreed = (propose_levels(actor=first, levels=one, reason="we are few", at=NOON) for one in tables)
    confirm = partial(vote, actor=second, approve=True, reason="so it is", at=NOON)
    confirm(pk=agreed.pk, payload_hash=agreed.payload_hash)

    with pytest.raises(TableMoved):
        confirm(pk=overtaken.pk, payload_hash=overtaken.payload_hash)

    assert ApprovalTable.objects.get().version == 1


def test_what_covers_a_request_is_named_to_those_who_may_read_it(in_shop: Shop, desk: Desk) -> None:
    till = ServiceFactory(slug="till", repositories=["shop/till"])
    in_shop.ask("shop/till", trivy("shop/till", [HARMLESS], scanned_at=NOON - HOUR))
    broad = desk.in_force(vulnerability=QUIET)
    wanted = asked(vulnerability=QUIET, service="till", days=3)
    bound = desk.actor("casey", services=[till.pk])

    with pytest.raises(AlreadyCovered, match=broad.number):
        request_exception(actor=desk.actor("casey"), asked=wanted, at=NOON)
    with pytest.raises(AlreadyCovered, match="reaches beyond your services") as refused:
        request_exception(actor=bound, asked=wanted, at=NOON)

    assert refused.value.number == ""


def test_less_is_not_agreed_to_over_facts_that_got_worse(in_shop: Shop, desk: Desk) -> None:
    day = "2026-03-02"
    load_feed(actor=in_shop.actor, content=epss_day({QUIET: 0.6, LOG4SHELL: 0.97}, day=day), at=NOON)
    scanned(in_shop, "shop/api")
    exception = desk.ask(vulnerability=QUIET)
    listed = kev_catalogue(LOG4SHELL, QUIET, released_at="2026-03-03T00:00:00.000Z")
    load_feed(actor=in_shop.actor, content=listed, at=NOON + DAY)
    request = waiting(exception)
    assert request is not None
    agree = partial(approve_exception, actor=desk.actor("sam", at=NOON + DAY), pk=exception.pk, at=NOON + DAY)

    for narrowing in (None, Narrowing(expires_at=NOON + 4 * DAY)):
        with pytest.raises(FactsChanged):
            agree(payload_hash=request.payload_hash, comment="less of it", narrowing=narrowing)

    assert fresh(exception).state == "proposed"


def test_an_extension_is_one_of_what_is_in_force(in_shop: Shop, desk: Desk) -> None:
    in_shop.ask("shop/api", trivy("shop/api", [note("CVE-2024-1", "CRITICAL")], scanned_at=NOON - HOUR))
    guarded: Any = {"reason": Reason.COMPENSATING_CONTROL, "controls": ("WAF rule 17",), "days": 10}
    exception = desk.in_force(vulnerability="CVE-2024-1", **guarded)
    loosened = TermsChange(controls=("nothing at all",), rationale=WHY + " Or so.")
    change_terms(actor=desk.actor("ada"), pk=exception.pk, change=loosened, at=NOON)

    extend_exception(actor=desk.actor("ada"), pk=exception.pk, expires_at=NOON + 20 * DAY, rationale=WHY, at=NOON)
    extended = desk.approve(exception, by=["sam"])

    assert extended.terms is not None
    assert (extended.expires_at, extended.terms.controls) == (NOON + 20 * DAY, ["WAF rule 17"])


def test_other_controls_are_no_mere_renewal(in_shop: Shop, desk: Desk) -> None:
    in_shop.ask("shop/api", trivy("shop/api", [note("CVE-2024-1", "CRITICAL")], scanned_at=NOON - HOUR))
    guarded: Any = {"reason": Reason.COMPENSATING_CONTROL, "controls": ("WAF rule 17",), "days": 10}
    exception = desk.in_force(vulnerability="CVE-2024-1", **guarded)
    change = TermsChange(controls=("nothing at all",), expires_at=NOON + 20 * DAY)

    change_terms(actor=desk.actor("ada"), pk=exception.pk, change=change, at=NOON, as_extension=True)

    request = waiting(exception)
    assert request is not None
    assert request.quorum_rule().count == 2


def test_terms_that_need_nobody_end_nothing_that_others_agreed_to(in_shop: Shop, desk: Desk) -> None:
    in_shop.ask("shop/api", trivy("shop/api", [HARMLESS, note("CVE-2024-2")], scanned_at=NOON - HOUR))
    exception = desk.in_force(vulnerability=QUIET)
    harmless = TermsChange(scope=Scope(vulnerabilities=("CVE-2024-2",)))
    stranger = replace(desk.actor("ada"), subject="user:zoe", extra={"person": "user:zoe"})

    with pytest.raises(NotYoursToRevoke):
        change_terms(actor=stranger, pk=exception.pk, change=harmless, at=NOON)
    assert fresh(exception).vulnerabilities == [QUIET]

    change_terms(actor=desk.actor("ada"), pk=exception.pk, change=harmless, at=NOON)
    assert (fresh(exception).vulnerabilities, fresh(exception).level) == (["CVE-2024-2"], "a0")


def test_the_same_said_again_takes_no_vote_away(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.ask(vulnerability=LOG4SHELL)
    desk.approve(exception, by=["sam"])
    same = TermsChange(expires_at=exception.expires_at)

    change_terms(actor=desk.actor("ada"), pk=exception.pk, change=same, at=NOON + HOUR)

    request = waiting(exception)
    assert request is not None
    assert (len(request.ballots()), request.created_at, exception.versions.count()) == (1, NOON, 1)


def test_a_yes_says_why_at_every_door(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.ask(vulnerability=QUIET)
    request = waiting(exception)
    assert request is not None

    with pytest.raises(ReasonMissing):
        vote(
            actor=desk.actor("riley"),
            pk=request.pk,
            approve=True,
            payload_hash=request.payload_hash,
            reason=" ",
            at=NOON,
        )

    assert fresh(exception).state == "proposed"


def test_a_ticket_that_waits_is_the_ticket_of_what_is_less(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.in_force(vulnerability=QUIET, days=9)
    change_terms(actor=desk.actor("ada"), pk=exception.pk, change=TermsChange(ticket="SEC-999"), at=NOON)
    change_terms(actor=desk.actor("ada"), pk=exception.pk, change=TermsChange(rationale=WHY + " Soon."), at=NOON)
    request = waiting(exception)
    assert request is not None

    approve_exception(
        actor=desk.actor("riley"),
        pk=exception.pk,
        payload_hash=request.payload_hash,
        comment="a week will do",
        narrowing=Narrowing(expires_at=NOON + 7 * DAY),
        at=NOON,
    )

    assert (fresh(exception).ticket, fresh(exception).expires_at) == ("SEC-999", NOON + 7 * DAY)


def test_what_would_be_void_at_once_is_not_agreed_to(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    mild = (Condition(ConditionKind.EPSS_ABOVE, Action.WARN, "0.05"),)
    exception = desk.ask(vulnerability=QUIET, conditions=mild)
    load_feed(actor=in_shop.actor, content=epss_day({LOG4SHELL: 0.97, QUIET: 0.2}, day="2026-03-03"), at=NOON + DAY)

    with pytest.raises(ConditionAlreadyTrue):
        desk.approve(exception, at=NOON + DAY)


def test_a_licence_that_a_policy_may_block_takes_somebody(in_shop: Shop, desk: Desk) -> None:
    in_shop.ask("shop/api", sbom("left"))
    left = Scope(packages=(PackageScope("pkg:npm/left"),))

    exception = desk.ask(type=ExceptionType.COMPONENT, reason=Reason.LICENSE_WAIVER, scope=left)

    assert (exception.level, exception.state) == ("a1", "proposed")
