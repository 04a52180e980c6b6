import pytest

from stellapolicy.kernel.pointers import below


@pytest.mark.parametrize(
    "step,pointer",
    [("name", "/rows/name"), (3, "/rows/3"), ("", "/rows/"), ("a/b", "/rows/a~1b"), ("~1", "/rows/~01")],
)
def test_a_step_keeps_its_own_slashes_and_tildes_apart_from_those_of_the_pointer(step: object, pointer: str) -> None:
    assert below("/rows", step) == pointer
