"""VEX about products joins the evidence it speaks of, at once for what is known and later for what comes."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from policies.errors import WrongSourceType
from policies.models import ProductStatement, Run, Snapshot, VexDocument, VexStatement
from policies.selectors import checked_whole, latest_snapshot
from policies.services import runs
from policies.services.evidence import ArtifactReference, ReceivedEvidence, Upload, receive_evidence
from policies.services.vex import PublishedVex, publish_vex
from stellapolicy.kernel.actor import Actor, ScopeMissing
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.kernel.ids import new_id
from stellapolicy.outbox.models import OutboxEvent
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, TenantFactory, almighty
from tests.reports import HARMLESS, KEV_CRITICAL, Vuln, digest_of, trivy

LOG4J = "pkg:npm/log4j@2.14.1"
HOUR = timedelta(hours=1)


@pytest.fixture
def actor(db: None) -> Iterator[Actor]:
    tenant = TenantFactory()
    with tenant_scope(tenant.pk):
        yield almighty(tenant)


def openvex(product: dict[str, Any], *, cve: str = KEV_CRITICAL.id, name: str = "one", hours: int = 1) -> bytes:
    return json.dumps(
        {
            "@context": "https://openvex.dev/ns/v0.2.0",
            "@id": f"https://example.org/vex/{name}",
            "author": "Example",
            "timestamp": rfc3339(NOON - hours * HOUR),
            "version": 1,
            "statements": [
                {
                    "vulnerability": {"name": cve},
                    "products": [product],
                    "status": "not_affected",
                    "justification": "vulnerable_code_not_present",
                }
            ],
        }
    ).encode()


def scan(actor: Actor, image: str = "shop/api", *vulns: Vuln) -> ReceivedEvidence:
    report = trivy(image, vulns or (KEV_CRITICAL, HARMLESS), scanned_at=NOON - HOUR)
    return receive_evidence(
        actor=actor, artifact=ArtifactReference(digest_of(image), image), uploads=[Upload("r", report)], at=NOON
    )


def publish(actor: Actor, document: bytes) -> PublishedVex:
    published = publish_vex(actor=actor, upload=Upload("v.json", document), at=NOON)
    runs.drain(clock=lambda: NOON + timedelta(minutes=1))
    return published


def joined(snapshot: Snapshot) -> list[str]:
    return [row.vulnerability for row in VexStatement.objects.filter(snapshot=snapshot)]


def test_a_document_joins_the_present_evidence_and_the_event_names_it(actor: Actor) -> None:
    known = scan(actor)

    published = publish(actor, openvex({"@id": LOG4J}))

    present = latest_snapshot(known.artifact.pk)
    assert present is not None
    assert present.pk != known.snapshot.pk
    assert joined(present) == [KEV_CRITICAL.id]
    assert published.document.digest in {source["digest"] for source in present.manifest["sources"]}
    assert checked_whole(present).findings == checked_whole(known.snapshot).findings
    event = OutboxEvent.objects.get(name="vex.published")
    assert (event.data["artifacts"], event.data["snapshots"]) == ([known.artifact.digest], [present.name])


def test_a_document_joins_what_is_scanned_later_as_if_it_had_come_first(actor: Actor) -> None:
    publish(actor, openvex({"@id": LOG4J}))

    later = scan(actor)

    assert joined(later.snapshot) == [KEV_CRITICAL.id]
    assert scan(actor).is_new is False


def test_whether_the_document_or_the_scan_comes_first_the_snapshot_is_the_same(actor: Actor) -> None:
    document = openvex({"@id": LOG4J})
    scan(actor, "shop/one")
    publish(actor, document)
    two = scan(actor, "shop/two")
    one = Snapshot.objects.filter(artifact__digest=digest_of("shop/one")).order_by("-created_at").first()

    assert one is not None
    assert [s["digest"] for s in one.manifest["sources"] if s["type"] == "vex"] == [
        s["digest"] for s in two.snapshot.manifest["sources"] if s["type"] == "vex"
    ]
    assert scan(actor, "shop/one").snapshot.pk == one.pk


@pytest.mark.parametrize(
    "product",
    [
        {"@id": f"pkg:oci/api@{digest_of('shop/api')}", "subcomponents": [{"@id": LOG4J}]},
        {"@id": "pkg:npm/log4j"},
    ],
)
def test_a_statement_joins_by_the_digest_of_its_product_or_by_its_package(
    actor: Actor, product: dict[str, Any]
) -> None:
    publish(actor, openvex(product))

    assert joined(scan(actor).snapshot) == [KEV_CRITICAL.id]


@pytest.mark.parametrize(
    "product",
    [
        {"@id": f"pkg:oci/other@{digest_of('other')}"},
        {"@id": "pkg:oci/other", "subcomponents": [{"@id": LOG4J}]},
        {"@id": f"pkg:oci/other@{digest_of('other')}", "subcomponents": [{"@id": LOG4J}]},
        {"@id": "pkg:npm/log4j@2.0.0"},
    ],
)
def test_a_statement_about_another_product_joins_nothing(actor: Actor, product: dict[str, Any]) -> None:
    known = scan(actor)

    publish(actor, openvex(product))

    present = latest_snapshot(known.artifact.pk)
    assert present is not None
    assert present.pk == known.snapshot.pk


def test_a_later_edition_takes_the_place_of_an_earlier_one(actor: Actor) -> None:
    publish(actor, openvex({"@id": LOG4J}, hours=3))
    publish(actor, openvex({"@id": LOG4J}, cve=HARMLESS.id, hours=2))

    assert joined(scan(actor).snapshot) == []


def test_the_same_document_twice_is_one(actor: Actor) -> None:
    first = publish(actor, openvex({"@id": LOG4J}))

    again = publish(actor, openvex({"@id": LOG4J}))

    assert (again.is_new, again.run, again.document.pk) == (False, None, first.document.pk)
    assert (VexDocument.objects.count(), ProductStatement.objects.count(), Run.objects.count()) == (1, 1, 1)


def test_a_scan_is_no_statement(actor: Actor) -> None:
    with pytest.raises(WrongSourceType):
        publish(actor, trivy("shop/api", [HARMLESS], scanned_at=NOON))


def test_a_pipeline_of_one_service_publishes_nothing_for_all(actor: Actor) -> None:
    narrow = Actor(actor.tenant_id, "token:ci", frozenset({"evidence:write"}), services=frozenset({new_id()}))

    with pytest.raises(ScopeMissing):
        publish(narrow, openvex({"@id": LOG4J}))


def test_a_statement_about_the_artifact_itself_makes_a_new_snapshot(actor: Actor) -> None:
    known = scan(actor)

    received = receive_evidence(
        actor=actor,
        artifact=ArtifactReference(digest_of("shop/api")),
        uploads=[Upload("v", openvex({"@id": f"pkg:oci/api@{digest_of('shop/api')}"}))],
        at=NOON,
    )

    assert received.snapshot.pk != known.snapshot.pk
    assert joined(received.snapshot) == [KEV_CRITICAL.id]
    assert received.snapshot.counts["findings"] == 2
