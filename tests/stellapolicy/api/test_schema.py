import json
from typing import Any

import pytest
from django.test import Client
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from stellapolicy.api import schema

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.stellapolicy.floor_urls")]


@pytest.fixture
def document() -> dict[str, Any]:
    schema.document.cache_clear()
    found: dict[str, Any] = Client().get("/api/v1/openapi.json").json()
    schema.document.cache_clear()
    return found


def resolved(document: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in answer:
        return answer
    found: dict[str, Any] = document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
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


def test_every_operation_says_its_problems_each_with_an_example(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        expected = {"400", "401", "403", "406", "429"} | ({"409", "413", "415", "422"} if method != "get" else set())
        assert expected <= set(operation["responses"]), (path, method)
        for code in expected:
            answer = resolved(document, operation["responses"][code])["content"]["application/problem+json"]
            assert answer["schema"] == {"$ref": "#/components/schemas/Problem"}
            assert "example" in answer or answer["examples"]


def test_a_view_says_which_refusals_are_its_own(document: dict[str, Any]) -> None:
    missing = document["paths"]["/api/v1/crews/{slug}"]["put"]["responses"]["404"]

    example = missing["content"]["application/problem+json"]["examples"]["team.gone"]["value"]

    assert "`team.gone`" in missing["description"]
    assert (example["code"], example["status"]) == ("team.gone", 404)


def test_an_operation_that_speaks_conditionally_says_so(document: dict[str, Any]) -> None:
    one = document["paths"]["/api/v1/crews/{slug}"]

    assert {"304", "412"} <= set(one["get"]["responses"])
    assert "ETag" in one["get"]["responses"]["200"]["headers"]
    assert "304" not in one["put"]["responses"]
    assert {"If-Match", "If-None-Match"} <= {parameter["name"] for parameter in one["put"]["parameters"]}


def test_every_body_and_every_answer_has_an_example_that_is_valid(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        answers = [answer for code, answer in operation["responses"].items() if code.startswith("2")]
        for media in (media for each in bodies + answers for media in each.get("content", {}).values()):
            whole = {**media["schema"], "components": document["components"]}
            assert Draft202012Validator(whole).is_valid(media["example"]), (path, method)


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
