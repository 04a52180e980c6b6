"""What every format has in common: the end, the reason, the rationale, and what whoever imports says."""

from datetime import timedelta

import pytest

from exceptions.asking import SHORTEST_RATIONALE
from exceptions.formats.drafts import LONGEST_RATIONALE
from exceptions.formats.values import LossKind
from exceptions.rules.vocabulary import Reason
from stellapolicy.kernel.clock import rfc3339
from tests.exceptions.formats.opened import DAY, FILES, NOON, asked, entry, losses, opened, read, scope

CVE = "CVE-2021-44228"


def test_what_has_no_end_ends_after_thirty_days_and_says_so() -> None:
    file = read(CVE)

    assert asked(file, CVE).expires_at == NOON + timedelta(days=30)
    assert not entry(file, CVE).ends_itself
    assert rfc3339(NOON + 30 * DAY) in losses(entry(file, CVE), LossKind.GUESSED)["expires_at"]


def test_an_end_of_whoever_imports_counts_where_the_file_has_none() -> None:
    file = read(f"{CVE}\nCVE-2022-40897 exp:2026-09-01", expires_at=NOON + DAY)

    assert asked(file, CVE).expires_at == NOON + DAY
    assert asked(file, "CVE-2022-40897").expires_at.isoformat() == "2026-09-01T00:00:00+00:00"
    assert entry(file, "CVE-2022-40897").ends_itself


@pytest.mark.parametrize("day,is_over", [("2026-03-02", True), ("2026-03-03", False)])
def test_what_has_ended_is_reported_and_not_asked_for(day: str, *, is_over: bool) -> None:
    found = entry(read(f"{CVE} exp:{day}"), CVE)

    assert (found.asked is None) is is_over
    assert bool(found.skipped) is is_over


def test_a_short_rationale_is_filled_up_with_its_source() -> None:
    file = read(f"# No impact\n{CVE}", filename=".trivyignore")

    said = asked(file, CVE).rationale
    assert said.startswith("No impact. ")
    assert ".trivyignore, line 2" in said
    assert len(said) >= SHORTEST_RATIONALE
    assert "rationale" in losses(entry(file, CVE), LossKind.COMPLETED)


def test_a_missing_rationale_names_file_and_line() -> None:
    file = read(f"\n\n{CVE}", filename="ig\nnored\x1b[2J")

    said = asked(file, CVE).rationale
    assert f"ignored[2J, line 3, where no reason is given for {CVE}" in said
    assert "rationale" in losses(entry(file, CVE), LossKind.GUESSED)


def test_a_rationale_that_is_long_enough_stays_as_it_is() -> None:
    file = opened("plain.trivyignore")

    said = asked(file, "CVE-2018-14618").rationale
    assert said == "The image never parses certificates that come from outside; the parser is not even linked."
    assert not losses(entry(file, "CVE-2018-14618"), LossKind.COMPLETED)


def test_a_rationale_longer_than_a_page_is_cut_and_says_so() -> None:
    file = read(f"ignore:\n  - vulnerability: {CVE}\n    reason: {'very ' * 1_500}long\n    fix-state: unknown\n")

    assert len(asked(file, CVE).rationale) <= LONGEST_RATIONALE
    assert asked(file, CVE).rationale.endswith("There it held for matches whose fix is unknown alone.")
    assert "rationale" in losses(entry(file, CVE), LossKind.DROPPED)


def test_a_guessed_reason_is_replaced_by_the_one_of_whoever_imports() -> None:
    guessed, chosen = read(CVE), read(CVE, reason=Reason.FALSE_POSITIVE)

    assert asked(guessed, CVE).reason is Reason.ACCEPTED_RISK
    assert "accepted_risk" in losses(entry(guessed, CVE), LossKind.GUESSED)["reason"]
    assert asked(chosen, CVE).reason is Reason.FALSE_POSITIVE
    assert "reason" not in losses(entry(chosen, CVE), LossKind.GUESSED)


def test_a_stated_reason_is_replaced_by_nobody() -> None:
    file = opened("findings.fpf.json", reason=Reason.ACCEPTED_RISK)

    assert asked(file, "CVE-2020-8203").reason is Reason.FALSE_POSITIVE


def test_places_of_whoever_imports_bind_what_the_file_leaves_open() -> None:
    said = {"environments": ("production",), "services": ("checkout",), "owner_team": "shop", "ticket": "SEC-9"}

    file = opened("exceptions.ndjson", **said)

    assert asked(file, CVE).scope == scope(CVE, environments=("staging",), services=("checkout",))
    assert asked(file, "pkg:npm/lodash").scope.environments == ("production",)
    assert [one.asked.ticket for one in file.entries if one.asked] == ["SEC-1", "SEC-9"]
    assert {one.asked.owner_team for one in file.entries if one.asked} == {"shop"}


@pytest.mark.parametrize("path", sorted(FILES.iterdir()), ids=lambda path: path.name)
def test_every_draft_says_where_it_comes_from_and_nothing_is_approved(path: str) -> None:
    file = opened(path.name)  # type: ignore[attr-defined]  # a path, named for its id

    drafts = [one.asked for one in file.entries if one.asked]
    assert drafts
    assert all(f"imported:{file.format}" in draft.tags for draft in drafts)
    assert all(len(draft.rationale) >= SHORTEST_RATIONALE and draft.expires_at > NOON for draft in drafts)
