"""Deleting a tenant takes everything of it and nothing of anybody else, and leaves a tombstone."""

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.production import Installation, superuser_url

Inhabitants = dict[str, dict[str, str]]
AGAIN = """
import django, sys
django.setup()
from datetime import UTC, datetime
from policies.services.evidence import ArtifactReference, Upload, receive_evidence
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import almighty
from tests.reports import digest_of, trivy, HARMLESS
report = trivy("shared/image", [HARMLESS], scanned_at=datetime(2026, 3, 2, tzinfo=UTC))
for slug in sys.argv[1:]:
    tenant = Tenant.objects.get(slug=slug)
    with tenant_scope(tenant.pk):
        receive_evidence(actor=almighty(tenant), artifact=ArtifactReference(digest_of("shared/image"), "shared/image"),
                         uploads=[Upload("a.json", report)], at=datetime(2026, 3, 2, tzinfo=UTC))
"""


@pytest.fixture(scope="module")
def inhabitants(installation: Installation) -> Inhabitants:
    """Two tenants that share the bytes of one report."""
    made = installation.inhabit("hooli", "aviato")
    done = installation.run("-c", AGAIN, "hooli", "aviato", DJANGO_SETTINGS_MODULE="stellapolicy.settings")
    assert done.returncode == 0, done.stderr
    return made


def rows_of(installation: Installation, tenant: str) -> dict[str, int]:
    """Rows of a tenant in every table that names one, seen by a login that no lock holds back."""
    with psycopg.connect(superuser_url(installation.database)) as connection:
        tables = connection.execute(
            "SELECT table_name FROM information_schema.columns "
            "WHERE table_schema = 'policy' AND column_name = 'tenant_id'"
        ).fetchall()
        counted = {
            table: connection.execute(
                sql.SQL("SELECT count(*) FROM {} WHERE tenant_id = %s").format(sql.Identifier("policy", table)),
                [tenant],
            ).fetchone()
            for (table,) in tables
        }
    return {table: count[0] for table, count in counted.items() if count and count[0]}


def guards(installation: Installation) -> set[tuple[str, ...]]:
    with psycopg.connect(superuser_url(installation.database)) as connection:
        return set(connection.execute("SELECT tgname, tgrelid::text, tgenabled::text FROM pg_trigger").fetchall())


def files(installation: Installation) -> Iterator[Path]:
    return (path for path in (installation.var / "files" / "reports").rglob("*") if path.is_file())


def test_it_only_lists_until_the_name_is_said_twice(installation: Installation, inhabitants: Inhabitants) -> None:
    before = rows_of(installation, inhabitants["hooli"]["tenant"])

    said = installation.manage("delete_tenant", "hooli")
    mistaken = installation.run("manage.py", "delete_tenant", "hooli", "--yes-i-mean", "aviato")

    assert {table: int(count) for count, table in re.findall(r"(\d+)  (\w+_\w+)", said)} == before
    assert "1  files that no other tenant has" in said
    assert "nothing was deleted" in mistaken.stderr
    assert rows_of(installation, inhabitants["hooli"]["tenant"]) == before


def test_neither_the_application_nor_anybody_deletes_what_is_not_theirs_to_delete(
    installation: Installation, inhabitants: Inhabitants
) -> None:
    of_the_application = installation.run("manage.py", "delete_tenant", "hooli", "--yes-i-mean", "hooli")
    of_the_default = installation.run(
        "manage.py", "delete_tenant", "default", "--yes-i-mean", "default", role=installation.owner
    )
    of_nobody = installation.run("manage.py", "delete_tenant", "nobody")

    assert "only the owner of the tables deletes history" in of_the_application.stderr
    assert "it is not deleted" in of_the_default.stderr
    assert "tenant.unknown" in of_nobody.stderr
    assert rows_of(installation, inhabitants["hooli"]["tenant"])


def test_everything_of_the_tenant_goes_and_nothing_of_another(
    installation: Installation, inhabitants: Inhabitants
) -> None:
    other, triggers = rows_of(installation, inhabitants["aviato"]["tenant"]), guards(installation)
    kept = len(list(files(installation)))

    said = installation.manage(
        "delete_tenant", "hooli", "--yes-i-mean", "hooli", "--reason", "contract ended", role=installation.owner
    )
    verified = installation.manage("audit", "verify")
    exported = installation.manage("audit", "export", "--tenant", "default")
    again = installation.run("manage.py", "delete_tenant", "hooli")

    assert "hooli is deleted" in said
    assert rows_of(installation, inhabitants["hooli"]["tenant"]) == {}
    assert rows_of(installation, inhabitants["aviato"]["tenant"]) == other
    assert guards(installation) == triggers
    assert len(list(files(installation))) == kept - 1
    assert "broken" not in verified
    assert re.search(r'"action":"tenant.deleted".*"reason":"\d+ rows, 1 files, chain ended at \d+.*contract', exported)
    assert "tenant.unknown" in again.stderr
    assert installation.manage("replay", inhabitants["aviato"]["decision"], "--tenant", "aviato").startswith("exact")


def test_a_tenant_with_something_on_every_page_of_the_admin_goes_whole(bare_installation: Installation) -> None:
    bare_installation.migrate()
    bare_installation.manage("bootstrap")
    lived = "import django; django.setup(); from tests.admin_pages import inhabit; print(inhabit('hooli').tenant.pk)"
    made = bare_installation.run("-c", lived, DJANGO_SETTINGS_MODULE="stellapolicy.settings")
    assert made.returncode == 0, made.stderr
    tenant = made.stdout.strip()
    triggers, lived_in = guards(bare_installation), rows_of(bare_installation, tenant)

    bare_installation.manage("delete_tenant", "hooli", "--yes-i-mean", "hooli", role=bare_installation.owner)

    assert len(lived_in) > 25
    assert rows_of(bare_installation, tenant) == {}
    assert guards(bare_installation) == triggers
    assert "broken" not in bare_installation.manage("audit", "verify")
