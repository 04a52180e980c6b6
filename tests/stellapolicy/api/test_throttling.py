from datetime import UTC, datetime

import pytest
import time_machine
from django.core.cache import cache
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from stellapolicy.tenancy.models import Tenant
from tests.stellapolicy.conftest import ApiClients

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.stellapolicy.floor_urls")]

TEAMS, ONE, EXCHANGE = "/api/v1/crews", "/api/v1/crews/blue", "/api/v1/exchange"
AT_TEN_PAST = datetime(2026, 3, 2, 12, 0, 10, tzinfo=UTC)
NOBODY_LISTENS = "redis://127.0.0.1:1/0"


@pytest.fixture(autouse=True)
def _two_a_minute(settings: Settings) -> None:
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS, (2, 60))
    cache.clear()


def without_a_cache(settings: Settings) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": NOBODY_LISTENS}}


def speaking(api_client: ApiClients, **said: object) -> APIClient:
    """Return a client whose token was used before the clock stood still."""
    return api_client(**said)


def test_a_caller_is_told_what_is_left_and_then_to_wait(api_client: ApiClients) -> None:
    client = speaking(api_client)

    with time_machine.travel(AT_TEN_PAST, tick=False):
        answers = [client.get(TEAMS) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer["RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert {(answer["RateLimit-Limit"], answer["RateLimit-Reset"]) for answer in answers} == {("2", "50")}
    assert answers[2]["Retry-After"] == "50"
    assert answers[2].json()["code"] == "rate.limited"
    assert answers[2]["Content-Type"] == "application/problem+json"


def test_the_next_window_begins_anew(api_client: ApiClients) -> None:
    client = speaking(api_client)
    with time_machine.travel(AT_TEN_PAST, tick=False):
        for _ in range(3):
            client.get(TEAMS)

    with time_machine.travel(AT_TEN_PAST.replace(minute=1), tick=False):
        answer = client.get(TEAMS)

    assert answer.status_code == 200


def test_reading_writing_and_heavy_work_are_counted_apart(api_client: ApiClients) -> None:
    client = speaking(api_client)

    with time_machine.travel(AT_TEN_PAST, tick=False):
        read = [client.get(TEAMS).status_code for _ in range(3)]
        written = [client.post(TEAMS, {"slug": f"t{n}"}, format="json").status_code for n in range(3)]
        client.post(TEAMS, {"slug": "blue"}, format="json")
        heavy = [client.put(ONE, {"name": "x"}, format="json").status_code for _ in range(3)]

    assert (read, written) == ([200, 200, 429], [201, 201, 429])
    assert heavy[2] == 429
    assert 429 not in heavy[:2]


def test_one_token_does_not_use_up_what_is_anothers(api_client: ApiClients, other_tenant: Tenant) -> None:
    hasty, patient, elsewhere = api_client(), api_client(), api_client(of=other_tenant)

    with time_machine.travel(AT_TEN_PAST, tick=False):
        for _ in range(3):
            hasty.get(TEAMS)
        others = [client.get(TEAMS).status_code for client in (patient, elsewhere)]

    assert others == [200, 200]


def test_a_refused_request_counts_as_well(api_client: ApiClients) -> None:
    client = speaking(api_client)

    with time_machine.travel(AT_TEN_PAST, tick=False):
        answers = [client.get("/api/v1/undeclared").status_code for _ in range(3)]

    assert answers == [403, 403, 429]


def test_strangers_are_counted_by_address() -> None:
    with time_machine.travel(AT_TEN_PAST, tick=False):
        answers = [APIClient(REMOTE_ADDR="192.0.2.1").get(TEAMS).status_code for _ in range(3)]
        elsewhere = APIClient(REMOTE_ADDR="192.0.2.2").get(TEAMS).status_code

    assert answers == [401, 401, 429]
    assert elsewhere == 401


def test_the_addresses_of_one_household_are_one_stranger() -> None:
    with time_machine.travel(AT_TEN_PAST, tick=False):
        answers = [APIClient(REMOTE_ADDR=f"2001:db8::{host}").get(TEAMS).status_code for host in (1, 2, 3)]

    assert answers == [401, 401, 429]


def test_wrong_tokens_end_in_waiting_and_good_ones_of_the_same_address_do_not(api_client: ApiClients) -> None:
    guessing, known = APIClient(), api_client()
    guessing.credentials(HTTP_AUTHORIZATION="Bearer stella_wrong")

    with time_machine.travel(AT_TEN_PAST, tick=False):
        answers = [guessing.get(TEAMS).status_code for _ in range(3)]
        good = known.get(TEAMS).status_code

    assert answers == [401, 401, 429]
    assert good == 200


def test_a_limit_that_is_off_counts_nothing(api_client: ApiClients, settings: Settings) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "reading": None}
    client = api_client()

    answers = [client.get(TEAMS) for _ in range(4)]

    assert {answer.status_code for answer in answers} == {200}
    assert "RateLimit-Limit" not in answers[0]


def test_without_a_cache_requests_go_on(api_client: ApiClients, settings: Settings) -> None:
    client = api_client()
    without_a_cache(settings)

    answers = [client.get(TEAMS).status_code for _ in range(3)]

    assert answers == [200, 200, 200]


def test_without_a_cache_tokens_are_not_exchanged(settings: Settings) -> None:
    without_a_cache(settings)

    answer = APIClient().post(EXCHANGE)

    assert answer.status_code == 503
    assert answer.json()["code"] == "rate.uncounted"


def test_exchanges_are_counted_by_address_whoever_asks() -> None:
    with time_machine.travel(AT_TEN_PAST, tick=False):
        answers = [APIClient().post(EXCHANGE).status_code for _ in range(3)]

    assert answers == [200, 200, 429]
