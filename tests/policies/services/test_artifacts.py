"""An artifact belongs where its reports say; nobody squats on it by calling it theirs."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from gates.client.stellagate import subject_of
from policies.errors import ArtifactUnknown, NameContradicted, OwnedByAnother, SubjectUnstated
from policies.models import Artifact, Basis, OwnershipConflict, Report
from policies.services.artifacts import assign_artifact, register_artifact
from policies.services.evidence import ArtifactReference, ReceivedEvidence, Upload, receive_evidence
from stellapolicy.audit.models import Entry
from stellapolicy.kernel.actor import Actor, ScopeMissing
from stellapolicy.kernel.ids import new_id
from stellapolicy.tenancy.models import Service
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, ServiceFactory, TenantFactory, almighty
from tests.real_data import real_data
from tests.reports import HARMLESS, Vuln, digest_of, trivy

PAY, SHOP = "registry.example/pay/api", "registry.example/shop/api"


@pytest.fixture
def actor(db: None) -> Iterator[Actor]:
    tenant = TenantFactory()
    with tenant_scope(tenant.pk):
        ServiceFactory(slug="pay", repositories=["registry.example/pay/*"])
        ServiceFactory(slug="shop", repositories=["registry.example/shop/*"])
        yield almighty(tenant)


def limited(actor: Actor, *slugs: str) -> Actor:
    services = frozenset(Service.objects.filter(slug__in=slugs).values_list("pk", flat=True))
    return Actor(actor.tenant_id, "token:ci", frozenset({"evidence:write", "gate:evaluate"}), services=services)


def post(
    actor: Actor, image: str, *, digest: str = "", name: str = "", vuln: Vuln = HARMLESS, states_digest: bool = True
) -> ReceivedEvidence:
    """Post a report about the artifact that calls it `image`."""
    digest = digest or digest_of(image)
    report = trivy(image, [vuln], scanned_at=NOON - timedelta(hours=1), states_digest=states_digest).replace(
        digest_of(image).encode(), digest.encode()
    )
    return receive_evidence(
        actor=actor, artifact=ArtifactReference(digest, name), uploads=[Upload("r.json", report)], at=NOON
    )


def test_an_artifact_joins_the_service_whose_repository_its_report_states(actor: Actor) -> None:
    artifact = post(actor, PAY).artifact

    assert artifact.service is not None
    assert (artifact.name, artifact.service.slug, artifact.basis) == (PAY, "pay", Basis.STATED)
    assert artifact.joined_because == "repository registry.example/pay/*"


def test_a_name_that_the_report_contradicts_is_refused_and_nothing_is_kept(actor: Actor) -> None:
    with pytest.raises(NameContradicted) as refused:
        post(actor, PAY, name=SHOP)

    assert refused.value.faults[0].pointer == "/artifact/name"
    assert not Artifact.objects.exists()
    assert not Report.objects.exists()


def test_an_image_scanned_in_a_file_is_called_what_it_is_tagged(actor: Actor) -> None:
    report = real_data("scans/trivy-golden/spring4shell-jre8.json").read_bytes()
    name, digests = subject_of(report)

    received = receive_evidence(
        actor=actor, artifact=ArtifactReference(digests[0], name), uploads=[Upload("r.json", report)], at=NOON
    )

    assert name == "testdata/fixtures/images/spring4shell-jre8.tar.gz"
    assert received.artifact.name == "ghcr.io/aquasecurity/trivy-test-images"


def test_a_pipeline_of_one_service_cannot_take_an_artifact_by_calling_it_its_own(actor: Actor) -> None:
    with pytest.raises(SubjectUnstated):
        post(limited(actor, "shop"), "", digest=digest_of(PAY), name=SHOP, states_digest=False)

    assert not Artifact.objects.exists()


def test_the_squatting_story(actor: Actor) -> None:
    """Shop's pipeline asks about Pay's digest under a name of its own, before Pay has ever scanned it."""
    squatter, owner = limited(actor, "shop"), limited(actor, "pay")
    claimed = register_artifact(ArtifactReference(digest_of(PAY), SHOP), at=NOON)
    assert claimed.service is not None
    assert (claimed.service.slug, claimed.basis) == ("shop", Basis.CLAIMED)

    with pytest.raises(ScopeMissing):
        post(squatter, PAY)
    placed = post(owner, PAY).artifact

    assert placed.pk == claimed.pk
    assert placed.service is not None
    assert (placed.name, placed.service.slug, placed.basis) == (PAY, "pay", Basis.STATED)
    assert Entry.objects.filter(action="artifact.claim_corrected").count() == 1
    with pytest.raises(OwnedByAnother, match="belongs to pay"):
        post(squatter, SHOP, digest=digest_of(PAY))


def test_a_report_of_another_repository_moves_nothing_and_the_conflict_is_kept(actor: Actor) -> None:
    post(actor, PAY)

    post(actor, SHOP, digest=digest_of(PAY))
    received = post(actor, SHOP, digest=digest_of(PAY), vuln=Vuln("CVE-2020-2"))

    assert received.artifact.service is not None
    assert received.artifact.service.slug == "pay"
    (conflict,) = OwnershipConflict.objects.open()
    assert (conflict.repository, conflict.stated_service, conflict.settled_at) == (
        SHOP,
        Service.objects.get(slug="shop"),
        None,
    )


def test_a_conflict_is_settled_by_a_person_and_later_reports_leave_it_at_that(actor: Actor) -> None:
    artifact = post(actor, PAY).artifact
    post(actor, SHOP, digest=digest_of(PAY))

    assign_artifact(actor=actor, pk=artifact.pk, service="shop", reason="moved", at=NOON)
    post(actor, PAY, vuln=Vuln("CVE-2020-3"))

    moved = Artifact.objects.get(pk=artifact.pk)
    assert moved.service is not None
    assert (moved.service.slug, moved.basis) == ("shop", Basis.ASSIGNED)
    settled, contested = OwnershipConflict.objects.order_by("id")
    assert settled.settled_by == actor.subject
    assert contested.repository == PAY


def test_a_pipeline_may_not_assign(actor: Actor) -> None:
    artifact = post(actor, PAY).artifact

    with pytest.raises(ScopeMissing):
        assign_artifact(actor=limited(actor, "pay"), pk=artifact.pk, service=None, reason="mine", at=NOON)


def test_an_unknown_artifact_cannot_be_assigned(actor: Actor) -> None:
    with pytest.raises(ArtifactUnknown):
        assign_artifact(actor=actor, pk=new_id(), service=None, reason="?", at=NOON)


def test_an_artifact_nobody_claimed_joins_once_somebody_does(actor: Actor) -> None:
    lonely = post(actor, "registry.example/new/api").artifact
    assert (lonely.service, lonely.basis) == (None, Basis.STATED)
    ServiceFactory(slug="new", repositories=["registry.example/new/*"])

    joined = post(actor, "registry.example/new/api", vuln=Vuln("CVE-2020-4")).artifact

    assert joined.service is not None
    assert joined.service.slug == "new"


def test_a_pipeline_posts_what_its_report_says_is_its_own_also_without_a_digest(actor: Actor) -> None:
    received = post(limited(actor, "shop"), SHOP, states_digest=False)

    assert received.artifact.service is not None
    assert received.artifact.service.slug == "shop"
    assert received.snapshot.evidence["subject_stated"] is False


def test_labels_of_the_image_lead_to_a_service_where_no_glob_does(actor: Actor) -> None:
    ServiceFactory(slug="edge", labels={"team": "edge"})
    report = trivy("elsewhere/api", [HARMLESS], scanned_at=NOON).replace(
        b'"Metadata": {', b'"Metadata": {"ImageConfig": {"config": {"Labels": {"team": "edge"}}}, '
    )

    received = receive_evidence(
        actor=actor,
        artifact=ArtifactReference(digest_of("elsewhere/api"), "elsewhere/api"),
        uploads=[Upload("r", report)],
        at=NOON,
    )

    assert received.artifact.service is not None
    assert (received.artifact.service.slug, received.artifact.joined_because) == ("edge", "labels team=edge")
