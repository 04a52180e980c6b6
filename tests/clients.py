"""HTTP clients that speak with a token."""

import base64
from typing import Any

from rest_framework.test import APIClient

from stellapolicy.access.roles import Role
from stellapolicy.tenancy.models import Tenant
from tests.factories import person_with, token_for
from tests.reports import digest_of


def client_of(tenant: Tenant, *scopes: str) -> APIClient:
    """Return a client whose token holds these scopes."""
    issued = token_for(person_with(tenant, *Role), tenant, *scopes)
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {issued.secret}")
    return client


def question(image: str, *reports: bytes, environment: str = "production", **more: Any) -> dict[str, Any]:
    """Return the body that asks a gate about an image."""
    return {
        "artifact": {"digest": digest_of(image), "name": image},
        "environment": environment,
        "reports": [
            {"filename": f"{index}.json", "content_base64": base64.b64encode(report).decode()}
            for index, report in enumerate(reports)
        ],
        **more,
    }
