"""Worked examples of the checks that judge by severity."""

from collections.abc import Mapping
from datetime import timedelta

from gates.checks.base import CheckKind, JudgedFinding, Outcome, Tier, UnknownWeight
from gates.checks.severity_scope import SeverityBasis
from policies.importers.records import FindingKind
from policies.language.facts import FactValue
from policies.language.verdict import Status
from stellapolicy.kernel.severity import Severity
from tests.gates.checks.examples import BLOCK, ELSEWHERE, PASS, PRODUCTION, SKIP, WARN, Example
from tests.gates.checks.releases import NOON, finding, release

_BY_SCORE = {"basis": SeverityBasis.CVSS}
_UNKNOWN_WARNS = {"unknown": UnknownWeight.WARNS}
_AGED = {"min_age": timedelta(days=30)}
_ONLY_FIXABLE = {"only_fixable": True}


def _cvss(
    sentence: str,
    one: JudgedFinding,
    outcome: Outcome,
    *codes: str,
    tier: Tier = ELSEWHERE,
    changes: Mapping[str, object] | None = None,
) -> Example:
    return Example(sentence, CheckKind.CVSS_THRESHOLD, release(one), outcome, codes, tier, changes or {})


def _scored(score: float | None, **facts: FactValue | None) -> JudgedFinding:
    return finding(severity=Severity.CRITICAL, facts={"cvss.score": score, **facts})


def _critical(**facts: FactValue | None) -> JudgedFinding:
    return finding(severity=Severity.CRITICAL, facts={path.replace("__", "."): value for path, value in facts.items()})


_TOO_YOUNG = NOON - timedelta(days=29)
_OLD_ENOUGH = NOON - timedelta(days=30)

CVSS = (
    _cvss("a critical finding blocks elsewhere", _critical(), BLOCK, "severity.threshold"),
    _cvss("a high finding warns elsewhere", finding(severity=Severity.HIGH), WARN, "severity.threshold"),
    _cvss("a medium finding passes elsewhere", finding(severity=Severity.MEDIUM), PASS),
    _cvss("the check is off in production", _critical(), SKIP, "check.off", tier=PRODUCTION),
    _cvss("an unknown severity may be critical", finding(severity=Severity.UNKNOWN), BLOCK, "severity.unknown"),
    _cvss("an unknown severity may be made to warn", finding(severity=Severity.UNKNOWN), WARN, "severity.unknown",
          changes=_UNKNOWN_WARNS),
    _cvss("by score 9.0 blocks", _scored(9.0), BLOCK, "cvss.threshold", changes=_BY_SCORE),
    _cvss("by score 8.9 warns whatever the word", _scored(8.9), WARN, "cvss.threshold", changes=_BY_SCORE),
    _cvss("by score 6.9 passes whatever the word", _scored(6.9), PASS, changes=_BY_SCORE),
    _cvss("an unknown score may be ten", _scored(None), BLOCK, "cvss.unknown", changes=_BY_SCORE),
    _cvss("a threshold inside a band takes in the band", finding(severity=Severity.HIGH), BLOCK, "severity.threshold",
          changes={"block_at": 8.5}),
    _cvss("a secret has no CVSS", _critical(finding__kind="secret"), PASS),
    _cvss("a kind nobody states may be a vulnerability", _critical(finding__kind=None), BLOCK, "severity.threshold"),
    _cvss("what has no fix is left out on request", _critical(advisory__fix_available=False), PASS,
          changes=_ONLY_FIXABLE),
    _cvss("an unknown fix state is not left out", _critical(advisory__fix_available=None), BLOCK, "severity.threshold",
          changes=_ONLY_FIXABLE),
    _cvss("what is too young is left out on request", _critical(vuln__published=_TOO_YOUNG), PASS, changes=_AGED),
    _cvss("what is old enough counts", _critical(vuln__published=_OLD_ENOUGH), BLOCK, "severity.threshold",
          changes=_AGED),
    _cvss("an unknown age counts", _critical(vuln__published=None), BLOCK, "severity.threshold", changes=_AGED),
    _cvss("a dismissed finding does not count", finding(severity=Severity.CRITICAL, status=Status.IGNORED), PASS),
)  # fmt: skip


def of_severity(number: int, severity: Severity, **facts: FactValue | None) -> list[JudgedFinding]:
    """Return so many findings of a severity, with the facts given (`__` stands for the dot of a path)."""
    known = {path.replace("__", "."): value for path, value in facts.items()}
    return [finding(f"{severity}-{place:02}", severity=severity, facts=known) for place in range(number)]


def _aggregate(
    sentence: str,
    findings: list[JudgedFinding],
    outcome: Outcome,
    *codes: str,
    tier: Tier = ELSEWHERE,
    changes: Mapping[str, object] | None = None,
) -> Example:
    return Example(sentence, CheckKind.RELEASE_AGGREGATE, release(*findings), outcome, codes, tier, changes or {})


_KINDS = {"kinds": (FindingKind.MISCONFIGURATION,)}

AGGREGATE = (
    _aggregate("no finding passes", [], PASS),
    _aggregate("one critical blocks elsewhere", of_severity(1, Severity.CRITICAL), BLOCK, "aggregate.exceeded"),
    _aggregate("two high pass elsewhere", of_severity(2, Severity.HIGH), PASS),
    _aggregate("three high warn elsewhere", of_severity(3, Severity.HIGH), WARN, "aggregate.near_limit"),
    _aggregate("four high block elsewhere", of_severity(4, Severity.HIGH), BLOCK, "aggregate.exceeded"),
    _aggregate("one high blocks production", of_severity(1, Severity.HIGH), BLOCK, "aggregate.exceeded",
               tier=PRODUCTION),
    _aggregate("fifteen medium pass", of_severity(15, Severity.MEDIUM), PASS, tier=PRODUCTION),
    _aggregate("sixteen medium warn", of_severity(16, Severity.MEDIUM), WARN, "aggregate.near_limit", tier=PRODUCTION),
    _aggregate("twenty medium warn", of_severity(20, Severity.MEDIUM), WARN, "aggregate.near_limit"),
    _aggregate("twenty-one medium block", of_severity(21, Severity.MEDIUM), BLOCK, "aggregate.exceeded"),
    _aggregate("any number of low passes", of_severity(100, Severity.LOW), PASS, tier=PRODUCTION),
    _aggregate("production counts what has a fix only", of_severity(9, Severity.HIGH, advisory__fix_available=False),
               PASS, tier=PRODUCTION),
    _aggregate("production counts what may have a fix", of_severity(1, Severity.CRITICAL, advisory__fix_available=None),
               BLOCK, "aggregate.exceeded", tier=PRODUCTION),
    _aggregate("elsewhere counts what has no fix", of_severity(1, Severity.CRITICAL, advisory__fix_available=False),
               BLOCK, "aggregate.exceeded"),
    _aggregate("a secret counts without any fix in sight",
               of_severity(1, Severity.CRITICAL, finding__kind="secret", advisory__fix_available=False), BLOCK,
               "aggregate.exceeded", tier=PRODUCTION),
    _aggregate("a misconfiguration does not count", of_severity(9, Severity.CRITICAL, finding__kind="misconfiguration"),
               PASS),
    _aggregate("a finding of unknown kind counts", of_severity(1, Severity.CRITICAL, finding__kind=None), BLOCK,
               "aggregate.exceeded"),
    _aggregate("a misconfiguration counts on request",
               of_severity(1, Severity.CRITICAL, finding__kind="misconfiguration"), BLOCK, "aggregate.exceeded",
               changes=_KINDS),
    _aggregate("an unknown severity may be critical", of_severity(1, Severity.UNKNOWN), BLOCK, "severity.unknown",
               tier=PRODUCTION),
    _aggregate("an unknown severity counts into the band where it weighs most",
               [*of_severity(3, Severity.HIGH), *of_severity(1, Severity.UNKNOWN)], BLOCK, "severity.unknown",
               "aggregate.near_limit", changes={"critical": 5}),
    _aggregate("an unknown severity may be made to warn", of_severity(1, Severity.UNKNOWN), WARN, "severity.unknown",
               changes=_UNKNOWN_WARNS),
    _aggregate("an unknown severity within every limit passes", of_severity(1, Severity.UNKNOWN), PASS,
               changes={"critical": 5, "high": 5}),
    _aggregate("without limits nothing is counted", of_severity(9, Severity.UNKNOWN), PASS,
               changes={"critical": None, "high": None, "medium": None}),
    _aggregate("by score the word does not matter", of_severity(4, Severity.CRITICAL, cvss__score=7.5), BLOCK,
               "aggregate.exceeded", changes=_BY_SCORE),
    _aggregate("dismissed findings do not count", [finding(severity=Severity.CRITICAL, status=Status.IGNORED)], PASS),
)  # fmt: skip
