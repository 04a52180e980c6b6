"""Settings: proposed by one, confirmed by another, every value kept; and what a setting decides."""

import re
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from stellapolicy.access.models import RoleAssignment
from stellapolicy.access.roles import Role
from stellapolicy.access.services.people import assign_role
from stellapolicy.governance import errors, selectors
from stellapolicy.governance import settings as house_settings
from stellapolicy.governance.models import ApprovalRequest, GovernanceSetting
from stellapolicy.governance.services.settings import propose_setting
from stellapolicy.governance.settings_registry import Setting, SettingType, register, settings
from stellapolicy.kernel.actor import Actor, ScopeMissing
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON
from tests.stellapolicy.governance.table import Table

ROOT = Path(__file__).resolve().parents[3]
DAYS = "approval_time_out_days"
GRANTS = "role_grants_need_second_person"


def propose(actor: Actor, name: str = DAYS, value: object = 3, **said: Any) -> ApprovalRequest:
    return propose_setting(actor=actor, name=name, value=value, reason=said.pop("reason", "shorter"), at=NOON, **said)


def test_a_value_holds_once_somebody_else_confirms_it(table: Table) -> None:
    request = propose(table.actor("ada", Role.ADMIN))
    before = selectors.number(DAYS)

    table.say(table.actor("bob", Role.ADMIN), request)

    assert (before, selectors.number(DAYS)) == (7, 3)
    row = GovernanceSetting.objects.get()
    assert (row.version, row.proposed_by, row.confirmed_by) == (1, "user:ada", "user:bob")


def test_the_one_who_proposes_does_not_confirm(table: Table) -> None:
    ada = table.actor("ada", Role.ADMIN)

    with pytest.raises(errors.SecondPersonRequired):
        table.say(ada, propose(ada))


def test_whoever_does_not_govern_neither_proposes_nor_confirms(table: Table) -> None:
    sam = table.actor("sam", Role.SECURITY, Role.CISO)

    with pytest.raises(ScopeMissing):
        propose(sam)
    with pytest.raises(errors.SeatMissing):
        table.say(sam, propose(table.actor("ada", Role.ADMIN)))


@pytest.mark.parametrize("value", [0, 91, True, "7", 7.5, None, [7], {"days": 7}, 2**70])
def test_a_value_of_another_kind_is_refused(table: Table, value: object) -> None:
    with pytest.raises(errors.SettingRefused, match="whole number from 1 to 90"):
        propose(table.actor("ada", Role.ADMIN), value=value)


def test_what_holds_already_or_waits_already_is_not_asked_twice(table: Table) -> None:
    ada = table.actor("ada", Role.ADMIN)

    with pytest.raises(errors.SettingUnchanged):
        propose(ada, value=7)
    propose(ada)
    with pytest.raises(errors.AskedAlready):
        propose(ada)


def test_of_two_changes_of_one_setting_the_second_is_proposed_anew(table: Table) -> None:
    ada, bob = table.actor("ada", Role.ADMIN), table.actor("bob", Role.ADMIN)
    three, five = propose(ada, value=3), propose(ada, value=5)
    table.say(bob, three)

    with pytest.raises(errors.SettingMoved):
        table.say(bob, five)

    assert selectors.number(DAYS) == 3


def test_values_stay_and_cannot_be_written_past_an_approval(table: Table) -> None:
    request = propose(table.actor("ada", Role.ADMIN))
    slipped = GovernanceSetting(
        name=DAYS,
        version=1,
        value=90,
        request=request,
        proposed_by="user:ada",
        confirmed_by="user:eve",
        reason="",
        at=NOON,
    )

    with pytest.raises(IntegrityError, match="follows an approval"), transaction.atomic():
        slipped.save(force_insert=True)
    table.say(table.actor("bob", Role.ADMIN), request)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        GovernanceSetting.objects.update(value=90)


def test_a_setting_of_another_tenant_is_not_ours(table: Table, other_tenant: Tenant) -> None:
    table.say(table.actor("bob", Role.ADMIN), propose(table.actor("ada", Role.ADMIN)))
    seen = selectors.number(DAYS)

    assert seen == 3
    connection.cursor().execute("SELECT set_config('app.tenant', %s, true)", [str(other_tenant.pk)])
    assert not GovernanceSetting.objects.exists()
    connection.cursor().execute("SELECT set_config('app.tenant', %s, true)", [str(table.tenant.pk)])


def test_within_a_request_settings_take_one_query_and_a_change_is_seen_at_once(table: Table) -> None:
    selectors.begin_remembering()

    with CaptureQueriesContext(connection) as captured:
        values = [selectors.number(DAYS), selectors.switched_on(GRANTS), selectors.number(DAYS)]
    table.say(table.actor("bob", Role.ADMIN), propose(table.actor("ada", Role.ADMIN)))
    changed = selectors.number(DAYS)
    selectors.forget()

    assert (values, len(captured), changed) == ([7, True, 7], 1, 3)


def test_a_setting_is_registered_once_with_a_default_it_takes() -> None:
    known: dict[str, Any] = {"title": "Pause", "help": "A pause.", "opens_gate": False}

    with pytest.raises(errors.SettingRefused):
        register("test_pause", type=SettingType.DURATION, default=timedelta(seconds=5), largest=3, **known)
    with pytest.raises(ValueError, match="registered already"):
        register(DAYS, type=SettingType.BOOLEAN, default=True, **known)
    with pytest.raises(errors.SettingUnknown):
        selectors.setting("test_pause")


def test_every_setting_of_governance_is_read_by_somebody() -> None:
    constants = {value: name for name, value in vars(house_settings).items() if name.isupper()}
    registered = {each.name for each in settings()}
    sources = [
        path.read_text(encoding="utf-8")
        for room in ("stellapolicy", "policies", "gates")
        for path in (ROOT / room).rglob("*.py")
        if path != Path(str(house_settings.__file__))
    ]

    unread = {
        name
        for name in constants
        if not any(f'"{name}"' in each or re.search(rf"\b{constants[name]}\b", each) for each in sources)
    }

    assert set(constants) <= registered
    assert unread == set()


@pytest.mark.parametrize(
    "setting,stored,value",
    [
        (Setting("s", SettingType.DURATION, timedelta(1), "", "", opens_gate=False), 90, timedelta(seconds=90)),
        (
            Setting("s", SettingType.CHOICE, "warn", "", "", opens_gate=True, choices={"warn": "", "block": ""}),
            "block",
            "block",
        ),
        (Setting("s", SettingType.BOOLEAN, True, "", "", opens_gate=True), False, False),
    ],
)
def test_values_travel_as_json(setting: Setting, stored: object, value: object) -> None:
    assert setting.read(stored) == value
    assert setting.store(setting.read(stored)) == stored


def test_a_powerful_role_waits_and_is_given_when_confirmed(table: Table) -> None:
    robin = table.person("robin", Role.VIEWER)
    grant = assign_role(actor=table.actor("ada", Role.ADMIN), user=robin, role=Role.CISO, at=NOON)
    request = ApprovalRequest.objects.get(pk=str(grant.request_id))
    before = RoleAssignment.objects.of(robin).count()

    table.say(table.actor("bob", Role.ADMIN), request)

    assert before == 1
    held = RoleAssignment.objects.of(robin).get(role=Role.CISO)
    assert held.granted_by == "user:ada"


def test_whoever_gains_by_a_role_does_not_confirm_it(table: Table) -> None:
    table.person("robin", Role.ADMIN)
    robin = table.person("robin")
    grant = assign_role(actor=table.actor("ada", Role.ADMIN), user=robin, role=Role.CISO, at=NOON)
    request = ApprovalRequest.objects.get(pk=str(grant.request_id))

    with pytest.raises(errors.SecondPersonRequired):
        table.say(table.actor("robin"), request)


def test_two_requests_for_one_role_are_not_made(table: Table) -> None:
    ada, robin = table.actor("ada", Role.ADMIN), table.person("robin", Role.VIEWER)
    assign_role(actor=ada, user=robin, role=Role.CISO, at=NOON)

    with pytest.raises(errors.AskedAlready):
        assign_role(actor=ada, user=robin, role=Role.CISO, at=NOON)


def test_with_the_setting_off_a_role_is_given_at_once(table: Table) -> None:
    ada = table.actor("ada", Role.ADMIN)
    table.say(table.actor("bob", Role.ADMIN), propose(ada, GRANTS, value=False))

    grant = assign_role(actor=ada, user=table.person("robin", Role.VIEWER), role=Role.CISO, at=NOON)

    assert grant.assignment is not None


def test_settings_are_read_and_proposed_over_http(tenant: Tenant, table: Table) -> None:
    ada, bob = APIClient(), APIClient()
    ada.force_login(table.person("ada", Role.ADMIN))
    bob.force_login(table.person("bob", Role.ADMIN))

    asked = ada.post(f"/api/v1/governance/settings/{DAYS}:propose", {"value": 3, "reason": "less"}, format="json")
    waiting = asked.json()
    shown = ada.get(f"/api/v1/governance/settings/{DAYS}").json()
    ballot = {"approve": True, "payload_hash": waiting["payload_hash"]}
    bob.post(f"/api/v1/approvals/{waiting['id']}:vote", ballot, format="json")
    after = ada.get(f"/api/v1/governance/settings/{DAYS}").json()
    listed = {each["name"]: each["value"] for each in ada.get("/api/v1/governance/settings").json()}

    assert asked.status_code == HTTPStatus.ACCEPTED
    assert waiting["description"][0] == "Days a request waits: from 7 to 3."
    assert (shown["value"], shown["waiting"]) == (7, [waiting["id"]])
    assert (after["value"], after["version"], after["waiting"]) == (3, 1, [])
    assert after["history"][0]["confirmed_by"] == "user:bob"
    assert listed[DAYS] == 3


@pytest.mark.parametrize("value", [None, [], {}, 10**30, "x" * 500])
def test_nonsense_is_refused_over_http(table: Table, value: object) -> None:
    ada = APIClient(raise_request_exception=False)
    ada.force_login(table.person("ada", Role.ADMIN))

    answer = ada.post(f"/api/v1/governance/settings/{DAYS}:propose", {"value": value, "reason": "x"}, format="json")

    assert answer.status_code in {HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.BAD_REQUEST}
    with tenant_scope(table.tenant.pk):
        assert not ApprovalRequest.objects.exists()
