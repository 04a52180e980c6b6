"""May it ship? The one call behind every door."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gates.errors import EnvironmentUnknown, GateUnknown, InstantTooFar, SnapshotOfAnotherArtifact
from gates.models import GateDecision
from gates.requests import GateRequest
from gates.services.evaluation import evaluate_gate
from policies.errors import ArtifactDigestInvalid, SnapshotUnknown, SubjectMismatch
from policies.importers.refusals import FormatUnknown, JsonInvalid
from policies.models import Artifact, Build, Report, Snapshot
from policies.services.evidence import ArtifactReference, Upload
from stellapolicy.kernel.actor import Actor, ScopeMissing
from stellapolicy.kernel.refusals import Refusal
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, TenantFactory
from tests.gates.conftest import Shop
from tests.reports import HARMLESS, KEV_CRITICAL, LOG4SHELL, Vuln, digest_of, many, trivy

HOUR = timedelta(hours=1)


def reasons(decision: GateDecision) -> set[str]:
    return {reason["code"] for check in decision.body["checks"] for reason in check["reasons"]}


def test_a_known_exploited_critical_may_not_ship_to_production(in_shop: Shop) -> None:
    report = trivy("shop/api", [KEV_CRITICAL, HARMLESS], scanned_at=NOON - HOUR)

    decision = in_shop.ask("shop/api", report)

    assert (decision.decision, decision.exit_code) == ("block", 2)
    blocking = [finding for finding in decision.body["findings"] if finding["outcome"] == "block"]
    assert [finding["id"] for finding in blocking] == [LOG4SHELL]
    assert blocking[0]["kev"] is True
    assert blocking[0]["because"]


def test_the_fixed_build_may_ship(in_shop: Shop) -> None:
    decision = in_shop.ask("shop/api", trivy("shop/api", [HARMLESS], scanned_at=NOON - HOUR))

    assert (decision.decision, decision.exit_code) == ("pass", 0)


def test_what_a_trivyignore_hides_still_blocks_and_is_listed_with_its_source(in_shop: Shop) -> None:
    report = trivy("shop/api", [HARMLESS], hidden=[KEV_CRITICAL], scanned_at=NOON - HOUR)

    decision = in_shop.ask("shop/api", report)

    assert decision.decision == "block"
    (hidden,) = decision.body["suppressed"]
    assert (hidden["id"], hidden["source"]) == (LOG4SHELL, ".trivyignore")


def test_an_artifact_nobody_scanned_may_not_ship_to_production(in_shop: Shop) -> None:
    decision = in_shop.ask("shop/never-scanned")

    assert (decision.decision, decision.blocked_by) == ("block", "evidence_completeness")
    assert "evidence.missing" in reasons(decision)
    assert decision.body["evidence_only"] is True


def test_the_same_reports_as_a_snapshot_give_the_same_answer(in_shop: Shop) -> None:
    inline = in_shop.ask("shop/api", trivy("shop/api", [KEV_CRITICAL, *many(20)], scanned_at=NOON - HOUR))
    assert inline.snapshot is not None
    request = GateRequest(
        artifact=ArtifactReference(digest_of("shop/api"), "shop/api"),
        environment="production",
        snapshot=inline.snapshot.name,
    )

    stored = evaluate_gate(actor=in_shop.actor, request=request, at=NOON)

    assert stored.pk != inline.pk
    assert stored.body_digest == inline.body_digest
    assert stored.determinism_hash == inline.determinism_hash


def test_without_evidence_in_the_request_the_newest_snapshot_is_judged(in_shop: Shop) -> None:
    known = in_shop.ask("shop/api", trivy("shop/api", [KEV_CRITICAL], scanned_at=NOON - HOUR))

    decision = in_shop.ask("shop/api")

    assert decision.snapshot_id == known.snapshot_id
    assert decision.decision == "block"


def test_a_question_about_an_explicit_instant_always_gets_the_same_row(in_shop: Shop) -> None:
    request = GateRequest(
        artifact=ArtifactReference(digest_of("shop/api"), "shop/api"),
        environment="production",
        uploads=(Upload("r.json", trivy("shop/api", [HARMLESS], scanned_at=NOON - HOUR)),),
        at=NOON,
    )
    first = evaluate_gate(actor=in_shop.actor, request=request, at=NOON)

    second = evaluate_gate(actor=in_shop.actor, request=request, at=NOON + timedelta(days=3))

    assert second.pk == first.pk


@pytest.mark.parametrize("shift", [timedelta(days=-90), timedelta(hours=-2), timedelta(hours=2)])
def test_nobody_chooses_the_day_on_which_old_evidence_was_fresh(in_shop: Shop, shift: timedelta) -> None:
    report = trivy("shop/api", [HARMLESS], scanned_at=NOON + shift)
    request = replace(in_shop.request("shop/api", report), at=NOON + shift)

    with pytest.raises(InstantTooFar) as refused:
        evaluate_gate(actor=in_shop.actor, request=request, at=NOON)

    assert refused.value.faults[0].pointer == "/at"
    assert nothing_was_kept()


def test_a_later_instant_alone_never_opens_a_gate(in_shop: Shop) -> None:
    report = trivy("shop/api", [KEV_CRITICAL], scanned_at=NOON - HOUR)
    in_shop.ask("shop/api", report)

    later = [
        evaluate_gate(actor=in_shop.actor, request=in_shop.request("shop/api"), at=NOON + timedelta(days=days))
        for days in (1, 3, 8, 30)
    ]

    assert {decision.decision for decision in later} == {"block"}


@pytest.mark.parametrize("count", [500, 10_000])
def test_a_posted_report_is_decided_in_the_same_few_queries_whatever_its_size(in_shop: Shop, count: int) -> None:
    report = trivy("shop/api", many(count), scanned_at=NOON - HOUR)
    in_shop.ask("shop/warm", trivy("shop/warm", [HARMLESS], scanned_at=NOON - HOUR))

    with CaptureQueriesContext(connection) as queries:
        decision = in_shop.ask("shop/api", report)

    asked = [query["sql"] for query in queries if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert decision.body["counts"]["findings"] == count
    assert len(asked) == QUERIES_OF_A_POSTED_REPORT, "\n".join(sql[:160] for sql in asked)


QUERIES_OF_A_POSTED_REPORT = 23


@pytest.mark.parametrize("count", [500, 10_000])
def test_a_stored_snapshot_is_decided_in_at_most_fifteen_queries(in_shop: Shop, count: int) -> None:
    in_shop.ask("shop/api", trivy("shop/api", many(count), scanned_at=NOON - HOUR))

    with CaptureQueriesContext(connection) as queries:
        in_shop.ask("shop/api")

    asked = [query["sql"] for query in queries if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(asked) <= 15, "\n".join(sql[:160] for sql in asked)


def nothing_was_kept() -> bool:
    return not any(model.objects.exists() for model in (Artifact, Report, Snapshot, GateDecision))


@pytest.mark.parametrize(
    "content,refusal",
    [
        (b'{"SchemaVersion": 2, "Results": [', JsonInvalid),
        (b'{"hello": "world"}', FormatUnknown),
        (trivy("shop/other", [HARMLESS], scanned_at=NOON), SubjectMismatch),
    ],
)
def test_a_report_that_cannot_be_used_is_refused_whole_with_its_place(
    in_shop: Shop, content: bytes, refusal: type[Refusal]
) -> None:
    good = trivy("shop/api", [HARMLESS], scanned_at=NOON - HOUR)

    with pytest.raises(refusal) as refused:
        in_shop.ask("shop/api", good, content)

    assert refused.value.faults[0].pointer.startswith("/reports/1")
    assert nothing_was_kept()


def test_an_environment_that_does_not_exist_is_refused(in_shop: Shop) -> None:
    with pytest.raises(EnvironmentUnknown, match="moon"):
        in_shop.ask("shop/api", trivy("shop/api", scanned_at=NOON), environment="moon")

    assert nothing_was_kept()


def test_a_gate_that_does_not_exist_is_refused(in_shop: Shop) -> None:
    request = GateRequest(ArtifactReference(digest_of("shop/api")), "production", gate="back-door")

    with pytest.raises(GateUnknown, match="back-door"):
        evaluate_gate(actor=in_shop.actor, request=request, at=NOON)


def test_a_malformed_artifact_digest_is_refused(in_shop: Shop) -> None:
    request = GateRequest(ArtifactReference("latest"), "production")

    with pytest.raises(ArtifactDigestInvalid) as refused:
        evaluate_gate(actor=in_shop.actor, request=request, at=NOON)

    assert refused.value.faults[0].pointer == "/artifact/digest"


def test_the_snapshot_of_another_artifact_is_refused(in_shop: Shop) -> None:
    other = in_shop.ask("shop/other", trivy("shop/other", [HARMLESS], scanned_at=NOON - HOUR))
    assert other.snapshot is not None
    request = GateRequest(ArtifactReference(digest_of("shop/api")), "production", snapshot=other.snapshot.name)

    with pytest.raises(SnapshotOfAnotherArtifact):
        evaluate_gate(actor=in_shop.actor, request=request, at=NOON)


def test_the_snapshot_of_another_tenant_does_not_exist(shop: Shop) -> None:
    with tenant_scope(shop.tenant.pk):
        mine = shop.ask("shop/api", trivy("shop/api", [HARMLESS], scanned_at=NOON - HOUR))
    assert mine.snapshot is not None
    from tests.gates.conftest import make_shop

    other = make_shop("rival")
    request = GateRequest(ArtifactReference(digest_of("shop/api")), "production", snapshot=mine.snapshot.name)

    with tenant_scope(other.tenant.pk), pytest.raises(SnapshotUnknown):
        evaluate_gate(actor=other.actor, request=request, at=NOON)


@pytest.mark.parametrize("held", [{"gate:evaluate"}, {"evidence:write"}])
def test_posting_evidence_to_a_gate_needs_both_scopes(in_shop: Shop, held: set[str]) -> None:
    actor = Actor(tenant_id=in_shop.tenant.pk, subject="token:weak", scopes=frozenset(held))
    request = in_shop.request("shop/api", trivy("shop/api", [HARMLESS], scanned_at=NOON - HOUR))

    with pytest.raises(ScopeMissing):
        evaluate_gate(actor=actor, request=request, at=NOON)

    assert nothing_was_kept()


def test_a_new_tenant_observes_everything_and_stops_nothing(db: None) -> None:
    from stellapolicy.management.seeding import seed_contents

    tenant = TenantFactory(slug="newcomer")
    seed_contents(tenant, at=NOON)
    actor = Actor(tenant_id=tenant.pk, subject="token:ci", scopes=frozenset({"gate:evaluate", "evidence:write"}))
    report = trivy("shop/api", [Vuln("CVE-2024-1", severity="CRITICAL", fixed="2", score=9.8)], scanned_at=NOON - HOUR)
    request = GateRequest(ArtifactReference(digest_of("shop/api")), "production", uploads=(Upload("r.json", report),))

    with tenant_scope(tenant.pk):
        decision = evaluate_gate(actor=actor, request=request, at=NOON)

    assert (decision.mode, decision.exit_code) == ("observe", 0)


@pytest.mark.parametrize("results", [None, [], [{"Target": "app", "Class": "secret", "Secrets": []}]])
def test_a_scan_that_examined_no_package_is_no_complete_scan(in_shop: Shop, results: object) -> None:
    empty = {**json.loads(trivy("shop/api", scanned_at=NOON - HOUR)), "Results": results}

    decision = in_shop.ask("shop/api", json.dumps(empty).encode())

    assert decision.decision == "block"
    assert "evidence.partial" in reasons(decision)


def test_an_earlier_answer_is_given_only_to_who_may_ask(in_shop: Shop) -> None:
    request = replace(in_shop.request("shop/api", trivy("shop/api", [HARMLESS], scanned_at=NOON - HOUR)), at=NOON)
    evaluate_gate(actor=in_shop.actor, request=request, at=NOON)
    stranger = Actor(tenant_id=in_shop.tenant.pk, subject="token:stranger")

    with pytest.raises(ScopeMissing):
        evaluate_gate(actor=stranger, request=request, at=NOON)


def test_a_question_with_a_ci_context_keeps_the_build_once(in_shop: Shop) -> None:
    report = trivy("shop/api", [HARMLESS], scanned_at=NOON - HOUR)
    context = {"ci": "github", "commit": "c0ffee", "branch": "main", "pipeline_url": "https://ci.example/runs/1"}
    request = replace(in_shop.request("shop/api", report), build=context)

    evaluate_gate(actor=in_shop.actor, request=request, at=NOON)
    evaluate_gate(actor=in_shop.actor, request=request, at=NOON + HOUR)

    build = Build.objects.get()
    assert (build.commit, build.branch, build.pipeline_url) == ("c0ffee", "main", "https://ci.example/runs/1")
