import json
from typing import Any

import pytest
from django.test import Client
from openapi_spec_validator import OpenAPIV31SpecValidator

from stellapolicy.api import schema

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.stellapolicy.floor_urls")]


@pytest.fixture
def document() -> dict[str, Any]:
    schema.document.cache_clear()
    found: dict[str, Any] = Client().get("/api/v1/openapi.json").json()
    schema.document.cache_clear()
    return found


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in {"get", "post", "put", "patch", "delete"}
    ]


def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"

    OpenAPIV31SpecValidator(document).validate()


def test_every_operation_has_a_name_of_its_own(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]

    assert len(names) == len(set(names))
    assert {"tokens_list", "tokens_issue", "tokens_rotate", "tokens_revoke", "governance_audit_list"} <= set(names)


def test_every_operation_says_its_scope(document: dict[str, Any]) -> None:
    rotate = document["paths"]["/api/v1/tokens/{id}:rotate"]["post"]

    assert rotate["security"] == [{"bearer": ["governance:write"]}, {"session": ["governance:write"]}]
    assert "Needs scope `governance:write`." in rotate["description"]


def test_every_operation_says_its_problems(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        expected = {"400", "401", "403", "406"} | ({"409", "413", "415", "422"} if method != "get" else set())
        assert expected <= set(operation["responses"]), (path, method)
        problem = operation["responses"]["401"]["content"]["application/problem+json"]["schema"]
        assert problem == {"$ref": "#/components/schemas/Problem"}


def test_every_post_takes_an_idempotency_key(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        names = {parameter["name"] for parameter in operation["parameters"]}
        assert ("Idempotency-Key" in names) == (method == "post"), path


def test_a_list_says_how_it_is_paged(document: dict[str, Any]) -> None:
    listing = document["paths"]["/api/v1/governance/audit"]["get"]
    page = listing["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]

    assert {"limit", "cursor", "since", "action"} <= {parameter["name"] for parameter in listing["parameters"]}
    assert set(document["components"]["schemas"][page]["properties"]) == {"items", "next_cursor"}


@pytest.mark.urls("stellapolicy.urls")
def test_the_document_of_the_product_is_valid_openapi_3_1() -> None:
    schema.document.cache_clear()

    whole = json.loads(schema.document())

    schema.document.cache_clear()
    OpenAPIV31SpecValidator(whole).validate()
