"""The walk of the README: a pipeline asks, is blocked, fixes, passes, and cannot hide."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from gates.models import GateDecision, GateMode
from policies.services.feeds import load_feed
from stellapolicy.access.roles import Role, Scope
from stellapolicy.kernel.actor import Actor
from stellapolicy.management.seeding import seed_contents
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import TenantFactory, person_with, token_for
from tests.processes import ROOT, celery_worker
from tests.reports import HARMLESS, KEV_CRITICAL, LOG4SHELL, epss_day, kev_catalogue, trivy
from tests.shop import enforce

pytestmark = pytest.mark.django_db(transaction=True)
CLIENT = ROOT / "gates" / "client" / "stellagate.py"
Client = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def tenant(transactional_db: None) -> Tenant:
    tenant = TenantFactory(slug="shop")
    now = datetime.now(tz=UTC)
    seed_contents(tenant, at=now)
    actor = Actor(tenant_id=tenant.pk, subject="system:test", scopes=frozenset(Scope))
    with tenant_scope(tenant.pk):
        enforce(actor, GateMode.ENFORCE)
        load_feed(
            actor=actor, content=epss_day({LOG4SHELL: 0.97, HARMLESS.id: 0.01}, day=now.date().isoformat()), at=now
        )
        released = f"{now.date().isoformat()}T00:00:00.000Z"
        load_feed(actor=actor, content=kev_catalogue(LOG4SHELL, released_at=released), at=now)
    return tenant


@pytest.fixture
def client(tenant: Tenant, live_server: LiveServer, tmp_path: Path) -> Client:
    """Return the client as a pipeline calls it: report bytes in, a finished process out."""
    pipeline = person_with(tenant, Role.SERVICE)
    scopes = (Scope.EVIDENCE_WRITE, Scope.GATE_EVALUATE, Scope.GATE_READ)
    secret = token_for(pipeline, tenant, *scopes).secret

    def run(report: bytes, *arguments: str, token: str = secret) -> "subprocess.CompletedProcess[str]":
        path = tmp_path / "report.json"
        path.write_bytes(report)
        command = [sys.executable, str(CLIENT), "check", str(path), "--environment", "production", *arguments]
        environment = {"STELLA_URL": live_server.url, "STELLA_TOKEN": token, "PATH": "/usr/bin:/bin"}
        return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)

    return run


def report(*vulns: Any, hidden: Any = ()) -> bytes:
    return trivy("shop/api", vulns, hidden=hidden, scanned_at=datetime.now(tz=UTC) - timedelta(minutes=1))


def test_a_pipeline_is_blocked_passes_after_the_fix_and_cannot_hide(tenant: Tenant, client: Client) -> None:
    blocked = client(report(KEV_CRITICAL, HARMLESS))
    fixed = client(report(HARMLESS))
    hidden = client(report(HARMLESS, hidden=[KEV_CRITICAL]))

    assert blocked.returncode == 2, blocked.stderr
    assert "BLOCK" in blocked.stdout
    assert LOG4SHELL in blocked.stdout
    assert fixed.returncode == 0, fixed.stderr
    assert "PASS" in fixed.stdout
    assert hidden.returncode == 2, hidden.stderr
    assert LOG4SHELL in hidden.stdout
    with tenant_scope(tenant.pk):
        answers = list(GateDecision.objects.order_by("created_at").values_list("decision", flat=True))
    assert answers == ["block", "pass", "block"]


def test_the_queue_answers_like_the_direct_call(tenant: Tenant, client: Client) -> None:
    posted = report(KEV_CRITICAL, HARMLESS)
    direct = client(posted, "--format", "json")

    with celery_worker():
        queued = client(posted, "--queue", "--format", "json")

    assert direct.returncode == queued.returncode == 2, queued.stderr
    assert json.loads(direct.stdout)["checks"] == json.loads(queued.stdout)["checks"]


def test_a_wrong_token_is_no_verdict(client: Client) -> None:
    refused = client(report(HARMLESS), token="stella_" + "0" * 64)

    assert refused.returncode in {10, 11}
    assert "401" in refused.stderr or "auth" in refused.stderr


def test_a_broken_report_is_the_callers_mistake_and_names_its_place(client: Client) -> None:
    refused = client(b'{"SchemaVersion": 2,\n "Results": [', "--artifact", "sha256:" + "0" * 64)

    assert refused.returncode == 11
    assert "evidence.json_invalid" in refused.stderr
    assert "line 2" in refused.stderr
