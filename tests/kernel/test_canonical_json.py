"""The fast way to canonical JSON gives the bytes of the slow one, or steps aside."""

import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from stellapolicy.kernel import canonical_json
from tests.real_data import real_data

LEAVES = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    LEAVES.filter(lambda leaf: leaf not in (float("inf"), float("-inf"))),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_every_value_is_written_as_the_specification_says(value: canonical_json.JsonValue) -> None:
    assert canonical_json.dumps(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("value", [2**53, [1, -(2**53)], float("nan"), {"a": float("inf")}])
def test_what_another_machine_might_read_differently_is_refused(value: canonical_json.JsonValue) -> None:
    with pytest.raises(rfc8785.CanonicalizationError):
        canonical_json.dumps(value)


def test_control_characters_are_written_alike() -> None:
    value = {"".join(map(chr, range(128))): "".join(map(chr, range(128)))}

    assert canonical_json._dumps_plain(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("name", ["arrays", "french", "structures", "unicode"])
def test_the_published_vectors_are_met(name: str) -> None:
    given_text = real_data(f"attest/jcs/input__{name}.json").read_bytes()
    expected = real_data(f"attest/jcs/output__{name}.json").read_bytes()

    assert canonical_json.dumps(json.loads(given_text)) == expected.rstrip()
