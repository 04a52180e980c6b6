"""The acceptance stories of exceptions, from a blocked release to the end of what was forgiven."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from exceptions.matching.scope import PackageScope, Scope
from exceptions.models import ExceptionApplication, ExceptionAttestation, PolicyException
from exceptions.models.story import CommentKind
from exceptions.rules.vocabulary import ExceptionType, Reason
from exceptions.services.approval import approve_exception, request_changes
from exceptions.services.lifecycle import expire_due
from exceptions.services.request import resubmit_exception
from exceptions.services.thread import say
from gates.models import GateDecision
from gates.services.evaluation import evaluate_gate
from gates.services.jobs import drain
from gates.services.replay import ReplayOutcome, replay
from policies.services.feeds import load_feed
from stellapolicy.outbox.services.dispatching import dispatch
from stellapolicy.tenancy.scope import tenant_scope
from tests.exceptions.desk import DAY, Desk, make_desk, waiting
from tests.exceptions.evidence import sign_a_review
from tests.factories import NOON
from tests.gates.conftest import Shop, make_shop
from tests.reports import HARMLESS, LOG4SHELL, Vuln, epss_day, kev_catalogue, trivy
from tests.shop import asked

HIGH = Vuln("CVE-2024-1111", "paint", "1.4.2", "1.5.0", "HIGH", 7.5)
SCORES = {LOG4SHELL: 0.97, HARMLESS.id: 0.01, HIGH.id: 0.02}
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@dataclass
class Story:
    """A shop, its people, and a clock that workers and people share."""

    shop: Shop
    desk: Desk
    at: datetime = NOON

    def post(self, image: str, *vulns: Vuln) -> GateDecision:
        """Post a report of this moment and ask the gate before production."""
        with tenant_scope(self.shop.tenant.pk):
            request = asked(image, trivy(image, list(vulns), scanned_at=self.at - HOUR))
            return evaluate_gate(actor=self.shop.actor, request=request, at=self.at)

    def last(self, image: str) -> GateDecision:
        """Return the last decision about an image."""
        with tenant_scope(self.shop.tenant.pk):
            return (
                GateDecision.objects.filter(artifact__name=image)
                .order_by("-created_at", "-id")
                .select_related("artifact", "environment", "gate", "snapshot__artifact")[0]
            )

    def work(self) -> None:
        """Let the workers do what waits."""
        while dispatch(clock=lambda: self.at) or drain(clock=lambda: self.at):
            pass

    def later(self, by: timedelta) -> None:
        """Let time pass, and the feeds be fresh."""
        self.at += by
        with tenant_scope(self.shop.tenant.pk):
            day = f"{self.at:%Y-%m-%d}"
            load_feed(actor=self.shop.actor, content=epss_day(SCORES, day=day), at=self.at)
            listed = kev_catalogue(LOG4SHELL, released_at=f"{day}T00:00:00.000Z")
            load_feed(actor=self.shop.actor, content=listed, at=self.at)


@pytest.fixture
def story(db: None) -> Story:
    """Return a story that begins at noon."""
    shop = make_shop()
    with tenant_scope(shop.tenant.pk):
        load_feed(actor=shop.actor, content=epss_day(SCORES, day="2026-03-02"), at=NOON)
    return Story(shop, make_desk(shop.tenant))


def test_from_a_blocked_release_to_a_pass_and_back(story: Story) -> None:
    blocked = story.post("shop/api", HIGH)
    assert blocked.decision == "block"
    desk, tenant = story.desk, story.shop.tenant.pk

    with tenant_scope(tenant):
        exception = desk.ask(
            vulnerability=HIGH.id,
            reason=Reason.COMPENSATING_CONTROL,
            controls=("waf-rule-1042",),
            environment="production",
            days=20,
        )
        request_changes(actor=desk.actor("sam"), pk=exception.pk, comment="Which rule of the firewall?", at=NOON)
        say(actor=desk.actor("ada"), pk=exception.pk, text="1042, in block mode", kind=CommentKind.ANSWER, at=NOON)
        resubmit_exception(actor=desk.actor("ada"), pk=exception.pk, comment="answered in the thread", at=NOON)
        exception = desk.approve(exception)
    assert exception.state == "active"
    assert story.last("shop/api").pk == blocked.pk
    story.work()

    passed = story.last("shop/api")
    assert passed.pk != blocked.pk
    assert (passed.decision, passed.exit_code) == ("pass", 0)
    assert passed.body["with_exceptions"] is True
    assert passed.body["raw"]["decision"] == "block"
    assert [one["id"] for one in passed.body["exceptions"]] == [exception.number]
    (row,) = [row for row in passed.body["findings"] if row["id"] == HIGH.id]
    assert (row["raw_status"], row["status"], row["exception"]) == ("warned", "guarded_pass", exception.number)
    with tenant_scope(tenant):
        assert replay(passed).outcome is ReplayOutcome.EXACT
        assert ExceptionApplication.objects.get(run=passed.pk).finding == row["key"]
        assert ExceptionAttestation.objects.filter(exception=exception).count() == 1

    story.later(20 * DAY)
    expire_due(at=story.at)
    story.work()

    ended = story.last("shop/api")
    assert ended.pk != passed.pk
    assert (ended.decision, ended.body["with_exceptions"]) == ("block", False)


def test_at_the_very_instant_it_does_not_apply_whatever_the_workers_did(story: Story) -> None:
    story.post("shop/api", HIGH)
    with tenant_scope(story.shop.tenant.pk):
        exception = story.desk.in_force(vulnerability=HIGH.id, reason=Reason.FALSE_POSITIVE, days=20)
    end = exception.expires_at

    story.later(end - timedelta(seconds=1) - story.at)
    before = story.post("shop/api", HIGH)
    story.later(timedelta(seconds=1))
    after = story.post("shop/api", HIGH)

    assert (before.decision, after.decision) == ("pass", "block")
    with tenant_scope(story.shop.tenant.pk):
        assert PolicyException.objects.get(pk=exception.pk).state == "active"


def test_a_listing_as_exploited_blocks_at_once_without_any_worker(story: Story) -> None:
    story.post("shop/api", HIGH)
    with tenant_scope(story.shop.tenant.pk):
        exception = story.desk.in_force(vulnerability=HIGH.id, reason=Reason.FALSE_POSITIVE, days=20)
    assert story.post("shop/api", HIGH).decision == "pass"

    with tenant_scope(story.shop.tenant.pk):
        listed = kev_catalogue(LOG4SHELL, HIGH.id, released_at="2026-03-02T12:30:00.000Z")
        load_feed(actor=story.shop.actor, content=listed, at=NOON)
    blocked = story.post("shop/api", HIGH)

    assert blocked.decision == "block"
    assert "exception_recheck" in {check["check"] for check in blocked.body["checks"] if check["outcome"] == "block"}
    with tenant_scope(story.shop.tenant.pk):
        held = PolicyException.objects.get(pk=exception.pk)
        assert (held.state, held.blocks) == ("revalidation_required", True)


def test_what_was_approved_as_exploited_is_not_void_for_being_listed(story: Story) -> None:
    exploited = Vuln(LOG4SHELL, "log4j", "2.14.1", "2.15.0", "CRITICAL", 10.0)
    assert story.post("shop/api", exploited).decision == "block"

    with tenant_scope(story.shop.tenant.pk):
        exception = story.desk.ask(vulnerability=LOG4SHELL, reason=Reason.FALSE_POSITIVE, days=30)
        sign_a_review(story.desk, exception)
        assert story.desk.approve(exception).state == "active"

    assert story.post("shop/api", exploited).decision == "pass"


def test_a_new_version_inside_the_range_stays_covered_and_one_outside_does_not(story: Story) -> None:
    story.post("shop/api", HIGH)
    scope = Scope(vulnerabilities=(HIGH.id,), packages=(PackageScope("pkg:npm/paint", "vers:npm/>=1.4.0|<1.5.0"),))
    with tenant_scope(story.shop.tenant.pk):
        story.desk.in_force(scope=scope, reason=Reason.FALSE_POSITIVE, days=20)

    inside = story.post("shop/api-next", Vuln(HIGH.id, "paint", "1.4.9", "1.5.0", "HIGH", 7.5))
    outside = story.post("shop/api-other", Vuln(HIGH.id, "paint", "1.5.0", "1.6.0", "HIGH", 7.5))

    assert (inside.decision, outside.decision) == ("pass", "block")


def test_a_single_vote_by_whoever_asked_opens_nothing(story: Story) -> None:
    blocked = story.post("shop/api", HIGH)
    from stellapolicy.governance.errors import SecondPersonRequired

    with tenant_scope(story.shop.tenant.pk):
        exception = story.desk.ask(by="sam", vulnerability=HIGH.id, reason=Reason.FALSE_POSITIVE, days=20)
        request = waiting(exception)
        assert request is not None
        with pytest.raises(SecondPersonRequired):
            approve_exception(
                actor=story.desk.actor("sam"),
                pk=exception.pk,
                payload_hash=request.payload_hash,
                comment="mine",
                at=NOON,
            )
    story.work()

    assert story.last("shop/api").pk == blocked.pk
    assert story.post("shop/api", HIGH).decision == "block"


@pytest.mark.parametrize("reason", [Reason.TEST_ONLY, Reason.NETWORK_ISOLATION])
def test_a_downgraded_finding_is_judged_anew(story: Story, reason: Reason) -> None:
    unfixed = Vuln(HIGH.id, "paint", "1.4.2", "1.5.0", "HIGH", 7.5)
    assert story.post("shop/api", unfixed).decision == "block"

    with tenant_scope(story.shop.tenant.pk):
        story.desk.in_force(vulnerability=HIGH.id, reason=reason, days=20)

    decision = story.post("shop/api", unfixed)
    assert decision.decision in {"pass", "warn"}
    assert decision.body["raw"]["decision"] == "block"


def test_what_nobody_had_to_agree_to_forgives_nothing_worse(story: Story) -> None:
    note = Vuln("CVE-2024-2222", "paint", "1.4.2", severity="NONE", score=0.0)
    story.post("shop/api", note)
    with tenant_scope(story.shop.tenant.pk):
        scope = Scope(packages=(PackageScope("pkg:npm/paint"),))
        exception = story.desk.ask(type=ExceptionType.COMPONENT, reason=Reason.FALSE_POSITIVE, scope=scope, days=20)
        assert (exception.level, exception.state) == ("a0", "active")

    decision = story.post("shop/api", note, HIGH)

    assert decision.decision == "block"
    (row,) = [row for row in decision.body["findings"] if row["id"] == HIGH.id]
    assert (row["status"], row["exception"]) == ("warned", None)


def test_whoever_chooses_the_instant_revives_and_begins_nothing(story: Story) -> None:
    story.post("shop/api", HIGH)
    with tenant_scope(story.shop.tenant.pk):
        exception = story.desk.in_force(vulnerability=HIGH.id, reason=Reason.FALSE_POSITIVE, days=20)
        later = story.desk.in_force(
            vulnerability=HIGH.id, reason=Reason.TEST_ONLY, days=30, starts_at=exception.expires_at + 2 * HOUR
        )
    story.later(exception.expires_at + timedelta(minutes=10) - story.at)
    request = replace(
        asked("shop/api", trivy("shop/api", [HIGH], scanned_at=story.at - 2 * HOUR)), at=story.at - 20 * MINUTE
    )

    with tenant_scope(story.shop.tenant.pk):
        before = evaluate_gate(actor=story.shop.actor, request=request, at=story.at)
        story.at = later.starts_at - 10 * MINUTE
        after = evaluate_gate(
            actor=story.shop.actor, request=replace(request, at=later.starts_at + MINUTE), at=story.at
        )

    assert (before.decision, after.decision) == ("block", "block")
