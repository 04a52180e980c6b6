"""What a list costs at 100,000 exceptions: pages, filters, the queue and the numbers, over the API; real PostgreSQL."""

import statistics
import time
from datetime import UTC, datetime

from django.db import connection
from rest_framework.test import APIClient

from bench.tables import print_table
from stellapolicy.access.roles import Role, Scope
from stellapolicy.management.seeding import seed_contents
from stellapolicy.tenancy.bootstrap import seed_tenant
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import person_with, token_for

_COUNT, _ROUNDS = 100_000, 5
_LIST = "/api/v1/exceptions"
_ASKED = (
    ("first page of 100", ""),
    ("one vulnerability", "?vulnerability=CVE-2024-77777"),
    ("one package", "?purl=pkg:npm/library-777"),
    ("state and severity", "?state=proposed&severity=high"),
    ("mine to decide", "?mine_to_decide=true"),
    ("one requester", "?requester=user:person-77"),
)
_FILL = """
    INSERT INTO exceptions_policyexception (id, tenant_id, number, type, reason, kind, state, requester, person, ticket,
        tags, version, effect, level, severity, vulnerabilities, packages, rules, services, environments, service_ids,
        artifact_count, service_count, starts_at, expires_at, grace_told, blocks, held_because, warned_of, created_at,
        closed_because)
    SELECT gen_random_uuid(), %(tenant)s, 'EXC-2026-' || lpad(n::text, 6, '0'), 'vulnerability', 'accepted_risk',
        'acceptance', 'proposed', 'user:person-' || n %% 1000, 'user:person-' || n %% 1000, '', '{}', 1, 'defer', 'a2',
        (ARRAY['low', 'medium', 'high'])[1 + n %% 3], ARRAY['CVE-2024-' || n], ARRAY['pkg:npm/library-' || n %% 5000],
        '{}', '{}', '{}', '{}', 1, 1, %(at)s, %(at)s + interval '20 days', false, false, '[]', '[]',
        %(at)s - make_interval(secs => n), ''
    FROM generate_series(1, %(count)s) n
"""


def run() -> None:
    """Fill a tenant and ask the API for its lists."""
    now = datetime.now(tz=UTC)
    tenant = seed_tenant(slug="bench-lists", name="Bench of lists", at=now)
    seed_contents(tenant, at=now)
    with tenant_scope(tenant.pk), connection.cursor() as cursor:
        cursor.execute(_FILL, {"tenant": tenant.pk, "at": now, "count": _COUNT})
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    client = _client(tenant)
    rows = [_measured(client, name, _LIST + query) for name, query in _ASKED]
    rows.append(_measured(client, "numbers over all", f"{_LIST}/stats"))
    print_table(f"Lists of {_COUNT:,} exceptions over the API, one process", ("", "p50", "max"), rows)


def _client(tenant: Tenant) -> APIClient:
    issued = token_for(person_with(tenant, Role.REVIEWER), tenant, Scope.EXCEPTION_READ)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {issued.secret}")
    return client


def _measured(client: APIClient, name: str, address: str) -> tuple[str, ...]:
    taken = []
    assert client.get(address).status_code == 200
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        client.get(address)
        taken.append((time.perf_counter() - began) * 1000)
    return name, f"{statistics.median(taken):.0f} ms", f"{max(taken):.0f} ms"
