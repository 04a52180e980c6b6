"""Reports under exceptions: the raw answer beside the other, and every exception with how it stands."""

import json
from dataclasses import replace

from jsonschema import Draft202012Validator

from exceptions.matching.scope import Scope
from exceptions.matching.standing import StandingException
from exceptions.rules.vocabulary import Effect
from gates.reports.text import text_report
from gates.reports.view import DecisionView
from tests.exceptions.matching.wording import NOON
from tests.gates.decided import stored_body
from tests.gates.excepted import CRITICAL, DUE, HIGH, USUAL, about, decided, known
from tests.gates.reports.test_reports import SCHEMA
from tests.reports import HARMLESS

RISEN = known(epss=30_000)


def text_of(*exceptions: StandingException, kev: bool = False) -> str:
    """Return the text of a decision about a critical, a high and a harmless finding."""
    knowledge = known(kev=DUE) if kev else RISEN
    decision = decided(*exceptions, vulns=(CRITICAL, HIGH, HARMLESS), knowledge=knowledge)
    return text_report(DecisionView.from_json(stored_body(decision)))


def section(text: str, title: str) -> list[str]:
    """Return the lines under a title."""
    return text.split(f"\n{title}\n")[1].split("\n\n", maxsplit=1)[0].splitlines()


def test_the_raw_answer_stands_beside_the_one_with_exceptions() -> None:
    assert section(text_of(about()), "Without exceptions") == ["  BLOCK by policy_verdict: 1 pass, 1 warned, 1 blocked"]


def test_an_exception_is_shown_with_its_effect_and_the_time_it_has_left() -> None:
    (line,) = section(text_of(about(Effect.SUPPRESS)), "Exceptions")

    assert "EXC-2026-0001  suppress  accepted risk  1 finding" in line
    assert "until 2026-07-15T12:00:00Z (30 days left)" in line


def test_a_grace_is_shown_with_its_end_and_what_began_it() -> None:
    (line,) = section(text_of(about(conditions=USUAL)), "Exceptions")

    assert "in grace until 2026-06-18T12:00:00Z (3 days left)" in line
    assert line.endswith("EPSS of CVE-2020-8203 in pkg:npm/lodash rose to 0.3 (0.01 when approved)")


def test_an_exception_that_does_not_apply_says_why() -> None:
    (line,) = section(text_of(about(conditions=USUAL), kev=True), "Exceptions")

    assert "does not apply: blocked" in line
    assert line.endswith("CVE-2020-8203 in pkg:npm/lodash is now known to be exploited")


def test_a_finding_names_its_exception_and_both_severities() -> None:
    lines = section(text_of(about(Effect.DOWNGRADE_LOW, scope=Scope(vulnerabilities=(HIGH.id,)))), "Findings")

    (row,) = [line for line in lines if HIGH.id in line]
    assert "high as low" in row
    assert "EXC-2026-0001" in row


def test_without_exceptions_nothing_is_said_of_them() -> None:
    text = text_of()

    assert "Without exceptions" not in text
    assert "exception" not in section(text, "Findings")[0]


def test_a_shadowed_exception_says_by_which() -> None:
    broad = about(Effect.SUPPRESS, id="EXC-2026-0009")
    narrow = replace(
        broad, id="EXC-2026-0002", scope=Scope(vulnerabilities=(CRITICAL.id,), environments=("production",))
    )

    lines = section(text_of(broad, narrow), "Exceptions")

    assert lines[1].rstrip().endswith("left), shadowed by EXC-2026-0002")


def test_a_body_with_exceptions_is_as_the_schema_says() -> None:
    waiting = about(conditions=USUAL, controls=("waf-rule-1042",), starts_at=NOON)
    later = about(id="EXC-2026-0002", starts_at=NOON.replace(year=2027), expires_at=NOON.replace(year=2028))

    body = stored_body(decided(waiting, later, knowledge=RISEN))

    faults = Draft202012Validator(json.loads(SCHEMA.read_text())).iter_errors(body)
    assert [fault.message for fault in faults] == []
