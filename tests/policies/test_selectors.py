"""Which pack applies, and which evidence is the latest."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from policies.errors import PackNotBound
from policies.models import PackBinding, PolicyPack
from policies.selectors import active_revision, latest_snapshot
from policies.services.evidence import ArtifactReference, Upload, receive_evidence
from stellapolicy.kernel.actor import Actor
from stellapolicy.management.seeding import seed_contents
from stellapolicy.tenancy.models import Environment
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, TenantFactory, almighty
from tests.reports import HARMLESS, KEV_CRITICAL, digest_of, trivy


@pytest.fixture
def actor(db: None) -> Iterator[Actor]:
    tenant = TenantFactory()
    seed_contents(tenant, at=NOON)
    with tenant_scope(tenant.pk):
        yield almighty(tenant)


def bind(pack: str, environment: str) -> None:
    PackBinding.objects.create(
        pack=PolicyPack.objects.get(name=pack), environment=Environment.objects.get(slug=environment), created_at=NOON
    )


def test_the_pack_of_an_environment_goes_before_the_pack_of_the_tenant(actor: Actor) -> None:
    bind("baseline", "development")
    bind("strict", "production")

    chosen = {one.slug: active_revision(one).pack.name for one in Environment.objects.all()}

    assert chosen == {"production": "strict", "development": "baseline", "staging": "baseline"}


def test_an_environments_own_pack_without_an_active_revision_is_never_replaced_by_the_tenants(actor: Actor) -> None:
    PolicyPack.objects.create(name="empty", title="Empty", created_at=NOON)
    bind("empty", "production")

    with pytest.raises(PackNotBound):
        active_revision(Environment.objects.get(slug="production"))


def test_an_older_scan_that_arrives_later_is_not_the_latest(actor: Actor) -> None:
    reference = ArtifactReference(digest_of("shop/api"), "shop/api")
    today = trivy("shop/api", [KEV_CRITICAL], scanned_at=NOON)
    last_week = trivy("shop/api", [HARMLESS], scanned_at=NOON - timedelta(days=6))
    known = receive_evidence(actor=actor, artifact=reference, uploads=[Upload("a", today)], at=NOON)

    receive_evidence(actor=actor, artifact=reference, uploads=[Upload("b", last_week)], at=NOON + timedelta(hours=1))

    latest = latest_snapshot(known.artifact.pk)
    assert latest is not None
    assert latest.pk == known.snapshot.pk
