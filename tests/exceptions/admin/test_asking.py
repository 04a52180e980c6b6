"""Asking for an exception: from a blocked finding or from nothing, looked at first, with every mistake at its field."""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import pytest
from django.urls import reverse

from exceptions.models import PolicyException
from exceptions.rules.vocabulary import Effect, ExceptionType, Reason, State
from gates.models import GateDecision
from gates.services.blocked import BlockedFindings
from stellapolicy.access.models import RoleAssignment
from stellapolicy.access.roles import Role
from stellapolicy.audit.models import Entry
from stellapolicy.outbox.models import OutboxEvent
from stellapolicy.tenancy.models import Service, Team
from tests.exceptions.admin.office import HIGH, Office
from tests.exceptions.desk import DAY, WHY
from tests.factories import ServiceFactory, UserFactory, person_with
from tests.reports import LOG4SHELL

ASK = reverse("admin:exceptions_policyexception_request")


def written(office: Office, **said: Any) -> dict[str, Any]:
    """Return what somebody writes into the form."""
    return {
        "type": "vulnerability",
        "reason": "scheduled_fix",
        "vulnerabilities": HIGH.id,
        "expires_at": (office.at + 5 * DAY).date().isoformat(),
        "rationale": WHY,
        "recheck": "as_is",
        "do": "ask",
        **said,
    }


def test_a_request_from_nothing_is_asked_for(office: Office) -> None:
    Team.objects.create(slug="shop-team", name="Shop")
    said = written(office, owner_team="shop-team", ticket="SEC-9", tags="q1, freeze", environments=["production"])

    answer = office.sign_in("ada").post(ASK, said, follow=True)

    row = PolicyException.objects.get()
    assert (row.state, row.reason, row.environments) == (State.PROPOSED, Reason.SCHEDULED_FIX, ["production"])
    assert (row.ticket, row.tags) == ("SEC-9", ["freeze", "q1"])
    assert row.owner_team is not None
    assert f"{row.number} waits for a decision." in answer.content.decode()


def test_looking_first_shows_what_it_takes_and_writes_nothing(office: Office) -> None:
    before = Entry.objects.count(), OutboxEvent.objects.count()

    shown = office.sign_in("ada").post(ASK, written(office, vulnerabilities=LOG4SHELL, do="look")).content.decode()

    for words in (
        "Level A4",
        "3 people must agree",
        "known to be exploited, EPSS 0.97: +1",
        "Release captain",
        "shop-casey",
        "Level A4 needs a ticket",
        "What would flip",
        "pkg:npm/log4j",
    ):
        assert words in shown, words
    assert not PolicyException.objects.exists()
    assert (Entry.objects.count(), OutboxEvent.objects.count()) == before


def test_looking_first_says_which_evidence_it_takes(office: Office) -> None:
    grave = written(office, vulnerabilities=LOG4SHELL, do="look")
    ada = office.sign_in("ada")

    shown, light = (ada.post(ASK, said).content.decode() for said in (grave, written(office, do="look")))

    for words in ("It takes effect only with signed evidence", "It takes effect only with evidence for"):
        assert words in shown, words
        assert words not in light, words


def test_what_asking_takes_is_never_called_optional(office: Office) -> None:
    ada = office.sign_in("ada")

    answers = ada.get(ASK), ada.post(ASK, written(office, do="look", expires_at="", rationale=""))

    for answer in answers:
        assert 'for="id_expires_at">Until (UTC)</label>' in answer.content.decode()
        assert 'for="id_rationale">Why it may be so</label>' in answer.content.decode()


def test_looking_first_says_how_long_it_may_last_at_most(office: Office) -> None:
    said = written(office, do="look", reason="accepted_risk", expires_at=(office.at + 80 * DAY).date().isoformat())

    shown = office.sign_in("ada").post(ASK, said)

    assert "lasts at most 30 days" in shown.content.decode()
    assert shown.context["looked"]["latest"].date() == (office.at + 30 * DAY).date()


def test_looking_takes_neither_an_end_nor_a_reason_and_fills_in_the_latest_day(office: Office) -> None:
    said = written(office, do="look", expires_at="", rationale="")

    answer = office.sign_in("ada").post(ASK, said)

    text, form = answer.content.decode(), answer.context["form"]
    latest = answer.context["looked"]["latest"]
    assert "once you say why it may be so" in text
    assert "which this look takes as its end" in text
    assert (form["expires_at"].value(), latest) == (latest.date().isoformat(), latest)
    assert "Too long" not in text


@pytest.mark.parametrize("field", ["expires_at", "rationale"])
def test_asking_takes_both(office: Office, field: str) -> None:
    answer = office.sign_in("ada").post(ASK, written(office, **{field: ""}))

    assert field in answer.context["form"].errors
    assert not PolicyException.objects.exists()


def test_a_seat_that_nobody_can_fill_is_said_before_and_after_asking(office: Office) -> None:
    said = written(office, vulnerabilities=LOG4SHELL, ticket="SEC-9")
    RoleAssignment.objects.filter(role=Role.CISO).delete()

    looked = office.sign_in("ada").post(ASK, {**said, "do": "look"}).content.decode()
    asked = office.sign_in("ada").post(ASK, said, follow=True).content.decode()

    for text in (looked, asked):
        assert text.count("Nobody here can fill the seat of ciso.") == 1
        assert "Let somebody else ask for it" in text


def test_what_covers_nothing_today_says_so_before_and_after_asking(office: Office) -> None:
    said = written(office, vulnerabilities="CVE-2031-12345", ticket="SEC-9")

    looked = office.sign_in("ada").post(ASK, {**said, "do": "look"}).content.decode()
    asked = office.sign_in("ada").post(ASK, said, follow=True).content.decode()

    assert "It covers nothing today." in looked
    assert "It covers nothing today; it would apply to what is found later." in asked


def test_looking_first_says_that_it_is_covered_already(office: Office) -> None:
    held = office.in_force(days=20, reason=Reason.SCHEDULED_FIX)

    shown = office.sign_in("ada").post(ASK, written(office, do="look")).content.decode()

    assert f"{held.number} covers all of it" in shown


def test_looking_first_names_another_request_for_the_same_of_those_this_person_may_see(office: Office) -> None:
    open_, elsewhere = office.ask(), ServiceFactory(slug="elsewhere")
    hidden = office.ask(service=elsewhere.slug)
    narrow = office.sign_in(person_with(office.shop.tenant, Role.REQUESTER, service=ServiceFactory(slug="mine")))
    ada = office.sign_in("ada")

    whole, part = (
        client.post(ASK, written(office, do="look", **said)).content.decode()
        for client, said in ((ada, {}), (narrow, {"services": ["mine"]}))
    )
    other = ada.post(ASK, written(office, vulnerabilities=LOG4SHELL, do="look")).content.decode()

    assert "Already asked for:" in whole
    assert (open_.number in whole, hidden.number in whole) == (True, True)
    assert hidden.number not in part
    assert "Already asked for:" not in other


def test_what_is_covered_already_is_refused(office: Office) -> None:
    held = office.in_force(days=20, reason=Reason.SCHEDULED_FIX)

    shown = office.sign_in("ada").post(ASK, written(office)).content.decode()

    assert f"Covered already: {held.number} covers all of it" in shown
    assert PolicyException.objects.count() == 1


@pytest.mark.parametrize(
    "said, field",
    [
        ({"rationale": "too short"}, "rationale"),
        ({"packages": "log4j"}, "packages"),
        ({"vulnerabilities": "CVE-20999"}, "vulnerabilities"),
        ({"packages": "pkg:npm/net vers:maven/<2"}, "packages"),
        ({"digests": "sha256:short"}, "digests"),
        ({"expires_at": "2020-01-01"}, "expires_at"),
        ({"reason": "compensating_control"}, "controls"),
        ({"effect": "suppress_license"}, "effect"),
        ({"vulnerabilities": ""}, "__all__"),
        ({"reason": "false_positive", "recheck": "own"}, "recheck"),
        ({"recheck": "own", "action_epss_above": "warn", "limit_epss_above": "7"}, "recheck"),
        ({"reason": "nonsense"}, "reason"),
    ],
)
def test_a_mistake_is_shown_at_its_field(office: Office, said: dict[str, str], field: str) -> None:
    answer = office.sign_in("ada").post(ASK, written(office, **said))

    assert field in answer.context["form"].errors
    assert not PolicyException.objects.exists()


def test_a_range_labels_and_a_policy_of_ones_own_are_kept(office: Office) -> None:
    said = written(
        office,
        packages="pkg:npm/net vers:npm/>=0.5.0|<0.9.0",
        labels="team=shop",
        recheck="own",
        action_kev_listed="block",
        action_epss_rises="warn",
        limit_epss_rises="0.4",
    )

    office.sign_in("ada").post(ASK, said)

    terms = PolicyException.objects.get().asked
    assert terms is not None
    assert terms.scope["packages"] == [{"pattern": "pkg:npm/net", "versions": "vers:npm/>=0.5.0|<0.9.0"}]
    assert terms.scope["labels"] == {"team": "shop"}
    assert [(one["kind"], one["threshold"]) for one in terms.conditions] == [("kev_listed", ""), ("epss_rises", "0.4")]


def test_another_effect_that_the_reason_allows_is_taken(office: Office) -> None:
    office.sign_in("ada").post(ASK, written(office, reason="false_positive", effect="defer_vendor"))

    assert PolicyException.objects.get().effect == Effect.DEFER_VENDOR


def test_a_request_begins_with_the_finding_that_was_blocked(office: Office) -> None:
    service = ServiceFactory(slug="api", repositories=["shop/api"])
    decision = _owned_by(service)
    key = next(one["key"] for one in decision.body["findings"] if one["id"] == LOG4SHELL)

    form = office.sign_in("ada").get(f"{ASK}?decision={decision.pk}&finding={quote(key, safe='')}").context["form"]

    assert {name: form[name].value() for name in ("type", "vulnerabilities", "packages", "services")} == {
        "type": ExceptionType.VULNERABILITY.value,
        "vulnerabilities": LOG4SHELL,
        "packages": "pkg:npm/log4j",
        "services": ["api"],
    }
    assert (form["environments"].value(), form["owner_team"].value()) == (["production"], service.team.slug)


@pytest.mark.parametrize("query", ["decision=nonsense", "decision=00000000-0000-0000-0000-000000000000&finding=x", ""])
def test_an_address_that_names_no_finding_begins_with_nothing(office: Office, query: str) -> None:
    answer = office.sign_in("ada").get(f"{ASK}?{query}")

    assert answer.status_code == HTTPStatus.OK
    assert answer.context["origin"] is None


def test_a_finding_of_a_release_that_is_not_theirs_begins_nothing(office: Office) -> None:
    decision = _owned_by(ServiceFactory(slug="api"))
    narrow = person_with(office.shop.tenant, Role.REQUESTER, service=ServiceFactory(slug="other"))
    key = decision.body["findings"][0]["key"]

    answer = office.sign_in(narrow).get(f"{ASK}?decision={decision.pk}&finding={quote(key, safe='')}")

    assert answer.context["origin"] is None


def test_a_finding_that_no_service_owns_says_how_far_it_reaches_and_can_be_bound_to_the_artifact(
    office: Office,
) -> None:
    decision = GateDecision.objects.select_related("artifact").get()
    key = next(one["key"] for one in decision.body["findings"] if one["id"] == LOG4SHELL)
    address = f"{ASK}?decision={decision.pk}&finding={quote(key, safe='')}"
    ada = office.sign_in("ada")

    wide = ada.get(address)
    bound = ada.get(wide.context["bind"])

    assert "it would hold for every artifact and every service" in wide.content.decode()
    assert (wide.context["form"]["digests"].value(), bound.context["form"]["digests"].value()) == (
        "",
        decision.artifact.digest,
    )
    assert "It is bound to this very artifact" in bound.content.decode()
    assert bound.context["bind"] == ""


def test_a_finding_without_a_service_is_told_all_the_same(office: Office) -> None:
    decision = GateDecision.objects.get()
    key = next(one["key"] for one in decision.body["findings"] if one["id"] == LOG4SHELL)

    found = BlockedFindings().finding_of(actor=office.desk.actor("ada"), decision=decision.pk, key=key)

    assert found is not None
    assert (found.name, found.kind, found.service, found.environment) == (
        LOG4SHELL,
        "vulnerability",
        "",
        "production",
    )


@pytest.mark.parametrize("method", ["get", "post"])
def test_whoever_may_not_ask_is_refused(office: Office, method: str) -> None:
    for person in (
        UserFactory(is_superuser=True),
        person_with(office.shop.tenant, Role.VIEWER),
        office.desk.users["kit"],
    ):
        answer = getattr(office.sign_in(person), method)(ASK, written(office))

        assert answer.status_code == HTTPStatus.FORBIDDEN
    assert not PolicyException.objects.exists()


def test_whoever_asks_for_one_service_asks_for_no_other(office: Office) -> None:
    ServiceFactory(slug="other")
    narrow = person_with(office.shop.tenant, Role.REQUESTER, service=ServiceFactory(slug="mine"))
    browser = office.sign_in(narrow)

    refused = browser.post(ASK, written(office, services=["other"]))
    browser.post(ASK, written(office, services=["mine"]))

    assert "A scope is missing" in refused.content.decode()
    assert [row.services for row in PolicyException.objects.all()] == [["mine"]]


def test_the_decision_leads_to_the_request(office: Office) -> None:
    decision = GateDecision.objects.get()
    page = reverse("admin:gates_gatedecision_change", args=[decision.pk])

    assert f"{ASK}?decision={decision.pk}&amp;finding=" in office.sign_in("ada").get(page).content.decode()
    assert ASK not in office.sign_in("kit").get(page).content.decode()


def _owned_by(service: Service) -> GateDecision:
    """Let a service own the artifact that was blocked."""
    decision = GateDecision.objects.select_related("artifact").get()
    type(decision.artifact).objects.filter(pk=decision.artifact_id).update(service=service)
    return decision
