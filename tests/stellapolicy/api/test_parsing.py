from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellapolicy.api.parsing import AmbiguousJson, MalformedJson, loads
from stellapolicy.api.rendering import dumps

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs", "Cc"])), inner),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_rendered_is_read_back(value: object) -> None:
    assert loads(dumps(value)) == value


@pytest.mark.parametrize(
    "body, place",
    [
        (b"", "line 1, column 1"),
        (b"[1,\n NaN]", "line 2, column 2"),
        (b"[Infinity]", "line 1, column 2"),
        (b"[1e999]", "line 1, column 2"),
        (b'{"a": 1,}', "line 1, column 8"),
        (b'["\\ud800"]', "line 1, column 3"),
        (b"\xef\xbb\xbf{}", "line 1, column 1"),
        (b"\xff", "line 1, column 1"),
        (b"{} {}", "line 1, column 4"),
        (b'{"a": "\\u0000"}', "/a"),
        (b'{"a": [{"\\u0000": 1}]}', "/a/0"),
    ],
)
def test_what_is_not_json_is_refused_with_its_place(body: bytes, place: str) -> None:
    with pytest.raises(MalformedJson) as refused:
        loads(body)

    assert [fault.pointer for fault in refused.value.faults] == [place]


@pytest.mark.parametrize(
    "body, place",
    [
        (b'{"a": 1, "a": 1}', "line 1, column 1"),
        (b'{"b": {},\n "a": [{"x": 1, "y": 2, "x": 3}]}', "line 2, column 8"),
        (b'[{"a": 1}, {"a": 1, "\\u0061": 2}]', "line 1, column 12"),
    ],
)
def test_a_key_given_twice_is_refused_with_the_place_of_its_object(body: bytes, place: str) -> None:
    with pytest.raises(AmbiguousJson, match="twice") as refused:
        loads(body)

    assert [fault.pointer for fault in refused.value.faults] == [place]


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**400])
def test_a_number_beyond_64_bits_is_refused(number: int) -> None:
    with pytest.raises((AmbiguousJson, MalformedJson)):
        loads(str(number).encode())


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_a_tower_of_brackets_is_refused(opening: bytes) -> None:
    with pytest.raises(MalformedJson):
        loads(opening * 100_000)


@pytest.mark.parametrize("depth", [100, 900, 1020])
def test_a_deep_body_is_read_or_refused_but_never_a_surprise(depth: int) -> None:
    body = b'{"a":' * depth + b"1" + b"}" * depth

    with suppress(MalformedJson):
        assert list(loads(body)) == ["a"]


def test_a_backslash_before_u0000_is_no_nul() -> None:
    assert loads(b'"\\\\u0000"') == "\\u0000"
