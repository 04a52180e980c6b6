"""The same evidence posted twice at the same moment is one snapshot."""

import threading
from datetime import timedelta

import pytest
from django.db import connections

from policies.models import Artifact, Report, Snapshot
from policies.services.evidence import ArtifactReference, Upload, receive_evidence
from stellapolicy.kernel.actor import Actor
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, TenantFactory, almighty
from tests.reports import digest_of, many, trivy

REPORT = trivy("shop/api", many(50), scanned_at=NOON - timedelta(hours=1))


def post(actor: Actor, together: threading.Barrier, failures: list[Exception]) -> None:
    try:
        together.wait(timeout=30)
        with tenant_scope(actor.tenant_id):
            receive_evidence(
                actor=actor,
                artifact=ArtifactReference(digest_of("shop/api"), "shop/api"),
                uploads=[Upload("r.json", REPORT)],
                at=NOON,
            )
    except Exception as failure:
        failures.append(failure)
        raise
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_four_posts_at_once_make_one_artifact_one_report_one_snapshot() -> None:
    tenant = TenantFactory()
    actor, together, failures = almighty(tenant), threading.Barrier(4), list[Exception]()
    posts = [threading.Thread(target=post, args=(actor, together, failures)) for _ in range(4)]
    for thread in posts:
        thread.start()
    for thread in posts:
        thread.join()

    assert failures == []
    with tenant_scope(tenant.pk):
        assert (Artifact.objects.count(), Report.objects.count(), Snapshot.objects.count()) == (1, 1, 1)
