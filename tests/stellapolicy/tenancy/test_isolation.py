"""Both locks on the rows of a tenant: our querysets, and PostgreSQL itself."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from django.apps import apps
from django.db import DataError, ProgrammingError, connection, transaction
from django.db.models import Model
from psycopg import sql

from stellapolicy.access.models import RoleAssignment
from stellapolicy.access.roles import Role
from stellapolicy.access.selectors import tenants_of
from stellapolicy.tenancy.models import Team, Tenant, TenantModel, TenantQuerySet
from stellapolicy.tenancy.rls import EXEMPT
from stellapolicy.tenancy.scope import ScopeSwitched, UnscopedQuery, current_tenant, tenant_scope
from tests.factories import TeamFactory, person_with

pytestmark = pytest.mark.django_db


def models_with_a_tenant() -> Iterator[type[Model]]:
    for model in apps.get_models(include_auto_created=True):
        if any(field.is_relation and field.related_model is Tenant for field in model._meta.concrete_fields):
            yield model


def rows_of(table: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT tenant_id FROM {}").format(sql.Identifier(table)))
        return list(cursor.fetchall())


def set_tenant() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT COALESCE(current_setting('app.tenant', true), '')")
        return str(cursor.fetchone()[0])


def make_team(tenant: Tenant) -> Team:
    with tenant_scope(tenant.pk):
        return TeamFactory()


def test_every_table_with_a_tenant_is_locked_or_named_as_exempt() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = current_schema() AND c.relrowsecurity AND c.relforcerowsecurity
            AND EXISTS (SELECT 1 FROM pg_policies p WHERE p.tablename = c.relname AND p.schemaname = n.nspname
                        AND p.cmd = 'ALL' AND p.qual LIKE '%app.tenant%' AND p.with_check LIKE '%app.tenant%')
            """
        )
        locked = {row[0] for row in cursor.fetchall()}

    tables = {model._meta.db_table for model in models_with_a_tenant()}

    assert tables == locked | set(EXEMPT)
    assert not locked & set(EXEMPT)


def test_every_locked_model_has_the_guard_as_well() -> None:
    unguarded = {
        model._meta.label
        for model in models_with_a_tenant()
        if model._meta.db_table not in EXEMPT
        and not (
            issubclass(model, TenantModel)
            and isinstance(model._meta.default_manager, type(model._meta.default_manager))
            and isinstance(model._meta.base_manager.get_queryset(), TenantQuerySet)
        )
    }

    assert unguarded == set()


def test_the_role_of_the_product_may_not_step_over_the_lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False, False)
        cursor.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tableowner = current_user"
        )
        assert cursor.fetchone() == (0,)


def test_a_query_outside_a_scope_is_refused() -> None:
    with pytest.raises(UnscopedQuery):
        Team.objects.count()


def test_a_related_query_outside_a_scope_is_refused(tenant: Tenant) -> None:
    team = make_team(tenant)

    with pytest.raises(UnscopedQuery):
        list(team.services.all())


def test_raw_sql_outside_a_scope_sees_nothing(tenant: Tenant) -> None:
    make_team(tenant)

    assert rows_of("tenancy_team") == []


def test_raw_sql_sees_the_rows_of_the_scope_alone(tenant: Tenant, other_tenant: Tenant) -> None:
    make_team(tenant)
    make_team(other_tenant)

    with tenant_scope(tenant.pk):
        seen = rows_of("tenancy_team")

    assert seen == [(tenant.pk,)]


def test_a_row_cannot_be_written_for_another_tenant(tenant: Tenant, other_tenant: Tenant) -> None:
    with tenant_scope(tenant.pk), pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        TeamFactory(tenant=other_tenant)


def test_a_row_of_another_tenant_cannot_be_changed_or_removed(tenant: Tenant, other_tenant: Tenant) -> None:
    foreign = make_team(other_tenant)

    with tenant_scope(tenant.pk):
        changed = Team.objects.filter(pk=foreign.pk).update(name="mine")
        removed, _ = Team.objects.filter(pk=foreign.pk).delete()

    assert (changed, removed) == (0, 0)


def test_a_scope_is_not_switched_from_within(tenant: Tenant, other_tenant: Tenant) -> None:
    with tenant_scope(tenant.pk), pytest.raises(ScopeSwitched), tenant_scope(other_tenant.pk):
        pass


def test_leaving_a_scope_forgets_the_tenant(tenant: Tenant) -> None:
    with tenant_scope(tenant.pk):
        assert current_tenant() == tenant.pk

    with pytest.raises(UnscopedQuery):
        current_tenant()
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.tenant', true)")
        assert cursor.fetchone() == ("",)


def test_a_person_reads_their_own_roles_before_the_tenant_is_known(tenant: Tenant, other_tenant: Tenant) -> None:
    alice = person_with(tenant, Role.VIEWER)
    person_with(other_tenant, Role.VIEWER)

    found: list[UUID] = [membership.tenant_id for membership in tenants_of(alice)]

    assert found == [tenant.pk]
    assert list(RoleAssignment.personal.all()) == []


def test_an_error_of_the_database_surfaces_as_itself_and_leaves_no_tenant(tenant: Tenant) -> None:
    with pytest.raises(DataError), tenant_scope(tenant.pk), connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")

    assert set_tenant() == ""


def test_a_surprise_leaves_no_tenant_to_the_transaction_around(tenant: Tenant) -> None:
    with pytest.raises(LookupError), tenant_scope(tenant.pk):
        raise LookupError

    assert set_tenant() == ""
