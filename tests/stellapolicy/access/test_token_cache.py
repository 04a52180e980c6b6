"""The cache saves a query; the database has the last word."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import uuid4

import pytest
import redis
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from knox.crypto import hash_token
from pytest_django.fixtures import Settings

from stellapolicy.access import token_cache
from stellapolicy.access.models import ApiToken, RoleAssignment, User
from stellapolicy.access.roles import Role
from stellapolicy.access.services.people import disable_person
from stellapolicy.access.services.tokens import IssuedToken, revoke_token, rotate_token
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import TenantFactory, almighty, person_with, token_for
from tests.processes import ROOT, environment
from tests.stellapolicy.access.test_sign_in import ME, speaking

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.stellapolicy.floor_urls")]


@pytest.fixture
def issued(tenant: Tenant) -> IssuedToken:
    return token_for(person_with(tenant, Role.VIEWER), tenant, "gate:read")


def code_of(issued: IssuedToken) -> str:
    answer = speaking(issued.secret).get(ME)
    return "" if answer.status_code == 200 else str(answer.json()["code"])


@contextmanager
def counted() -> Iterator[list[str]]:
    """Collect the statements that are about tokens and roles."""
    found: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield found
    found += [
        query["sql"]
        for query in captured.captured_queries
        if not query["sql"].startswith(("SAVEPOINT", "RELEASE", "SELECT set_config"))
    ]


def test_signing_in_with_a_known_token_takes_one_query(issued: IssuedToken) -> None:
    with counted() as first:
        assert code_of(issued) == ""
    with counted() as second:
        assert code_of(issued) == ""

    assert len([sql for sql in first if sql.startswith("SELECT")]) == 2  # and the last use is written
    assert len(second) == 1


def test_the_secret_is_nowhere_in_the_cache(issued: IssuedToken) -> None:
    code_of(issued)

    with redis.Redis.from_url(str(settings.CACHES["default"]["LOCATION"])) as valkey:
        names = [name for name in valkey.scan_iter("*access.token.*") if issued.token.digest.encode() in name]
        kept = b"".join(valkey.get(name) or b"" for name in names)
        lifetimes = [valkey.ttl(name) for name in names]

    assert len(names) == 1
    assert issued.secret.encode() not in names[0] + kept
    assert 0 < lifetimes[0] <= 60


def test_a_revoked_token_is_refused_though_it_is_still_kept(issued: IssuedToken, tenant: Tenant) -> None:
    code_of(issued)
    with tenant_scope(tenant.pk):
        revoke_token(actor=almighty(tenant), pk=issued.token.pk, at=datetime.now(tz=UTC))

    # The transaction of this test never commits, so nothing was deleted from the cache: the worst case.
    assert token_cache.find(hash_token(issued.secret)) is not None
    assert code_of(issued) == "token.revoked"


def test_a_rotated_token_is_refused_though_it_is_still_kept(issued: IssuedToken, tenant: Tenant) -> None:
    code_of(issued)
    with tenant_scope(tenant.pk):
        renewed = rotate_token(actor=almighty(tenant), pk=issued.token.pk, at=datetime.now(tz=UTC))

    assert code_of(issued) == "token.revoked"
    assert code_of(renewed) == ""


def test_the_kept_token_of_a_disabled_person_is_refused(issued: IssuedToken, tenant: Tenant) -> None:
    code_of(issued)
    with tenant_scope(tenant.pk):
        person = User.objects.get(pk=issued.token.user_id)
        disable_person(actor=almighty(tenant), user=person, at=datetime.now(tz=UTC), reason="left")

    assert code_of(issued) == "person.disabled"


def test_a_kept_token_loses_what_its_person_loses(tenant: Tenant) -> None:
    issued = token_for(person_with(tenant, Role.VIEWER, Role.AUDITOR), tenant, "audit:read", "gate:read")
    code_of(issued)
    with tenant_scope(tenant.pk):
        RoleAssignment.objects.filter(role=Role.AUDITOR).delete()

    assert speaking(issued.secret).get(ME).json()["scopes"] == ["gate:read"]


def test_a_kept_token_of_somebody_without_any_role_left_is_judged_all_the_same(
    issued: IssuedToken, tenant: Tenant
) -> None:
    code_of(issued)
    with tenant_scope(tenant.pk):
        RoleAssignment.objects.all().delete()
        revoke_token(actor=almighty(tenant), pk=issued.token.pk, at=datetime.now(tz=UTC))

    assert code_of(issued) == "token.revoked"


def test_a_kept_token_ends_at_its_instant(issued: IssuedToken) -> None:
    code_of(issued)
    ended = datetime.now(tz=UTC)
    ApiToken.objects.filter(pk=issued.token.pk).update(expiry=ended)

    assert code_of(issued) == "token.expired"


def test_the_entry_of_one_token_does_not_serve_another(issued: IssuedToken, tenant: Tenant) -> None:
    mighty = token_for(person_with(tenant, *Role), tenant, "governance:write")
    code_of(mighty)
    entry = cache.get(f"access.token.{mighty.token.digest}")
    cache.set(f"access.token.{hash_token('stella_invented')}", entry, timeout=60)

    assert speaking("stella_invented").get(ME).json()["code"] == "token.unknown"


@pytest.mark.parametrize("entry", ["{}", "forged:signature", 7, None])
def test_an_entry_we_did_not_write_is_passed_over(entry: object, issued: IssuedToken) -> None:
    cache.set(f"access.token.{issued.token.digest}", entry, timeout=60)

    assert code_of(issued) == ""


def test_without_a_cache_the_database_answers(issued: IssuedToken, settings: Settings) -> None:
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"},
    }

    assert code_of(issued) == ""
    assert code_of(issued) == ""


IN_ANOTHER_PROCESS = """
import sys, django
django.setup()
from datetime import UTC, datetime
from stellapolicy.access import token_cache
from stellapolicy.access.models import ApiToken
from stellapolicy.access.selectors import authenticate_token
secret = sys.stdin.readline().strip()
token = authenticate_token(secret, at=datetime.now(tz=UTC))
print("read", flush=True)
sys.stdin.readline()
token_cache.keep(token)
print("kept", flush=True)
"""


@pytest.mark.django_db(transaction=True)
def test_a_process_that_fills_the_cache_after_a_revocation_brings_nothing_back() -> None:
    tenant = TenantFactory(slug=f"race-{uuid4().hex[:8]}")
    issued = token_for(person_with(tenant, Role.VIEWER), tenant, "gate:read")
    slow = subprocess.Popen(
        [sys.executable, "-c", IN_ANOTHER_PROCESS],
        cwd=ROOT,
        env={**environment(), "DJANGO_SETTINGS_MODULE": "stellapolicy.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert slow.stdin
    assert slow.stdout
    slow.stdin.write(f"{issued.secret}\n".encode())
    slow.stdin.flush()
    assert slow.stdout.readline() == b"read\n"

    with tenant_scope(tenant.pk):
        revoke_token(actor=almighty(tenant), pk=issued.token.pk, at=datetime.now(tz=UTC))
    forgotten = token_cache.find(issued.token.digest)
    slow.communicate(b"go on\n", timeout=60)

    assert forgotten is None
    assert token_cache.find(issued.token.digest) is not None
    assert code_of(issued) == "token.revoked"
