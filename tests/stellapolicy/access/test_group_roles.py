"""Groups of the identity provider bring roles, and take them away; what people gave by hand is theirs."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection

from stellapolicy.access.identity_errors import GroupMappedAlready, GroupMappingNotFound
from stellapolicy.access.models import ExternalIdentity, GroupMapping, RoleAssignment, User
from stellapolicy.access.reauthentication import EXEMPTION
from stellapolicy.access.roles import Role, Scope
from stellapolicy.access.services.group_mappings import map_group, unmap_group
from stellapolicy.access.services.provisioning import Identity, sign_in_identity
from stellapolicy.audit.models import Entry
from stellapolicy.governance.models import ApprovalRequest
from stellapolicy.governance.services.approvals import vote
from stellapolicy.kernel.actor import Actor, ScopeMissing
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, ServiceFactory, TeamFactory, almighty, give_roles, person_with
from tests.stellapolicy.conftest import ApiClients

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.stellapolicy.floor_urls")]

LATER = NOON + timedelta(hours=1)


def mapped(tenant: Tenant, group: str, role: Role, **place: object) -> GroupMapping:
    with tenant_scope(tenant.pk):
        return GroupMapping.objects.create(group=group, role=role, created_by="user:root", created_at=NOON, **place)


def arrives(*groups: str, subject: str = "1", name: str = "alice") -> User:
    identity = Identity(issuer="https://sso.example", subject=subject, username=name, groups=groups)
    return sign_in_identity(identity=identity, at=LATER)


def roles_of(person: User, tenant: Tenant) -> dict[str, str]:
    with tenant_scope(tenant.pk):
        return {row.role: row.granted_by for row in RoleAssignment.objects.of(person)}


def test_groups_bring_their_roles_in_every_tenant(tenant: Tenant, other_tenant: Tenant) -> None:
    mapped(tenant, "sec", Role.SECURITY)
    mapped(other_tenant, "sec", Role.VIEWER)
    mapped(tenant, "ops", Role.POLICY_OPERATOR)

    alice = arrives("sec", "unknown")

    assert roles_of(alice, tenant) == {"security": "oidc:sec"}
    assert roles_of(alice, other_tenant) == {"viewer": "oidc:sec"}


def test_a_role_may_be_for_a_team_or_a_service(tenant: Tenant) -> None:
    with tenant_scope(tenant.pk):
        team, service = TeamFactory(), ServiceFactory()
    mapped(tenant, "team", Role.REVIEWER, team=team)
    mapped(tenant, "one", Role.REVIEWER, service=service)

    alice = arrives("team", "one")

    with tenant_scope(tenant.pk):
        places = set(RoleAssignment.objects.of(alice).values_list("team", "service"))
    assert places == {(team.pk, None), (None, service.pk)}


def test_a_group_that_is_gone_takes_its_role_along(tenant: Tenant) -> None:
    mapped(tenant, "sec", Role.SECURITY)
    alice = arrives("sec")

    arrives()

    assert roles_of(alice, tenant) == {}
    with tenant_scope(tenant.pk):
        given, withdrawn = Entry.objects.filter(action__startswith="role.").order_by("seq")
    assert (given.reason, withdrawn.reason) == ("member of sec", "no longer in sec")
    assert given.after_digest == withdrawn.before_digest


def test_what_was_given_by_hand_is_not_touched(tenant: Tenant) -> None:
    mapped(tenant, "sec", Role.SECURITY)
    mapped(tenant, "aud", Role.AUDITOR)
    alice = arrives()
    give_roles(alice, tenant, Role.SECURITY, Role.CISO)

    arrives("sec", "aud")
    with_groups = roles_of(alice, tenant)
    arrives()

    assert with_groups == {"security": "test", "ciso": "test", "auditor": "oidc:aud"}
    assert roles_of(alice, tenant) == {"security": "test", "ciso": "test"}


def test_a_second_sign_in_with_the_same_groups_changes_nothing(tenant: Tenant) -> None:
    mapped(tenant, "sec", Role.SECURITY)
    alice = arrives("sec")
    with tenant_scope(tenant.pk):
        before = Entry.objects.count()

    arrives("sec")

    with tenant_scope(tenant.pk):
        assert Entry.objects.count() == before
    assert roles_of(alice, tenant) == {"security": "oidc:sec"}


def test_two_groups_of_one_role_bring_it_once(tenant: Tenant) -> None:
    mapped(tenant, "b", Role.VIEWER)
    mapped(tenant, "a", Role.VIEWER)

    alice = arrives("a", "b")
    arrives("b")

    assert set(roles_of(alice, tenant)) == {"viewer"}


def test_a_sign_in_leaves_no_tenant_open(tenant: Tenant) -> None:
    mapped(tenant, "sec", Role.SECURITY)

    arrives("sec")

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.tenant', true), current_setting('app.groups', true)")
        assert cursor.fetchone() == ("", "")


def test_names_are_made_fit_and_unique() -> None:
    first = arrives(subject="1", name="Alice Doe <x>")
    second = arrives(subject="2", name="Alice Doe <x>")
    nameless = arrives(subject="3", name="")

    assert first.username == "Alice-Doe-x"
    assert second.username.startswith("Alice-Doe-x-")
    assert nameless.username.startswith("person-")
    assert ExternalIdentity.objects.count() == 3


def asking(tenant: Tenant) -> Actor:
    person = person_with(tenant, Role.ADMIN)
    return replace(almighty(tenant), subject=person.subject, extra={"person": person.subject, **EXEMPTION})


def test_a_mapping_waits_for_a_second_person(tenant: Tenant) -> None:
    first, second = asking(tenant), asking(tenant)
    with tenant_scope(tenant.pk):
        held = map_group(actor=first, group="sec", role=Role.CISO, reason="onboarding", at=NOON)
        nothing_yet = GroupMapping.objects.exists()
        request = ApprovalRequest.objects.get()
        vote(
            actor=second,
            pk=request.pk,
            approve=True,
            payload_hash=request.payload_hash,
            reason="agreed",
            at=LATER,
        )
        mapping = GroupMapping.objects.get()

    assert (held.mapping, held.request_id) == (None, request.pk)
    assert nothing_yet is False
    assert (mapping.group, mapping.role, mapping.created_by) == ("sec", "ciso", first.subject)


def test_removing_a_mapping_ends_at_once_what_it_brought(tenant: Tenant, actor: Actor) -> None:
    mapping = mapped(tenant, "sec", Role.SECURITY)
    alice = arrives("sec")
    give_roles(alice, tenant, Role.VIEWER)
    with tenant_scope(tenant.pk):
        unmap_group(actor=actor, pk=mapping.pk, reason="reorganised", at=LATER)

    assert roles_of(alice, tenant) == {"viewer": "test"}
    with tenant_scope(tenant.pk):
        assert Entry.objects.get(action="group_mapping.removed").reason == "reorganised"


def test_a_role_that_another_group_brings_outlives_a_mapping(tenant: Tenant, actor: Actor) -> None:
    first, second = mapped(tenant, "a", Role.VIEWER), mapped(tenant, "b", Role.VIEWER)
    alice = arrives("a", "b")

    with tenant_scope(tenant.pk):
        unmap_group(actor=actor, pk=first.pk, at=LATER)
    kept = roles_of(alice, tenant)
    with tenant_scope(tenant.pk):
        unmap_group(actor=actor, pk=second.pk, at=LATER)

    assert (kept, roles_of(alice, tenant)) == ({"viewer": "oidc:b"}, {})


def test_a_group_brings_a_role_once(tenant: Tenant, actor: Actor) -> None:
    mapped(tenant, "sec", Role.SECURITY)

    with tenant_scope(tenant.pk), pytest.raises(GroupMappedAlready):
        map_group(actor=actor, group="sec", role=Role.SECURITY, at=NOON)


def test_a_mapping_of_another_tenant_is_not_found(tenant: Tenant, other_tenant: Tenant, actor: Actor) -> None:
    foreign = mapped(other_tenant, "sec", Role.SECURITY)

    with tenant_scope(tenant.pk), pytest.raises(GroupMappingNotFound):
        unmap_group(actor=actor, pk=foreign.pk, at=NOON)


def test_groups_are_mapped_with_the_scope_only(tenant: Tenant, actor: Actor) -> None:
    powerless = replace(actor, scopes=frozenset({Scope.GOVERNANCE_READ}))

    with tenant_scope(tenant.pk), pytest.raises(ScopeMissing):
        map_group(actor=powerless, group="sec", role=Role.VIEWER, at=NOON)


def test_mappings_are_asked_for_listed_and_removed_over_http(api_client: ApiClients, tenant: Tenant) -> None:
    admin = api_client(scopes=["governance:write", "governance:read"])
    mapping = mapped(tenant, "sec", Role.SECURITY)

    asked = admin.post("/api/v1/group-mappings", {"group": "ops", "role": "viewer"}, format="json")
    listed = admin.get("/api/v1/group-mappings").json()["items"]
    removed = admin.post(f"/api/v1/group-mappings/{mapping.pk}:remove", {"reason": "x"}, format="json")

    assert asked.status_code == 202
    assert asked.json()["request_id"]
    assert [row["group"] for row in listed] == ["sec"]
    assert removed.status_code == 204
    assert admin.get("/api/v1/group-mappings").json()["items"] == []


@pytest.mark.parametrize(
    "body", [{"group": "", "role": "viewer"}, {"group": "a\nb", "role": "viewer"}, {"group": "a", "role": "god"}]
)
def test_a_faulty_mapping_is_refused(body: dict[str, str], api_client: ApiClients) -> None:
    response = api_client(scopes=["governance:write"]).post("/api/v1/group-mappings", body, format="json")

    assert response.status_code == 422
