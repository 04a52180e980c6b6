from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import pytest
from django.utils.translation import gettext_lazy

from stellapolicy.api.rendering import JsonRenderer, dumps


class Colour(StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    "value, text",
    [
        (datetime(2026, 3, 2, 12, tzinfo=UTC), '"2026-03-02T12:00:00Z"'),
        (datetime(2026, 3, 2, 14, 0, 0, 5, tzinfo=timezone(timedelta(hours=2))), '"2026-03-02T12:00:00.000005Z"'),
        (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        (Colour.RED, '"red"'),
        (Decimal("9.80"), '"9.80"'),
        (frozenset({"b", "a"}), '["a","b"]'),
        (gettext_lazy("word"), '"word"'),
        ({UUID(int=1): (1, None)}, '{"00000000-0000-0000-0000-000000000001":[1,null]}'),
    ],
)
def test_values_have_one_form(value: object, text: str) -> None:
    assert dumps(value).decode() == text


def test_an_instant_without_a_zone_has_no_form() -> None:
    with pytest.raises(TypeError):
        dumps(datetime(2026, 3, 2))  # noqa: DTZ001 - the fault under test


def test_what_has_no_form_is_not_guessed() -> None:
    with pytest.raises(TypeError):
        dumps(object())


def test_no_answer_has_no_body() -> None:
    assert JsonRenderer().render(None) == b""
