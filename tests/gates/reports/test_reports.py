"""Decisions as JSON and as text."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from gates.checks.exit_codes import Decision, GateMode
from gates.checks.presets import PresetName
from gates.deciding.decide import Decided
from gates.reports import json_report, text_report
from gates.reports.view import DecisionView
from policies.evidence.knowledge import KevKnowledge
from stellapolicy.kernel import canonical_json
from stellapolicy.kernel.canonical_json import JsonValue
from tests.gates.checks.releases import NOON
from tests.gates.decided import IMAGE, decide_report, knowing, stored_body
from tests.reports import HARMLESS, KEV_CRITICAL, LOG4SHELL, Vuln, many, trivy

SCHEMA = Path(__file__).resolve().parents[3] / "docs" / "schemas" / "gate-decision.json"
HOUR = timedelta(hours=1)
FEEDS = knowing(
    NOON,
    epss={LOG4SHELL: 97_000, HARMLESS.id: 100, **{vuln.id: 100 for vuln in many(60)}},
    kev={LOG4SHELL: KevKnowledge(date(2021, 12, 24), ransomware=True)},
)


def blocked() -> Decided:
    """Decide about a release with one exploited finding, one that the scanner was told to hide, and a harmless one."""
    hidden = Vuln("CVE-2020-00002", "hidden", "2.0.0", "2.0.1", "LOW", 2.0)
    report = trivy(IMAGE, [KEV_CRITICAL, HARMLESS], scanned_at=NOON - HOUR, hidden=[hidden])
    return decide_report(report, at=NOON, knowledge=knowing(
        NOON, epss={**{cve: known.score for cve, known in FEEDS.epss.items()}, hidden.id: 100}, kev=FEEDS.kev
    ), exceptions=())  # fmt: skip


def passed(**changes: Any) -> Decided:
    report = trivy(IMAGE, [HARMLESS], scanned_at=NOON - HOUR)
    return decide_report(report, at=NOON, **{"knowledge": FEEDS, **changes})


def text_of(decided: Decided) -> str:
    return text_report(DecisionView.from_json(stored_body(decided)))


def validator() -> Draft202012Validator:
    schema = json.loads(SCHEMA.read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


# --- JSON -------------------------------------------------------------------------------------------------------------


def bodies() -> dict[str, dict[str, JsonValue]]:
    """Return bodies of every shape: blocked, passed, observed, without feeds, and of an empty report."""
    empty = trivy(IMAGE, [], scanned_at=NOON - HOUR)
    return {
        "blocked": stored_body(blocked()),
        "passed": stored_body(passed()),
        "observed": stored_body(passed(mode=GateMode.OBSERVE, preset=PresetName.OBSERVE)),
        "without feeds": stored_body(passed(knowledge=None)),
        "of a development gate": stored_body(passed(preset=PresetName.DEVELOPMENT, mode=GateMode.WARN)),
        "of an empty report": stored_body(decide_report(empty, at=NOON)),
        "without a row": passed().body,
        "asked without exceptions": stored_body(passed(exceptions=())),
    }


@pytest.mark.parametrize("name", bodies())
def test_a_body_is_what_the_published_schema_says(name: str) -> None:
    mistakes = [f"{error.json_path}: {error.message}" for error in validator().iter_errors(bodies()[name])]

    assert not mistakes


@pytest.mark.parametrize(
    "member, value",
    [("decision", "perhaps"), ("exit_code", 1), ("digests", {"program": "md5:0"}), ("at", "yesterday"), ("new", True)],
)
def test_a_body_that_is_something_else_is_not(member: str, value: JsonValue) -> None:
    assert list(validator().iter_errors({**stored_body(passed()), member: value}))


def test_every_member_of_the_schema_is_in_the_body_it_describes() -> None:
    described = json.loads(SCHEMA.read_text())["properties"]

    assert set(described) == set(stored_body(blocked()))


@pytest.mark.parametrize("name", bodies())
def test_the_json_report_is_the_whole_body_in_canonical_form(name: str) -> None:
    body = bodies()[name]

    report = json_report(DecisionView.from_json(body))

    assert report == canonical_json.dumps(body)
    assert json.loads(report) == json.loads(json.dumps(body))


@pytest.mark.parametrize("member", ["decision", "checks", "artifact", "determinism_hash"])
def test_a_body_without_a_member_is_refused_by_its_name(member: str) -> None:
    body = {name: value for name, value in stored_body(passed()).items() if name != member}

    with pytest.raises(ValueError, match=member):
        DecisionView.from_json(body)


def test_a_body_with_an_unknown_word_is_refused_at_its_place() -> None:
    body = {**stored_body(passed()), "decision": "perhaps"}

    with pytest.raises(ValueError, match=r"\$\.decision"):
        DecisionView.from_json(body)


def test_a_decision_outlives_the_checks_it_was_made_by() -> None:
    body: Any = stored_body(passed())
    old = {"check": "horoscope", "outcome": "pass", "reasons": []}

    view = DecisionView.from_json({**body, "checks": [*body["checks"], old], "blocked_by": "horoscope"})

    assert view.checks[-1].check == "horoscope"


# --- Text -------------------------------------------------------------------------------------------------------------


def test_the_verdict_is_the_first_line_and_why_the_next() -> None:
    lines = text_of(blocked()).splitlines()

    assert lines[0] == (f"BLOCK: {IMAGE}:1 to production (production). It may not ship: blocked by policy_verdict.")
    assert lines[1].startswith(f"  block  policy_verdict: {LOG4SHELL} in pkg:npm/log4j@2.14.1: critical findings")
    assert lines[2].startswith(f"  block  kev_blocker: {LOG4SHELL}")
    assert lines[3].endswith("(and 1 more reason)")
    assert lines[4] == ""


def test_a_pass_says_that_nothing_speaks_against_it() -> None:
    lines = text_of(passed()).splitlines()

    assert lines[0].startswith("PASS: ")
    assert lines[0].endswith("It may ship.")
    assert lines[1] == "  Nothing was found that speaks against it."


def test_an_observing_gate_says_what_it_would_do() -> None:
    report = trivy(IMAGE, [KEV_CRITICAL], scanned_at=NOON - HOUR)

    text = text_of(decide_report(report, at=NOON, knowledge=FEEDS, mode=GateMode.OBSERVE))

    assert text.startswith("BLOCK: ")
    assert "this gate only observes" in text.splitlines()[0]


def test_blocking_findings_stand_in_a_table_with_raw_and_effective_status() -> None:
    lines = text_of(blocked()).splitlines()

    heads = next(line for line in lines if "raw status" in line)
    row = lines[lines.index(heads) + 1]
    assert row.split() == [LOG4SHELL, "log4j", "2.14.1", "critical", "10", "0.97", "yes", "blocked", "blocked", "block"]
    assert row.index("critical") == heads.index("severity")


def test_what_the_scanner_was_told_to_hide_is_listed_with_source_and_reason() -> None:
    text = text_of(blocked())

    section = text.split("Suppressed by the scanner, counted all the same\n")[1].split("\n\n")[0]
    assert "CVE-2020-00002" in section
    assert ".trivyignore" in section
    assert "we do not like to see it" in section


def test_what_would_fix_it_is_said_once() -> None:
    section = text_of(blocked()).split("What would fix it\n")[1].split("\n\n")[0]

    assert section.count("Upgrade pkg:npm/log4j@2.14.1 to 2.15.0.") == 1


def test_every_check_is_named_with_its_outcome() -> None:
    section = text_of(passed()).split("Checks\n")[1].split("\n\n")[0]

    assert [line.split()[:2] for line in section.splitlines()] == [
        ["pass", "evidence_completeness"],
        ["pass_with_note", "evidence_freshness"],
        ["pass", "policy_verdict"],
        ["pass", "kev_blocker"],
        ["pass", "epss_threshold"],
        ["pass", "release_aggregate"],
        ["pass", "exception_recheck"],
    ]


def test_a_feed_nobody_connected_is_said_once() -> None:
    text = text_of(passed(knowledge=None))

    for feed in ("EPSS", "KEV", "VEX"):
        assert text.count(f"No {feed} feed is connected; that is held against no finding.") == 1


def test_digests_and_the_way_to_repeat_it_close_the_report() -> None:
    decided = blocked()
    body: Any = stored_body(decided)

    text = text_of(decided)

    for name, value in body["digests"].items():
        assert name in text
        assert value in text
    assert body["determinism_hash"] in text
    assert f"POST {body['links']['replay']} repeats it" in text


def test_a_long_list_says_how_much_it_leaves_out() -> None:
    report = trivy(
        IMAGE, [Vuln(f"CVE-2021-{place:05}", severity="HIGH") for place in range(45)], scanned_at=NOON - HOUR
    )

    text = text_of(decide_report(report, at=NOON))

    assert "… and 25 more findings" in text
    assert "(and 42 more reasons)" in text


def test_the_text_is_the_same_every_time() -> None:
    assert text_of(blocked()) == text_of(blocked())


def test_what_a_report_names_does_not_speak_to_the_terminal() -> None:
    evil = Vuln("CVE-2021-1\x1b[2J", "pack\u202eage", severity="CRITICAL")
    body: Any = stored_body(decide_report(trivy(IMAGE, [HARMLESS], scanned_at=NOON - HOUR), at=NOON))
    shown = {"key": "k", "outcome": "block", "id": evil.id, "severity": "critical", "raw_status": "blocked",
             "status": "blocked", "component": evil.package, "version": "1\n2"}  # fmt: skip

    text = text_report(DecisionView.from_json({**body, "findings": [shown], "wording": "a\x07b"}))

    assert not {"\x1b", "\x07", "\u202e"} & set(text)


def test_a_decision_without_findings_has_no_empty_section() -> None:
    text = text_of(decide_report(trivy(IMAGE, [], scanned_at=NOON - HOUR), at=NOON))

    assert "Findings" not in text
    assert "What would fix it" not in text


def test_missing_evidence_is_stated() -> None:
    body: Any = stored_body(passed())
    evidence = {"scan": "partial", "scanned_at": None, "partial_reasons": ["only fixed"], "subject_stated": False}

    text = text_report(DecisionView.from_json({**body, "evidence": evidence, "connection_mode": "sealed"}))

    assert "scan partial, of unknown date" in text
    assert "partial: only fixed" in text
    assert "the report does not name its artifact" in text
    assert "the installation was sealed" in text


def test_claims_are_shown_accepted_or_refused_with_their_trust() -> None:
    body: Any = stored_body(passed())
    claim: JsonValue = {"finding": "k", "vulnerability": LOG4SHELL, "status": "not_affected", "accepted": False,
             "code": "claim.too_weak", "strength": 4275, "threshold": 6000, "source": "vendor"}  # fmt: skip

    text = text_report(DecisionView.from_json({**body, "claims": [claim]}))

    assert f"refused  {LOG4SHELL}  not_affected  by vendor  trust 0.43, needed 0.60" in text


def test_the_decision_of_a_body_is_the_decision_of_its_view() -> None:
    view = DecisionView.from_json(stored_body(blocked()))

    assert view.decision is Decision.BLOCK
    assert view.mode is GateMode.ENFORCE
    assert view.counts.suppressed == 1
