"""The client as a job runs it that has no token of ours: its provider's identity, exchanged at the real server."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from stellapolicy.access import keys
from stellapolicy.access.models import ApiToken
from stellapolicy.access.services.workloads import trust_workload
from stellapolicy.management.seeding import seed_contents
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, ServiceFactory, TenantFactory, almighty
from tests.gates.client.running import check, run
from tests.issuer import RSA, key_set, sign
from tests.loopback import Answer, Asked, Loopback, loopback

pytestmark = pytest.mark.django_db(transaction=True)

RUN = {
    "repository": "acme/api",
    "repository_id": "42",
    "project_path": "acme/api",
    "project_id": "42",
    "ref": "refs/heads/main",
    "ref_path": "refs/heads/main",
    "ref_protected": "true",
}


@pytest.fixture
def github() -> Iterator[Loopback]:
    """A GitHub: gives a job its ID token for the audience asked, and shows its keys."""
    running: list[Loopback] = []

    def script(asked: Asked) -> Answer:
        if asked.path == "/keys":
            return Answer(body=key_set(RSA))
        if asked.headers.get("Authorization") != "Bearer runner-secret":
            return Answer(status=401)
        audience = parse_qs(urlsplit(asked.path).query)["audience"][0]
        token = sign({"iss": running[0].url(""), "aud": audience, **RUN})
        return Answer(body=json.dumps({"value": token}).encode())

    with loopback(script) as server:
        running.append(server)
        yield server


@pytest.fixture
def tenant(github: Loopback, live_server: LiveServer, settings: Settings) -> Tenant:
    keys.forget()
    said = {"issuer": github.url(""), "jwks_url": github.url("/keys"), "audience": live_server.url}
    settings.WORKLOAD_ISSUERS = json.dumps([{"provider": "github", **said}])
    settings.EGRESS_INTERNAL_HOSTS = {"oidc": ["127.0.0.1"]}
    tenant = TenantFactory(slug="acme")
    seed_contents(tenant, at=NOON)
    with tenant_scope(tenant.pk):
        trust_workload(
            actor=almighty(tenant),
            issuer="github",
            repository_id="42",
            repository="acme/api",
            ref_pattern="refs/heads/main",
            service_id=ServiceFactory(repositories=["registry.example/*"]).pk,
            at=NOON,
        )
    return tenant


def job(github: Loopback, **variables: str) -> dict[str, str]:
    """Return what GitHub Actions tells a job with `permissions: id-token: write`; it has no token of ours."""
    return {
        "STELLA_TOKEN": "",
        "STELLA_TENANT": "acme",
        "ACTIONS_ID_TOKEN_REQUEST_URL": github.url("/token?api-version=2.0"),
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "runner-secret",
        **variables,
    }


def test_a_github_job_asks_a_gate_without_any_stored_secret(
    github: Loopback, tenant: Tenant, live_server: LiveServer
) -> None:
    ended = check(live_server.url, "--auth", "github", "--format", "json", **job(github))

    assert ended.returncode == 0, ended.stderr  # gates as they are seeded observe
    assert json.loads(ended.stdout)["decision"] == "block"
    token = ApiToken.objects.get()
    assert token.acts_as == "workload:github:acme/api@refs/heads/main"


def test_a_gitlab_job_sends_the_token_in_its_variable(
    github: Loopback, tenant: Tenant, live_server: LiveServer, settings: Settings
) -> None:
    said = json.loads(settings.WORKLOAD_ISSUERS)[0]
    settings.WORKLOAD_ISSUERS = json.dumps([{**said, "provider": "gitlab", "name": "github"}])
    proof = sign({"iss": github.url(""), "aud": live_server.url, **RUN})

    named = ["--id-token", "MY_ID", "--tenant", "acme"]
    ended = check(live_server.url, "--auth", "gitlab", *named, STELLA_TOKEN="", MY_ID=proof)

    assert ended.returncode == 0, ended.stderr
    assert ApiToken.objects.get().acts_as == "workload:gitlab:acme/api@refs/heads/main"


def test_a_refused_identity_is_said_with_its_code(github: Loopback, tenant: Tenant, live_server: LiveServer) -> None:
    ended = check(live_server.url, "--auth", "github", **job(github, STELLA_AUDIENCE="https://elsewhere.example"))

    assert ended.returncode == 11
    assert "identity.audience_refused" in ended.stderr


@pytest.mark.parametrize(
    "arguments, variables, said",
    [
        (["--auth", "github"], {}, "permissions: id-token: write"),
        (
            ["--auth", "github"],
            {"ACTIONS_ID_TOKEN_REQUEST_URL": "http://evil.example/?"},
            "permissions: id-token: write",
        ),
        (["--auth", "gitlab"], {}, "a token is needed"),
        (["--auth", "github"], {"STELLA_TENANT": ""}, "--tenant or $STELLA_TENANT"),
        (["--auth", "gitlab"], {"STELLA_TENANT": " ", "STELLA_ID_TOKEN": "a.b.c"}, "--tenant or $STELLA_TENANT"),
        (["--auth", "jenkins"], {}, "invalid choice"),
    ],
)
def test_a_job_without_an_identity_is_told_what_it_lacks(
    arguments: list[str], variables: dict[str, str], said: str, db: None
) -> None:
    asked: list[Any] = ["check", "--environment", "production", "--artifact", "sha256:" + "ab" * 32, *arguments]

    ended = run("http://127.0.0.1:1", *asked, variables={"STELLA_TOKEN": "", "STELLA_TENANT": "acme", **variables})

    assert ended.returncode == 11
    assert said in ended.stderr
