"""The table of approval levels: read by all, changed by two."""

import json
from http import HTTPStatus

import pytest
from django.urls import reverse

from exceptions.models import ApprovalTable
from exceptions.rules.level_table import STANDARD, write_levels
from exceptions.selectors import levels
from stellapolicy.access.roles import Role
from stellapolicy.governance.models import ApprovalRequest
from tests.exceptions.admin.office import Office
from tests.factories import ServiceFactory, person_with

LIST = reverse("admin:exceptions_approvaltable_changelist")
PROPOSE = reverse("admin:exceptions_approvaltable_propose")


def test_the_shipped_table_is_shown_while_nobody_changed_it(office: Office) -> None:
    shown = office.sign_in("riley").get(LIST).content.decode()

    for words in ("standard", "release captain", "signed evidence", "365 days", "Nobody has changed the table yet"):
        assert words in shown, words
    assert 'security <span class="st-subtle">(security or ciso)</span>' in shown
    assert "captain <span" not in shown
    assert PROPOSE not in shown


def test_another_preset_holds_once_somebody_else_confirms_it(office: Office) -> None:
    ada, bob = (person_with(office.shop.tenant, Role.ADMIN) for _ in range(2))

    office.sign_in(ada).post(PROPOSE, {"preset": "small_team", "levels": "", "reason": "we are few"})
    waiting = ApprovalRequest.objects.get()
    waits = office.sign_in(bob).get(LIST).content.decode()
    confirm = reverse("admin:governance_approvalrequest_approve", args=[waiting.pk])
    office.sign_in(bob).post(confirm, {"holder": bob.subject, "reason": "yes"})
    table = ApprovalTable.objects.get()

    assert "A change waits for somebody else" in waits
    assert (table.preset, table.proposed_by, table.confirmed_by) == ("small_team", ada.subject, bob.subject)
    page = office.sign_in("riley").get(reverse("admin:exceptions_approvaltable_change", args=[table.pk]))
    assert "or the owner of another service" in page.content.decode()
    assert "in force" in page.content.decode()
    assert "user:" not in page.content.decode()


def test_a_table_of_ones_own_is_written_as_json(office: Office) -> None:
    stated = write_levels(STANDARD)
    assert isinstance(stated[1], dict)
    stated[1] = {**stated[1], "longest_days": {"fact": 100, "plan": 50, "acceptance": 10}}
    ada = office.sign_in(person_with(office.shop.tenant, Role.ADMIN))

    form = ada.get(PROPOSE).context["form"]
    ada.post(PROPOSE, {"preset": "own", "levels": json.dumps(stated), "reason": "shorter"})

    assert json.loads(form["levels"].value()) == write_levels(STANDARD)
    assert ApprovalRequest.objects.get().payload["levels"][1]["longest_days"]["fact"] == 100


@pytest.mark.parametrize(
    "text, words",
    [
        ("{", "this is no JSON"),
        ("{}", "a list of levels is expected"),
        ("[]", "the level a0 is missing"),
        ('[{"level": "a0"}, {"level": "a0"}]', "stated twice"),
    ],
)
def test_a_table_that_is_none_is_refused_with_every_mistake(office: Office, text: str, words: str) -> None:
    ada = office.sign_in(person_with(office.shop.tenant, Role.ADMIN))

    answer = ada.post(PROPOSE, {"preset": "own", "levels": text, "reason": "x"})

    assert words in answer.content.decode()
    assert not ApprovalRequest.objects.exists()


@pytest.mark.parametrize("who", ["ada", "sam", "kit"])
def test_whoever_decides_about_exceptions_does_not_decide_who_decides(office: Office, who: str) -> None:
    answer = office.sign_in(who).post(PROPOSE, {"preset": "small_team", "reason": "easier"})

    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert levels() == STANDARD


def test_the_table_is_closed_to_roles_of_single_services(office: Office) -> None:
    narrow = person_with(office.shop.tenant, *Role, service=ServiceFactory())

    assert office.sign_in(narrow).get(LIST).status_code == HTTPStatus.FORBIDDEN
    assert office.sign_in(narrow).post(PROPOSE, {}).status_code == HTTPStatus.FORBIDDEN
