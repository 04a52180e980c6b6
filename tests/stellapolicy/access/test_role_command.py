"""Giving a role at the machine itself: without a second person, and audited as that."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from stellapolicy.access.models import RoleAssignment
from stellapolicy.audit.models import Entry
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import UserFactory


def test_the_first_administrator_is_made_at_the_machine_and_the_trail_says_so(tenant: Tenant) -> None:
    UserFactory(username="ada")
    said = StringIO()

    call_command("role", "ada", "admin", tenant=tenant.slug, reason="first of all", stdout=said)

    assert said.getvalue() == "ada is admin in acme.\n"
    with tenant_scope(tenant.pk):
        assert RoleAssignment.objects.get().role == "admin"
        entry = Entry.objects.get()
    assert (entry.actor, entry.action, entry.reason) == ("command:role", "role.assigned", "first of all")


@pytest.mark.parametrize("name,role", [("nobody", "admin"), ("ada", "king")])
def test_nobody_is_given_nothing(tenant: Tenant, name: str, role: str) -> None:
    UserFactory(username="ada")

    with pytest.raises(CommandError):
        call_command("role", name, role, tenant=tenant.slug)


def test_a_role_is_given_once(tenant: Tenant) -> None:
    UserFactory(username="ada")
    call_command("role", "ada", "admin", tenant=tenant.slug, stdout=StringIO())

    with pytest.raises(CommandError, match=r"role\.held_already"):
        call_command("role", "ada", "admin", tenant=tenant.slug)
