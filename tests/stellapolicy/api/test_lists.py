"""What a list does with a query it does not know."""

import pytest

from tests.stellapolicy.conftest import ApiClients

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.stellapolicy.floor_urls")]

AUDIT = "/api/v1/governance/audit"


def test_a_misspelt_filter_is_refused_and_does_not_answer_with_everything(api_client: ApiClients) -> None:
    answer = api_client(scopes=["audit:read"]).get(AUDIT, {"acton": "token.issued", "limit": "1"})

    assert (answer.status_code, answer.json()["code"]) == (400, "query.unknown")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["acton"]
    assert "action" in answer.json()["detail"]


def test_a_filter_with_a_value_that_is_none_is_refused(api_client: ApiClients) -> None:
    answer = api_client(scopes=["audit:read"]).get(AUDIT, {"since": "yesterday"})

    assert (answer.status_code, answer.json()["code"]) == (400, "query.invalid")


def test_filters_that_are_known_narrow(api_client: ApiClients) -> None:
    answer = api_client(scopes=["audit:read"]).get(AUDIT, {"action": "token.issued"})

    assert answer.status_code == 200
    assert {item["action"] for item in answer.json()["items"]} == {"token.issued"}


@pytest.mark.parametrize(
    "since, status",
    [
        ("2026-03-02T12:00:00+20:53", 200),
        ("0001-01-01T00:00:00+14:00", 400),
        ("9999-12-31T23:59:59-14:00", 400),
        ("2026-03-02T12:00:00", 200),
    ],
)
def test_an_instant_of_any_zone_is_read_and_one_outside_the_calendar_refused(
    since: str, status: int, api_client: ApiClients
) -> None:
    assert api_client(scopes=["audit:read"]).get(AUDIT, {"since": since}).status_code == status
