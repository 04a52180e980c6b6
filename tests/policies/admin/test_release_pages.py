"""Runs, deployments, VEX documents and whose an artifact is, in the admin."""

import pytest
from django.urls import reverse

from policies.models import Artifact, Basis, Deployment, Run, RunStatus
from policies.services import runs
from stellapolicy.access.roles import Role
from stellapolicy.tenancy.scope import tenant_scope
from tests.admin_pages import Inhabited
from tests.factories import ServiceFactory, person_with


def test_an_artifact_shows_whose_it_is_and_why_with_builds_and_deployments(acme: Inhabited) -> None:
    shown = acme.sign_in().get(_artifact(acme)).content.decode()

    assert "Stated: repository acme/*" in shown or "stated: repository acme/*" in shown.lower()
    assert "c0ffee" in shown
    assert "Staging" in shown


def test_an_artifact_is_assigned_with_a_reason(acme: Inhabited) -> None:
    with tenant_scope(acme.tenant.pk):
        edge = ServiceFactory(slug="edge")
        artifact = Artifact.objects.get(name="acme/api")
    client = acme.sign_in(person_with(acme.tenant, Role.ADMIN))

    answer = client.post(
        reverse("admin:policies_artifact_assign", args=[artifact.pk]), {"service": str(edge.pk), "reason": "it moved"}
    )

    assert answer.status_code == 302
    with tenant_scope(acme.tenant.pk):
        moved = Artifact.objects.get(pk=artifact.pk)
    assert (moved.service_id, moved.basis) == (edge.pk, Basis.ASSIGNED)


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.VIEWER])
def test_who_may_not_govern_assigns_nothing(acme: Inhabited, role: Role) -> None:
    with tenant_scope(acme.tenant.pk):
        artifact = Artifact.objects.get(name="acme/api")
    client = acme.sign_in(person_with(acme.tenant, role))

    answer = client.post(reverse("admin:policies_artifact_assign", args=[artifact.pk]), {"reason": "mine"})

    assert answer.status_code == 403


def test_a_run_is_cancelled_by_who_may_upload(acme: Inhabited) -> None:
    run = Run.objects.get(kind="evidence_import")
    client = acme.sign_in(person_with(acme.tenant, Role.SECURITY))

    answer = client.post(reverse("admin:policies_run_cancel", args=[run.pk]))

    assert answer.status_code == 302
    assert Run.objects.get(pk=run.pk).status == RunStatus.CANCELLED


def test_a_run_that_ended_says_so_in_the_form(acme: Inhabited) -> None:
    run = Run.objects.get(kind="vex_join")
    runs.drain(clock=lambda: acme.at)
    client = acme.sign_in(person_with(acme.tenant, Role.SECURITY))

    answer = client.post(reverse("admin:policies_run_cancel", args=[run.pk]))

    assert "has ended already" in answer.content.decode()


def test_a_deployment_says_whether_it_is_the_current_one(acme: Inhabited) -> None:
    with tenant_scope(acme.tenant.pk):
        deployment = Deployment.objects.get()

    shown = acme.sign_in().get(reverse("admin:policies_deployment_change", args=[deployment.pk])).content.decode()

    assert "this is what runs there now" in shown


def _artifact(acme: Inhabited) -> str:
    with tenant_scope(acme.tenant.pk):
        return reverse("admin:policies_artifact_change", args=[Artifact.objects.get(name="acme/api").pk])
