"""Artifacts with where they may ship, decisions found by their artifact, and the queue with what it led to."""

from datetime import timedelta

import pytest
from django.urls import reverse

from gates.models import Gate, GateJob, GateMode
from gates.services import jobs
from stellapolicy.tenancy.scope import tenant_scope
from tests.admin_pages import Inhabited
from tests.reports import KEV_CRITICAL, digest_of, trivy
from tests.shop import asked, enforce


def test_an_artifact_shows_its_last_decision_in_every_environment(acme: Inhabited) -> None:
    acme.ask("acme/api", trivy("acme/api", [], scanned_at=acme.at), at=acme.at + timedelta(minutes=1))
    acme.ask("acme/api", trivy("acme/api", [KEV_CRITICAL], scanned_at=acme.at), environment="staging")

    shown = acme.sign_in().get(reverse("admin:policies_artifact_changelist")).content.decode()

    assert "Production: pass" in shown
    assert "Staging: block" in shown
    assert "Production: block" not in shown


def test_an_environment_that_only_observes_would_block(acme: Inhabited) -> None:
    with tenant_scope(acme.tenant.pk):
        enforce(acme.actor, GateMode.OBSERVE)
    acme.ask("acme/web", trivy("acme/web", [KEV_CRITICAL], scanned_at=acme.at))

    assert (
        "Production: would block" in acme.sign_in().get(reverse("admin:policies_artifact_changelist")).content.decode()
    )


@pytest.mark.parametrize("page", ["policies_artifact", "gates_gatedecision"])
@pytest.mark.parametrize("term", ["acme/a", digest_of("acme/api"), digest_of("acme/api")[7:15]])
def test_an_artifact_is_found_by_the_beginning_of_its_name_or_digest(acme: Inhabited, page: str, term: str) -> None:
    acme.ask("other/thing")
    listed = acme.sign_in().get(reverse(f"admin:{page}_changelist"), {"q": term}).content.decode()

    assert "acme/api" in listed
    assert "other/thing" not in listed


def test_a_job_leads_to_its_decision(acme: Inhabited) -> None:
    job = acme.queue(asked("acme/web", trivy("acme/web", [KEV_CRITICAL], scanned_at=acme.at)))
    jobs.run(job_id=job.pk, clock=lambda: acme.at)
    with tenant_scope(acme.tenant.pk):
        decision = GateJob.objects.get(pk=job.pk).request.decision_id

    shown = acme.sign_in().get(reverse("admin:gates_gatejob_change", args=[job.pk])).content.decode()

    assert reverse("admin:gates_gatedecision_change", args=[decision]) in shown


def test_a_job_that_failed_says_its_code_and_sentence(acme: Inhabited) -> None:
    job = acme.queue(asked("acme/web", environment="development"))
    with tenant_scope(acme.tenant.pk):
        Gate.objects.filter(environment__slug="development").update(is_current=False)
    jobs.run(job_id=job.pk, clock=lambda: acme.at)

    shown = acme.sign_in().get(reverse("admin:gates_gatejob_change", args=[job.pk])).content.decode()

    assert "gate.unknown" in shown
    assert "has no gate" in shown


def test_a_gate_shows_its_chain_with_every_option_that_says_something(acme: Inhabited) -> None:
    client = acme.sign_in()
    listed = client.get(reverse("admin:gates_gate_changelist")).context["cl"].result_list
    production = next(gate for gate in listed if gate.environment.slug == "production")

    shown = client.get(reverse("admin:gates_gate_change", args=[production.pk])).content.decode()

    assert "A block stops the pipeline." in shown
    assert "1. evidence completeness" in shown
    assert "incomplete: block" in shown
    assert ": unknown<" not in shown
