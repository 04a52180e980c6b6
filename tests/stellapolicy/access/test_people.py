from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.core.exceptions import ValidationError

from stellapolicy.access import errors
from stellapolicy.access.models import RoleAssignment, User
from stellapolicy.access.roles import Role, Scope
from stellapolicy.access.services.people import assign_role, create_person, disable_person, withdraw_role
from stellapolicy.audit.models import Entry
from stellapolicy.kernel.actor import Actor, ScopeMissing
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, UserFactory, give_roles, person_with


@pytest.fixture
def somebody_elsewhere(other_tenant: Tenant) -> User:
    return person_with(other_tenant, Role.VIEWER)


@pytest.fixture(autouse=True)
def scope(somebody_elsewhere: User, tenant: Tenant) -> Iterator[None]:
    with tenant_scope(tenant.pk):
        yield


def test_a_new_person_holds_nothing(actor: Actor) -> None:
    person = create_person(
        actor=actor, username="alice", email="Alice@Example.org", password="correct horse battery", at=NOON
    )

    assert person.email == "alice@example.org"
    assert person.check_password("correct horse battery")
    assert not RoleAssignment.objects.exists()
    assert Entry.objects.get().action == "person.created"


def test_without_a_password_nobody_signs_in_locally(actor: Actor) -> None:
    person = create_person(actor=actor, username="alice", email="", at=NOON)

    assert not person.has_usable_password()


@pytest.mark.parametrize("password", ["short", "password1234", "alicealicealice"])
def test_a_weak_password_is_refused(password: str, actor: Actor) -> None:
    with pytest.raises(ValidationError):
        create_person(actor=actor, username="alicealice", email="", password=password, at=NOON)


@pytest.mark.parametrize("email", ["alice@example.org", "ALICE@example.org"])
def test_an_address_belongs_to_one_person(email: str, actor: Actor) -> None:
    create_person(actor=actor, username="alice", email="alice@example.org", at=NOON)

    with pytest.raises(errors.UsernameTaken):
        create_person(actor=actor, username="bob", email=email, at=NOON)

    assert not User.objects.filter(username="bob").exists()


def test_a_role_is_given_and_withdrawn(actor: Actor) -> None:
    alice = UserFactory()

    given_role = assign_role(actor=actor, user=alice, role=Role.REVIEWER, at=NOON).assignment
    assert given_role is not None
    withdraw_role(actor=actor, pk=given_role.pk, at=NOON, reason="moved on")

    assert not RoleAssignment.objects.exists()
    given, withdrawn = Entry.objects.order_by("seq")
    assert (given.action, withdrawn.action) == ("role.assigned", "role.withdrawn")
    assert given.after_digest == withdrawn.before_digest


def test_a_role_is_held_once(actor: Actor) -> None:
    alice = UserFactory()
    assign_role(actor=actor, user=alice, role=Role.REVIEWER, at=NOON)

    with pytest.raises(errors.RoleHeldAlready):
        assign_role(actor=actor, user=alice, role=Role.REVIEWER, at=NOON)


@pytest.mark.parametrize("subject", ["user:alice", "token:of alice"])
def test_nobody_gives_a_role_to_themselves(subject: str, actor: Actor) -> None:
    alice = UserFactory(username="alice")
    herself = replace(actor, subject=subject, extra={"person": "user:alice"})

    with pytest.raises(errors.OwnRoles):
        assign_role(actor=herself, user=alice, role=Role.CISO, at=NOON)


def test_a_role_nobody_holds_cannot_be_withdrawn(actor: Actor, tenant: Tenant) -> None:
    with pytest.raises(errors.RoleNotFound):
        withdraw_role(actor=actor, pk=tenant.pk, at=NOON)


def test_disabling_locks_somebody_out(actor: Actor, tenant: Tenant) -> None:
    alice = person_with(tenant, Role.VIEWER)

    disable_person(actor=actor, user=alice, at=NOON, reason="left")

    alice.refresh_from_db()
    assert not alice.is_active


def test_a_stranger_cannot_be_disabled(actor: Actor) -> None:
    with pytest.raises(errors.PersonNotFound):
        disable_person(actor=actor, user=UserFactory(), at=NOON, reason="left")


def test_somebody_of_two_tenants_cannot_be_disabled_from_one(
    actor: Actor, tenant: Tenant, somebody_elsewhere: User
) -> None:
    give_roles(somebody_elsewhere, tenant, Role.VIEWER)

    with pytest.raises(errors.PersonElsewhere):
        disable_person(actor=actor, user=somebody_elsewhere, at=NOON, reason="left")


def test_people_are_changed_with_the_scope_only(actor: Actor) -> None:
    powerless = replace(actor, scopes=frozenset({Scope.AUDIT_READ}))

    with pytest.raises(ScopeMissing):
        create_person(actor=powerless, username="alice", email="", at=NOON)
    with pytest.raises(ScopeMissing):
        assign_role(actor=powerless, user=UserFactory(), role=Role.VIEWER, at=NOON)
