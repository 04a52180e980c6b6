"""Every endpoint says no as it should: its status, a problem, the trace of the request, nothing of the inside."""

import gzip
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from stellapolicy.access.roles import Scope
from tests.admin_pages import Inhabited
from tests.clients import client_of
from tests.factories import TenantFactory
from tests.walk.known import Known
from tests.walk.operations import BASE, METHODS, Operation, operations

pytestmark = pytest.mark.django_db

TRACE = "walk-1"
INSIDE = ("Traceback", 'File "', "django.", "psycopg", "SELECT ")
NOBODY = "00000000-0000-7000-8000-000000000000"
# Where any identifier would not be an address at all.
STAND_INS = {
    "/epss/{cve}": "CVE-1999-0001",
    "/kev/{cve}": "CVE-1999-0001",
    "/feeds/{name}": "epss",
    "/packs/{name}/revisions/{version}": "1",
    "/snapshots/{name}": "ksm:sha256:" + "0" * 64,
}

Answer = Any  # Any: a response of the test client, whose class is private
Asking = Callable[[Operation], Answer]


def anywhere(operation: Operation) -> str:
    """Return the address of an operation with parameters that name nothing."""
    return operation.filled(*(STAND_INS.get(place, NOBODY) for place in operation.references))


def faults_of(answer: Answer, *, status: int, code: str | None) -> list[str]:
    """Return what is wrong with a refusal."""
    if answer.status_code != status:
        return [f"{answer.status_code} instead of {status}"]
    body, text = answer.json(), answer.content.decode()
    expected = {
        "content type": answer["Content-Type"] == "application/problem+json",
        "echo": answer["X-Request-Id"] == TRACE,
    }
    expected |= {"trace": body["trace_id"] == TRACE, "status": body["status"] == status}
    expected |= {"code": code in (None, body["code"]), "inside": not any(word in text for word in INSIDE)}
    return [name for name, holds in expected.items() if not holds]


def refused_badly(asking: Asking, *, status: int, code: str | None, among: list[Operation]) -> dict[str, list[str]]:
    """Return the operations whose answer to the same question is not the refusal expected."""
    assert among
    return {str(each): faults for each in among if (faults := faults_of(asking(each), status=status, code=code))}


def ask(client: Client, operation: Operation, **said: Any) -> Answer:
    headers = {"X-Request-Id": TRACE, **said.pop("headers", {})}
    return client.generic(operation.method.upper(), anywhere(operation), headers=headers, **said)


def writing() -> list[Operation]:
    return [each for each in operations() if each.method != "get"]


def with_json() -> list[Operation]:
    return [each for each in writing() if each.body_schema is not None]


@pytest.fixture
def client(db: None) -> APIClient:
    """Somebody who may do everything, in a tenant with nothing in it."""
    return client_of(TenantFactory(), *Scope)


@pytest.fixture
def insider(acme: Inhabited) -> APIClient:
    """Somebody who may do everything in the inhabited tenant."""
    return client_of(acme.tenant, *Scope)


def test_nobody_is_asked_to_sign_in() -> None:
    closed = [each for each in operations() if not each.is_open]

    bad = refused_badly(lambda each: ask(APIClient(), each), status=401, code="auth.missing", among=closed)

    assert bad == {}
    assert all(ask(APIClient(), each)["WWW-Authenticate"].startswith("Bearer") for each in closed[:3])


def test_the_only_doors_without_sign_in_are_known() -> None:
    assert {str(each) for each in operations() if each.is_open} == {"POST /auth/token"}


def test_a_token_without_the_scope_is_refused_by_every_door_that_needs_one(db: None) -> None:
    powerless = client_of(TenantFactory(), Scope.SIGNER_SIGN)
    scoped = [each for each in operations() if each.scopes]

    bad = refused_badly(lambda each: ask(powerless, each), status=403, code="scope.missing", among=scoped)

    assert bad == {}


def test_a_method_that_is_not_there_is_refused_with_those_that_are(client: APIClient) -> None:
    first = {each.path: each for each in operations()}
    there = {path: {each.method for each in operations() if each.path == path} for path in first}

    for path, one in first.items():
        for method in set(METHODS) - there[path]:
            other = Operation(path, method, one.said)
            answer = ask(client, other)
            assert faults_of(answer, status=405, code="method.not_allowed") == [], str(other)
            allowed = {each.strip().lower() for each in answer["Allow"].split(",")}
            assert allowed - {"head"} == there[path], str(other)


def test_a_form_nobody_answers_in_is_refused(client: APIClient) -> None:
    bad = refused_badly(
        lambda each: ask(client, each, headers={"Accept": "application/xml"}),
        status=406,
        code="media_type.not_acceptable",
        among=operations(),
    )

    assert bad == {}


def test_a_body_too_large_is_refused_unread(client: APIClient) -> None:
    bad = refused_badly(
        lambda each: ask(client, each, data=b"{}", content_type="application/json", CONTENT_LENGTH=str(2**40)),
        status=413,
        code="body.too_large",
        among=writing(),
    )

    assert bad == {}


def test_a_body_in_a_form_nobody_reads_is_refused(client: APIClient) -> None:
    bad = refused_badly(
        lambda each: ask(client, each, data=b"a;b", content_type="text/csv"),
        status=415,
        code="media_type.unsupported",
        among=with_json(),
    )

    assert bad == {}


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b'{"a": NaN}', b'{"a": "\\ud800"}'])
def test_a_body_that_is_no_json_is_refused_with_its_place(body: bytes, client: APIClient) -> None:
    bad = refused_badly(
        lambda each: ask(client, each, data=body, content_type="application/json"),
        status=400,
        code="json.malformed",
        among=with_json(),
    )

    assert bad == {}


@pytest.mark.parametrize("body", [b"[]", b"7", b'"text"', b"null"])
def test_a_body_that_is_no_object_is_refused(body: bytes, client: APIClient) -> None:
    answers = {
        str(each): status
        for each in with_json()
        if (status := ask(client, each, data=body, content_type="application/json").status_code) >= 500
    }

    assert answers == {}


def test_a_cursor_of_nobody_is_refused_by_every_list(insider: APIClient, known: Known) -> None:
    lists = [each for each in operations() if "cursor" in each.query]

    bad = {
        str(each): faults
        for each in lists
        for filled in known.fillings(each)[:1]
        if (
            faults := faults_of(
                insider.get(each.filled(*filled), {"cursor": "made-up"}, headers={"X-Request-Id": TRACE}),
                status=400,
                code="cursor.refused",
            )
        )
    }

    assert bad == {}


def test_a_misspelt_filter_is_refused_by_every_list(insider: APIClient, known: Known) -> None:
    lists = [each for each in operations() if "cursor" in each.query]

    answers = {
        str(each): answer.status_code
        for each in lists
        for filled in known.fillings(each)[:1]
        if (answer := insider.get(each.filled(*filled), {"misspelt": "x"})).status_code != 400
    }

    assert answers == {}


def test_whoever_asks_too_often_is_told_when_to_come_back(client: APIClient, settings: Settings) -> None:
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS, (1, 86_400))
    ask(client, next(each for each in operations() if each.name == "me"))

    answers = [ask(client, each) for each in operations() for _ in range(2)]

    limited = [answer for answer in answers[1::2] if answer.status_code == 429]
    assert len(limited) == len(operations())
    assert all(int(answer["Retry-After"]) > 0 and answer.json()["code"] == "rate.limited" for answer in limited)


def test_a_version_is_named_and_held_against_wherever_the_description_says_so(insider: APIClient, known: Known) -> None:
    tagged = [each for each in operations() if each.method == "get" and "304" in each.said["responses"]]
    assert tagged

    for each in tagged:
        address = each.filled(*known.fillings(each)[0])
        tag = insider.get(address)["ETag"]
        assert insider.get(address, headers={"If-None-Match": tag}).status_code == 304, str(each)
        assert insider.get(address, headers={"If-Match": '"another"'}).status_code == 412, str(each)


def test_a_long_answer_is_compressed_for_whoever_can_read_it(client: APIClient) -> None:
    answer = client.get(f"{BASE}/facts", headers={"Accept-Encoding": "gzip"})

    assert answer["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.content).startswith(b"[{")
