"""How exceptions say things, and how facts then stand beside facts now."""

from datetime import timedelta
from uuid import uuid4

import pytest

from exceptions.admin import facts, wording
from exceptions.admin.searching import found
from exceptions.models import PolicyException
from exceptions.rules.conditions import THRESHOLDS, Action, Condition, ConditionKind
from exceptions.rules.facts import SeenFacts
from exceptions.rules.vocabulary import Effect, Kind, State
from stellapolicy.admin import cells
from tests.exceptions.desk import DAY
from tests.factories import NOON

SEEN = SeenFacts("CVE-1", "pkg:npm/a", severity="high", cvss=70, epss=1_000, kev=False, versions=("1.0",), artifacts=1)


@pytest.mark.parametrize(
    "row, words",
    [
        ({"vulnerabilities": ["CVE-1"]}, "CVE-1"),
        ({"vulnerabilities": ["CVE-1", "CVE-2", "CVE-3"]}, "CVE-1, CVE-2 and 1 more"),
        ({"vulnerabilities": ["CVE-1"], "packages": ["pkg:npm/a"]}, "CVE-1 in a"),
        ({"packages": ["pkg:npm/a"], "services": ["shop"]}, "a of shop"),
        ({"rules": ["baseline.kev"], "environments": ["production"]}, "baseline.kev → production"),
        ({"packages": ["pkg:maven/org.apache.logging.log4j/log4j-core"]}, "log4j-core"),
        ({"packages": ["pkg:golang/golang.org/x/net"]}, "golang.org/x/net"),
        ({"packages": ["pkg:npm/*"]}, "npm/*"),
        ({}, "policy"),
    ],
)
def test_an_exception_says_in_one_line_what_it_is_about(row: dict[str, list[str]], words: str) -> None:
    assert wording.about(PolicyException(tenant_id=uuid4(), type="policy", **row)) == words


@pytest.mark.parametrize(
    "sentence, words",
    [
        ("approved by user:casey, user:kit", "approved by casey, kit"),
        ("Already voted: user:sam_m has spoken.", "Already voted: sam_m has spoken."),
        ("it takes release_captain (release_captain)", "it takes release captain"),
        ("it takes security (security or ciso)", "it takes security (security or ciso)"),
        ("it takes exception:approve", "it takes exception:approve"),
        ("end_user:sam stays", "end_user:sam stays"),
    ],
)
def test_a_sentence_calls_people_and_roles_as_people_do(sentence: str, words: str) -> None:
    assert cells.plain(sentence) == words


@pytest.mark.parametrize(
    "length, words",
    [
        (3 * DAY, "3 days"),
        (DAY + timedelta(hours=5), "1 day"),
        (timedelta(hours=5, minutes=59), "5 hours"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(minutes=59, seconds=59), "59 minutes"),
        (timedelta(seconds=3), "1 minute"),
    ],
)
def test_a_length_of_time_is_said_in_its_largest_unit(length: timedelta, words: str) -> None:
    assert cells.span(length) == words
    assert cells.left(NOON + length, at=NOON) == f"{words} left"
    assert cells.left(NOON - length, at=NOON) == f"{words} ago"


@pytest.mark.parametrize("kind", list(ConditionKind))
def test_every_condition_reads_as_words(kind: ConditionKind) -> None:
    usual = THRESHOLDS[kind].usual or "3" if kind in THRESHOLDS else ""

    said = wording.condition(Condition(kind, Action.WARN, usual, ("production",)))

    assert "%" not in said.replace("25 % more", "")
    assert said.endswith(", seen from production")
    assert "%(" not in wording.condition_kind(kind)


def test_every_word_of_the_domain_is_explained() -> None:
    assert set(wording.EFFECTS) == set(Effect)
    assert set(wording.STATES) == set(State)
    assert set(wording.KINDS) == set(Kind)
    assert set(wording.ACTIONS) == set(Action)


def test_facts_that_are_the_same_stand_once() -> None:
    table = facts.beside([SEEN], [SEEN])

    assert (table.worse, table.hidden) == (0, 0)
    assert [cell.now for cell in table.lines[0].cells] == [""] * len(facts.FIELDS)


def test_a_fact_that_got_worse_is_marked_and_one_that_got_better_is_not() -> None:
    today = SeenFacts(
        "CVE-1", "pkg:npm/a", severity="critical", cvss=70, epss=500, kev=True, versions=("1.0",), artifacts=1
    )

    cells = {cell.field: cell for cell in facts.beside([SEEN], [today]).lines[0].cells}

    assert (cells["severity"].before, cells["severity"].now, cells["severity"].is_worse) == ("high", "critical", True)
    assert (cells["kev"].now, cells["kev"].is_worse) == ("listed", True)
    assert (cells["epss"].now, cells["epss"].is_worse) == ("0.005", False)
    assert not cells["cvss"].now


def test_what_is_new_and_what_is_gone_is_said_and_the_worse_comes_first() -> None:
    new = SeenFacts("CVE-0", "pkg:npm/z", severity="low")

    table = facts.beside([SEEN], [new])

    assert [(line.vulnerability, line.standing, line.is_worse) for line in table.lines] == [
        ("CVE-0", "new", True),
        ("CVE-1", "gone", False),
    ]


def test_more_lines_than_anybody_reads_are_counted() -> None:
    rows = [SeenFacts(f"CVE-{number}", "pkg:npm/a") for number in range(facts.MOST_ROWS + 5)]

    table = facts.beside(rows, rows)

    assert (len(table.lines), table.hidden) == (facts.MOST_ROWS, 5)


def test_a_vulnerability_as_such_stands_alone_only_where_no_package_has_it() -> None:
    as_such = SeenFacts("CVE-1", "", kev=True)

    assert len(facts.beside([as_such], [as_such]).lines) == 1
    assert [line.package for line in facts.beside([SEEN, as_such], [SEEN, as_such]).lines] == ["pkg:npm/a"]


@pytest.mark.parametrize(
    "term, field",
    [
        ("EXC-2026-0001", "number"),
        (" exc-2026-0001 ", "number"),
        ("CVE-2021-44228", "vulnerabilities__contains"),
        ("ghsa-jfh8-c2jp-5v3q", "vulnerabilities__contains"),
        ("pkg:npm/lodash@4.17.20", "packages__contains"),
        ("pkg:npm/lod*", "packages__contains"),
        ("pkg:npm/[", "packages__contains"),
        ("SEC-17", "ticket"),
        ("log4j", "ticket"),
    ],
)
def test_a_term_is_looked_up_where_an_index_has_it(term: str, field: str) -> None:
    assert [child[0] for child in found(term).children if isinstance(child, tuple)] == [field]
