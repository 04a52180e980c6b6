"""Which reports are the present evidence, whatever the order they came in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.evidence.selection import Standing, present

DAY = datetime(2026, 3, 2, tzinfo=UTC)
VULNERABILITY, SECRET = frozenset({"vulnerability"}), frozenset({"secret"})


def scan(digest: str, *, day: int | None = 0, tool: str = "trivy", **said: object) -> Standing:
    standing = Standing(
        digest=digest,
        tool=("trivy", tool, "scan"),
        kinds=VULNERABILITY,
        filters=frozenset(),
        scanned_at=None if day is None else DAY + timedelta(days=day),
        received_at=DAY,
        covers=VULNERABILITY,
    )
    return replace(standing, **said)  # type: ignore[arg-type]  # a test says only what differs


def test_the_latest_scan_of_each_tool_is_present() -> None:
    reports = [scan("a"), scan("b", day=1), scan("c", tool="grype")]

    assert present(reports) == {"b", "c"}


def test_a_scan_that_found_nothing_takes_the_place_of_one_that_did() -> None:
    assert present([scan("found"), scan("clean", day=1, kinds=frozenset())]) == {"clean"}


@pytest.mark.parametrize(
    "later",
    [
        {"filters": frozenset({"only what has a fix is shown"})},
        {"tool": ("trivy", "trivy", "sbom")},
        {"scanned_at": None},
        {"scanned_at": DAY},
    ],
)
def test_what_says_less_takes_no_place(later: dict[str, object]) -> None:
    assert present([scan("whole"), replace(scan("later", day=1), **later)])  # type: ignore[arg-type]  # a table == {"whole", "later"}


def test_a_scan_that_is_silent_about_secrets_hides_none() -> None:
    with_secret = scan("secret", kinds=VULNERABILITY | SECRET)

    assert present([with_secret, scan("later", day=1)]) == {"secret", "later"}
    assert present([with_secret, scan("later", day=1, kinds=VULNERABILITY | SECRET)]) == {"later"}


def test_of_undated_reports_the_one_that_came_last_is_present() -> None:
    first, second = scan("first", day=None), scan("second", day=None, received_at=DAY + timedelta(hours=1))

    assert present([first, second, scan("dated")]) == {"second", "dated"}


@pytest.mark.parametrize(
    "names,left", [(("a", "a"), {"new"}), (("a", "b"), {"old", "new"}), (("", ""), {"old", "new"})]
)
def test_a_statement_gives_way_to_a_later_edition_of_itself_alone(names: tuple[str, str], left: set[str]) -> None:
    vex = ("openvex", "openvex", "vex")
    old = scan("old", tool="vex", document=names[0])
    new = scan("new", tool="vex", day=1, document=names[1])

    assert present([replace(old, tool=vex), replace(new, tool=vex)]) == left


standings = st.lists(
    st.builds(
        scan,
        digest=st.text("abcdef", min_size=3, max_size=3),
        day=st.none() | st.integers(0, 3),
        tool=st.sampled_from(["trivy", "grype"]),
        kinds=st.frozensets(st.sampled_from(["vulnerability", "secret"])),
        filters=st.frozensets(st.sampled_from(["fixed only", "high only"])),
    ),
    max_size=8,
    unique_by=lambda one: one.digest,
)


@given(standings, st.randoms())
def test_the_order_of_reports_does_not_matter(reports: list[Standing], chance: object) -> None:
    shuffled = list(reports)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis' own randomness

    assert present(shuffled) == present(reports)


@given(standings, st.integers(0, 7))
def test_whatever_was_outdone_may_as_well_never_have_come(reports: list[Standing], place: int) -> None:
    known = present(reports)
    without = [one for index, one in enumerate(reports) if index != place or one.digest in known]

    assert present(without) == known
