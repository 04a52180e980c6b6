import pytest
from django.core.exceptions import ValidationError as DjangoValidationError
from django_fsm import TransitionNotAllowed
from rest_framework import exceptions
from rest_framework.test import APIClient

from stellapolicy.api.problems import problem_of
from stellapolicy.kernel.refusals import Fault
from stellapolicy.tenancy.models import Team, Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.stellapolicy.conftest import ApiClients

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.stellapolicy.floor_urls")]

TEAMS = "/api/v1/crews"


def teams_of(tenant: Tenant) -> list[str]:
    with tenant_scope(tenant.pk):
        return [team.slug for team in Team.objects.all()]


def test_a_refusal_is_a_problem_with_code_place_and_trace(api_client: ApiClients) -> None:
    response = api_client().post(
        TEAMS, {"slug": "a", "then": "far too long"}, format="json", headers={"X-Request-Id": "trace-1"}
    )

    assert response.status_code == 422
    assert response["Content-Type"] == "application/problem+json"
    assert response.json() == {
        "type": "urn:stellapolicy:problem:body.invalid",
        "title": "The body is not valid",
        "status": 422,
        "code": "body.invalid",
        "detail": "2 faults",
        "errors": [
            {
                "pointer": "/name",
                "code": "max_length",
                "message": "Ensure this field has no more than 5 characters.",
            },
            {"pointer": "/numbers/1", "code": "invalid", "message": "A valid integer is required."},
        ],
        "trace_id": "trace-1",
    }


def test_a_refusal_undoes_what_was_written_before_it(api_client: ApiClients, tenant: Tenant) -> None:
    api_client().post(TEAMS, {"slug": "a", "then": "far too long"}, format="json")

    assert teams_of(tenant) == []


def test_a_surprise_undoes_what_was_written_and_tells_nothing_of_the_inside(
    api_client: ApiClients, tenant: Tenant
) -> None:
    response = api_client().post(TEAMS, {"slug": "a", "then": "surprise"}, format="json")

    assert response.status_code == 500
    assert response.json()["code"] == "internal"
    assert response.json()["trace_id"] == response["X-Request-Id"]
    assert "secret" not in response.content.decode()
    assert "Traceback" not in response.content.decode()
    assert teams_of(tenant) == []


def test_what_succeeds_is_kept(api_client: ApiClients, tenant: Tenant) -> None:
    response = api_client().post(TEAMS, {"slug": "a"}, format="json")

    assert response.status_code == 201
    assert teams_of(tenant) == ["a"]


def test_an_address_that_does_not_exist_is_a_problem(db: None) -> None:
    response = APIClient().get("/api/v1/nothing")

    assert response.status_code == 404
    assert response.json()["code"] == "not_found"


def test_a_page_that_does_not_exist_is_a_page(db: None) -> None:
    response = APIClient().get("/nothing")

    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("method", ["delete", "options"])
def test_a_method_that_does_not_exist_is_refused_with_those_that_do(method: str, api_client: ApiClients) -> None:
    response = getattr(api_client(), method)(TEAMS)

    assert response.status_code == 405
    assert response.json()["code"] == "method.not_allowed"
    assert response["Allow"] == "GET, POST, HEAD"


def test_a_form_that_cannot_be_answered_is_refused(api_client: ApiClients) -> None:
    response = api_client().get(TEAMS, headers={"Accept": "application/xml"})

    assert response.status_code == 406
    assert response.json()["code"] == "media_type.not_acceptable"


def test_a_form_that_is_not_read_is_refused(api_client: ApiClients) -> None:
    response = api_client().post(TEAMS, "slug=a", content_type="application/x-www-form-urlencoded")

    assert response.status_code == 415
    assert response.json()["code"] == "media_type.unsupported"


def test_a_body_beyond_the_limit_is_refused_before_it_is_parsed(api_client: ApiClients) -> None:
    response = api_client().post(TEAMS, b"not json " * 200, content_type="application/json")

    assert response.status_code == 413
    assert response.json()["code"] == "body.too_large"


def test_a_malformed_body_is_refused_with_its_place(api_client: ApiClients) -> None:
    response = api_client().post(TEAMS, b'{"slug": \n nil}', content_type="application/json")

    assert response.status_code == 400
    assert response.json()["code"] == "json.malformed"
    assert response.json()["errors"][0]["pointer"] == "line 2, column 2"


@pytest.mark.parametrize(
    "error, status, code",
    [
        (TransitionNotAllowed(), 409, "state.conflict"),
        (exceptions.Throttled(wait=1.5), 429, "rate.limited"),
        (exceptions.PermissionDenied(), 403, "forbidden"),
        (exceptions.ParseError(), 400, "body.malformed"),
    ],
)
def test_what_the_framework_raises_has_a_code(error: Exception, status: int, code: str) -> None:
    problem = problem_of(error, reading=False)

    assert problem is not None
    assert (problem.status, problem.code) == (status, code)


def test_a_throttled_caller_is_told_when_to_come_back() -> None:
    problem = problem_of(exceptions.Throttled(wait=1.5), reading=True)

    assert problem is not None
    assert problem.headers == {"Retry-After": "2"}


def test_the_faults_of_a_model_name_their_fields() -> None:
    error = DjangoValidationError({"a/b": DjangoValidationError("bad", code="odd"), "__all__": ["whole"]})

    problem = problem_of(error, reading=False)

    assert problem is not None
    assert problem.faults == (Fault("/a~1b", "odd", "bad"), Fault("", "invalid", "whole"))


def test_a_surprise_is_no_problem_but_propagates() -> None:
    assert problem_of(RuntimeError("inside"), reading=False) is None
