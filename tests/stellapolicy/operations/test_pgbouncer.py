"""The product behind a real PgBouncer in transaction mode, every tenant over one and the same server connection."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from tests.clients import question
from tests.pooler import pooled, statistics
from tests.production import Installation, ask
from tests.reports import HARMLESS, KEV_CRITICAL, trivy

Inhabitants = dict[str, dict[str, str]]

# Two threads that take turns on whatever connection there is: each must see its tenant in a scope, nothing outside.
INTERLEAVED = """
import json, sys, threading
import django
django.setup()
from uuid import UUID
from django.db import connection, connections
from stellapolicy.tenancy.scope import tenant_scope

seen, strays, backends, unscoped = {}, [], set(), []
turn = threading.Barrier(2)

def ask(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [row[0] for row in cursor.fetchall()]

def live(tenant):
    for _ in range(20):
        turn.wait()
        with tenant_scope(UUID(tenant)):
            backends.update(ask("SELECT pg_backend_pid()"))
            rows = ask("SELECT tenant_id FROM tenancy_environment")
            seen[tenant] = seen.get(tenant, 0) + len(rows)
            strays.extend(str(row) for row in rows if str(row) != tenant)
        unscoped.extend(ask("SELECT tenant_id FROM tenancy_environment"))
    connections.close_all()

threads = [threading.Thread(target=live, args=(tenant,)) for tenant in sys.argv[1:]]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(json.dumps({"seen": sorted(seen.values()), "strays": strays, "unscoped": unscoped, "backends": len(backends)}))
"""


@pytest.fixture(scope="module")
def inhabitants(installation: Installation) -> Inhabitants:
    return installation.inhabit("acme", "globex")


@pytest.fixture
def pooler(installation: Installation) -> Iterator[str]:
    with pooled(installation, connections=1) as url:
        yield url


def test_two_tenants_on_one_server_connection_never_see_each_other(
    installation: Installation, inhabitants: Inhabitants, pooler: str
) -> None:
    tenants = [known["tenant"] for known in inhabitants.values()]

    done = installation.run(
        "-c",
        INTERLEAVED,
        *tenants,
        DATABASE_URL=pooler,
        PGBOUNCER="true",
        DJANGO_SETTINGS_MODULE="stellapolicy.settings",
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"seen": [60, 60], "strays": [], "unscoped": [], "backends": 1}


def test_reports_are_posted_and_decided_at_once_for_two_tenants(
    installation: Installation, inhabitants: Inhabitants, pooler: str
) -> None:
    at = datetime.now(tz=UTC)

    def post(slug: str, number: int) -> tuple[str, str]:
        image = f"{slug}/worker-{number}"
        report = trivy(image, [KEV_CRITICAL if slug == "acme" else HARMLESS], scanned_at=at)
        answer = ask(
            address, "/api/v1/gates/evaluations", token=inhabitants[slug]["token"], body=question(image, report)
        )
        assert answer.status_code in {200, 201}, answer.text
        return slug, answer.json()["decision"]

    with installation.web(DATABASE_URL=pooler, PGBOUNCER="true") as address, ThreadPoolExecutor(8) as people:
        answers = list(people.map(post, ["acme", "globex"] * 6, range(12)))
        listed = {
            slug: ask(address, "/api/v1/gates/decisions?limit=500", token=known["token"]).json()
            for slug, known in inhabitants.items()
        }
        unknown = ask(
            address,
            f"/api/v1/gates/decisions/{inhabitants['globex']['decision']}",
            token=inhabitants["acme"]["token"],
        )
        ready = ask(address, "/readyz")
        pools = [pool for pool in statistics(pooler, "POOLS") if pool["database"] == installation.database]

    assert {decision for slug, decision in answers if slug == "acme"} == {"block"}
    assert "block" not in {decision for slug, decision in answers if slug == "globex"}
    for slug, page in listed.items():
        names = {row["artifact_name"] for row in page["items"]}
        assert len(names) == 7
        assert all(name.startswith(f"{slug}/") for name in names)
    assert unknown.status_code == 404
    assert ready.json()["parts"]["database_login"] == "ok"
    assert [int(str(pool["sv_active"])) + int(str(pool["sv_idle"])) <= 1 for pool in pools] == [True]


def test_what_runs_beside_the_web_works_through_the_pooler(installation: Installation, pooler: str) -> None:
    through = {"DATABASE_URL": pooler, "PGBOUNCER": "true"}

    seeded = installation.manage("bootstrap", **through)
    verified = installation.manage("audit", "verify", **through)
    installation.manage("check", "--deploy", "--database", "default", **through)

    assert "are in place" in seeded
    assert "broken" not in verified
