"""Snapshots and reports in the admin: every finding, and proof that it is what was stored."""

from datetime import timedelta

from django.db import connection
from django.test import Client
from django.urls import reverse

from policies.models import Report, Snapshot
from stellapolicy.tenancy.scope import tenant_scope
from tests.admin_pages import Inhabited
from tests.reports import KEV_CRITICAL, many, trivy


def test_findings_are_paged_in_the_order_of_the_snapshot(acme: Inhabited) -> None:
    client, snapshot = acme.sign_in(), _large(acme)

    first = client.get(_address(snapshot))
    last = client.get(_address(snapshot), {"page": 3})

    assert len(first.context["findings"].object_list) == 100
    assert len(last.context["findings"].object_list) == 51
    assert "Page 3 of 3, 251 findings" in last.content.decode()


def test_findings_are_narrowed_to_a_severity(acme: Inhabited) -> None:
    snapshot = _large(acme)

    shown = acme.sign_in().get(_address(snapshot), {"severity": "critical"})

    assert [finding.severity for finding in shown.context["findings"]] == ["critical"]


def test_a_severity_nobody_knows_narrows_nothing(acme: Inhabited) -> None:
    shown = acme.sign_in().get(_address(_large(acme)), {"severity": "' OR 1=1"})

    assert shown.context["findings"].paginator.count == 251


def test_severities_are_counted_worst_first(acme: Inhabited) -> None:
    counted = acme.sign_in().get(_address(_large(acme))).context["by_severity"]

    assert [severity for severity, _ in counted] == ["critical", "high", "medium", "low"]


def test_content_that_is_what_was_stored_is_verified(acme: Inhabited) -> None:
    said = _verified(acme.sign_in(), _large(acme))

    assert "Verified: 251 findings, 0 claims and 251 components are, byte for byte, what was stored." in said


def test_content_that_was_changed_is_noticed(acme: Inhabited) -> None:
    snapshot = _large(acme)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL ROLE stella_owner")
        cursor.execute("ALTER TABLE policies_snapshotfinding DISABLE TRIGGER append_only")
        cursor.execute("SELECT set_config('app.tenant', %s, true)", [str(acme.tenant.pk)])
        cursor.execute('UPDATE policies_snapshotfinding SET facts = facts || \'{"severity.normalized": "low"}\'')
        cursor.execute("SET LOCAL ROLE stella_app")

    assert "The content was changed" in _verified(acme.sign_in(), snapshot)


def test_what_a_scanner_suppressed_is_marked(acme: Inhabited) -> None:
    with tenant_scope(acme.tenant.pk):
        snapshot = Snapshot.objects.get(artifact__name="acme/api")

    shown = acme.sign_in().get(_address(snapshot)).content.decode()

    assert '<span class="st-badge st-badge--careful">suppressed</span>' in shown


def test_a_report_says_what_it_is_about_and_how_faithfully_it_was_read(acme: Inhabited) -> None:
    with tenant_scope(acme.tenant.pk):
        report = Report.objects.get(artifact__name="acme/api")

    shown = acme.sign_in().get(reverse("admin:policies_report_change", args=[report.pk])).content.decode()

    assert "yes, by digest" in shown
    assert "everything in the report became part of the evidence" in shown
    assert report.digest in shown


def test_a_snapshot_is_found_by_its_own_name_and_by_its_artifact(acme: Inhabited) -> None:
    snapshot = _large(acme)
    client = acme.sign_in()

    for term in (snapshot.name, snapshot.name[11:25], snapshot.artifact.digest, snapshot.artifact.digest[:20]):
        listed = client.get(reverse("admin:policies_snapshot_changelist"), {"q": term})
        assert [row.pk for row in listed.context["cl"].result_list] == [snapshot.pk]


def _large(acme: Inhabited) -> Snapshot:
    report = trivy("acme/large", [KEV_CRITICAL, *many(250)], scanned_at=acme.at - timedelta(hours=1))
    snapshot = acme.ask("acme/large", report).snapshot
    assert snapshot is not None
    return snapshot


def _address(snapshot: Snapshot) -> str:
    return reverse("admin:policies_snapshot_change", args=[snapshot.pk])


def _verified(client: Client, snapshot: Snapshot) -> str:
    answer = client.post(reverse("admin:policies_snapshot_verify", args=[snapshot.pk]), follow=True)
    assert answer.redirect_chain
    return answer.content.decode()
