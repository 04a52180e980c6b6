"""A GitHub and a GitLab on loopback, and what their runs say of themselves."""

import json
from typing import Any

from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from stellapolicy.access import keys
from stellapolicy.access.models import TrustedWorkload
from stellapolicy.access.services.workloads import trust_workload
from stellapolicy.tenancy.models import Service, Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, ServiceFactory, almighty
from tests.issuer import Issuer

DOOR = "/api/v1/auth/token"
AUDIENCE = "https://stella.example.org"
GITHUB_RUN = {
    "aud": AUDIENCE,
    "sub": "repo:acme/api:ref:refs/heads/main",
    "repository": "acme/api",
    "repository_id": "42",
    "repository_owner": "acme",
    "ref": "refs/heads/main",
    "ref_type": "branch",
    "ref_protected": "true",
    "event_name": "push",
}
GITLAB_RUN = {
    "aud": AUDIENCE,
    "sub": "project_path:acme/api:ref_type:branch:ref:main",
    "project_path": "acme/api",
    "project_id": "42",
    "ref": "main",
    "ref_type": "branch",
    "ref_path": "refs/heads/main",
    "ref_protected": "true",
    "pipeline_source": "push",
}


def believe(settings: Settings, issuer: Issuer, provider: str = "github", **more: str) -> None:
    """Configure the installation to believe this issuer."""
    keys.forget()
    said = {"provider": provider, "issuer": issuer.url, "audience": AUDIENCE, "jwks_url": f"{issuer.url}/keys", **more}
    settings.WORKLOAD_ISSUERS = json.dumps([said])
    settings.EGRESS_INTERNAL_HOSTS = {"oidc": ["127.0.0.1"]}


def trust(tenant: Tenant, service: Service | None = None, **said: Any) -> TrustedWorkload:
    """Trust acme/api on its main branch with a service."""
    with tenant_scope(tenant.pk):
        usual = {
            "issuer": "github",
            "repository_id": "42",
            "repository": "acme/api",
            "ref_pattern": "refs/heads/main",
            "service_id": (service or ServiceFactory()).pk,
        }
        return trust_workload(actor=almighty(tenant), at=NOON, **{**usual, **said})


def sent(token: str, **more: str) -> Any:
    """Send a token to the exchange, for the tenant `acme` unless another is given."""
    asked = {"token": token, "tenant": "acme", **more}
    return APIClient(raise_request_exception=False).post(DOOR, asked, format="json")


def code_of(token: str, **more: str) -> str:
    """Return the code it is refused with; empty where it is accepted."""
    answer = sent(token, **more)
    return str(answer.json()["code"]) if answer.status_code >= 400 else ""
