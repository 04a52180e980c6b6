"""Whoever rests on what was known of an artifact hears when there is more."""

import pytest

from policies.services.evidence import ArtifactReference, ReceivedEvidence, Upload, receive_evidence
from policies.services.vex import join_vex, publish_vex
from stellapolicy.kernel.actor import Actor
from stellapolicy.outbox.models import OutboxEvent
from tests.factories import NOON
from tests.gates.conftest import Shop, in_shop, shop
from tests.policies.estate import HOUR, actor
from tests.policies.services.test_vex import openvex
from tests.reports import HARMLESS, KEV_CRITICAL, digest_of, trivy

__all__ = ["actor", "in_shop", "shop"]  # fixtures

LOG4J = "pkg:npm/log4j@2.14.1"


def post(actor: Actor, *, hours: int = 1) -> ReceivedEvidence:
    report = trivy("shop/api", [KEV_CRITICAL], scanned_at=NOON - hours * HOUR)
    reference = ArtifactReference(digest_of("shop/api"), "shop/api")
    return receive_evidence(actor=actor, artifact=reference, uploads=[Upload("r.json", report)], at=NOON)


def told() -> list[tuple[str, dict[str, str]]]:
    rows = OutboxEvent.objects.filter(name="evidence.changed").order_by("occurred_at", "id")
    return [(row.subject, row.data) for row in rows]


def test_a_new_snapshot_is_announced_with_its_artifact(actor: Actor) -> None:
    received = post(actor)

    digest = digest_of("shop/api")
    assert told() == [(f"artifact:{digest}", {"artifact": digest, "snapshot": received.snapshot.name})]


@pytest.mark.parametrize("hours", [1, 30])
def test_a_report_that_says_nothing_new_is_not_announced(actor: Actor, hours: int) -> None:
    post(actor)

    again = post(actor, hours=hours)

    assert not again.is_new
    assert len(told()) == 1


def test_statements_that_join_the_evidence_are_announced_once(actor: Actor) -> None:
    received = post(actor)
    publish_vex(actor=actor, upload=Upload("v.json", openvex({"@id": LOG4J})), at=NOON)

    joined = [join_vex(actor=actor, artifact=received.artifact.pk, at=NOON) for _ in range(2)]

    assert [one.name for one in joined if one] == [data["snapshot"] for _, data in told()[1:]] * 2


def test_a_gate_that_judges_posted_evidence_at_once_announces_the_decision_alone(in_shop: Shop) -> None:
    in_shop.ask("shop/api", trivy("shop/api", [HARMLESS], scanned_at=NOON - HOUR))

    assert told() == []
