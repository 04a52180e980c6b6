from uuid import uuid4

import pytest

from stellapolicy.access.models import User
from stellapolicy.access.roles import MACHINE_SCOPES, POWERS, READING, Grants, Role, Scope, permits, scopes_of_roles

APPROVING = {
    Scope.EXCEPTION_APPROVE,
    Scope.POLICY_APPROVE,
    Scope.POLICY_ACTIVATE,
    Scope.GATE_BYPASS,
    Scope.AIRGAP_UNSEAL,
}


def test_every_role_has_powers_and_every_scope_a_role() -> None:
    assert set(POWERS) == set(Role)
    assert scopes_of_roles(Role) == frozenset(Scope)


def test_only_a_service_reports_effective_decisions() -> None:
    holders = {role for role, powers in POWERS.items() if Scope.EFFECTIVE_WRITE in powers.scopes}

    assert holders == {Role.SERVICE}


def test_an_admin_approves_and_bypasses_nothing() -> None:
    assert not POWERS[Role.ADMIN].scopes & APPROVING


def test_a_viewer_only_reads() -> None:
    assert POWERS[Role.VIEWER].scopes == READING
    assert all(".view_" in pattern for pattern in POWERS[Role.VIEWER].permissions)


@pytest.mark.parametrize("role", Role)
def test_no_role_may_change_or_delete_history(role: Role) -> None:
    for permission in ("audit.change_entry", "audit.delete_entry", "audit.add_entry", "gates.delete_decision"):
        assert not permits(frozenset({role}), permission)


def test_a_superuser_sees_everything_and_decides_nothing() -> None:
    superuser = User(username="root", is_superuser=True)

    assert superuser.has_perms(["audit.view_entry", "exceptions.view_policyexception"])
    assert not superuser.has_perm("exceptions.change_policyexception")
    assert not superuser.has_perm("policies.change_packrevision")
    assert not superuser.has_perm("audit.delete_entry")


def test_a_disabled_superuser_sees_nothing() -> None:
    superuser = User(username="root", is_superuser=True, is_active=False)

    assert not superuser.has_perm("audit.view_entry")
    assert not superuser.has_module_perms("audit")


def test_without_roles_no_app_is_open() -> None:
    person = User(username="alice")

    assert not person.has_module_perms("gates")
    assert not person.has_perm("gates.view_gate")


def test_roles_open_the_apps_they_name() -> None:
    person = User(username="alice")
    person.roles = frozenset({Role.VIEWER})

    assert person.has_module_perms("gates")
    assert not person.has_module_perms("audit")


def test_a_token_never_exceeds_its_person() -> None:
    service = uuid4()
    grants = Grants(everywhere=frozenset({Scope.GATE_READ}), by_service={service: frozenset({Scope.GATE_EVALUATE})})

    cut = grants.within(["gate:read", "gate:evaluate", "gate:bypass"])

    assert cut.anywhere == {"gate:read", "gate:evaluate"}
    assert grants.for_service(uuid4()).anywhere == {"gate:read"}


def test_what_machines_report_is_no_scope_of_people() -> None:
    assert {Scope.EFFECTIVE_WRITE} == MACHINE_SCOPES
