"""The daily walk along the chains, and what is told of it."""

from datetime import timedelta

import pytest
from django.db import connection

from stellapolicy.audit import actions
from stellapolicy.audit.models import ChainVerification
from stellapolicy.audit.selectors import chain_ok, chain_verification_age
from stellapolicy.audit.services import Target, record, verify_chain
from stellapolicy.audit.tasks import verify_tenant
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, TenantFactory, almighty

pytestmark = pytest.mark.django_db


def note(tenant: Tenant) -> None:
    actions.register({"row.made": "Row made"})
    with tenant_scope(tenant.pk):
        record(almighty(tenant), "row.made", Target("row", "1"), at=NOON)


def test_before_the_first_walk_nothing_is_claimed() -> None:
    assert (chain_ok(at=NOON), chain_verification_age(at=NOON)) == (None, None)


def test_chains_that_hold_are_told_to_hold() -> None:
    tenant = TenantFactory()
    note(tenant)

    verify_chain(tenant_id=tenant.pk, at=NOON)

    kept = ChainVerification.objects.get(tenant=tenant)
    assert (kept.entries, kept.breaks, kept.verified_at) == (1, 0, NOON)
    assert chain_ok(at=NOON) == 1.0


def test_one_chain_that_was_tampered_with_is_told_for_all() -> None:
    whole, broken = TenantFactory(), TenantFactory()
    note(whole)
    note(broken)
    with tenant_scope(broken.pk), connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_chainhead")

    for tenant in (whole, broken):
        verify_chain(tenant_id=tenant.pk, at=NOON)

    assert chain_ok(at=NOON) == 0.0


def test_the_walk_that_is_longest_ago_counts() -> None:
    first, second = TenantFactory(), TenantFactory()
    verify_chain(tenant_id=first.pk, at=NOON)
    verify_chain(tenant_id=second.pk, at=NOON + timedelta(hours=5))

    assert chain_verification_age(at=NOON + timedelta(hours=6)) == 6 * 3600.0


def test_a_walk_is_told_anew_each_time() -> None:
    tenant = TenantFactory()

    verify_tenant(tenant_id=str(tenant.pk))
    note(tenant)
    verify_tenant(tenant_id=str(tenant.pk))

    assert ChainVerification.objects.get(tenant=tenant).entries == 1
