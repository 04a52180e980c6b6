"""Decisions about a critical finding of lodash under exceptions, without a database."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from exceptions.matching.scope import Scope
from exceptions.matching.standing import StandingException
from exceptions.rules.facts import SeenFacts
from exceptions.rules.recheck import default_conditions
from exceptions.rules.vocabulary import Effect, ExceptionType, Kind, Reason
from gates.deciding.decide import Decided
from policies.evidence.knowledge import KevKnowledge, Knowledge
from tests.exceptions.matching.wording import DAY, NOON, standing
from tests.gates.decided import decide_report, knowing
from tests.reports import HARMLESS, Vuln, trivy

CRITICAL = Vuln("CVE-2020-8203", "lodash", "4.17.20", "", "CRITICAL", 9.8)
HIGH = Vuln("CVE-2020-28500", "lodash", "4.17.20", "", "HIGH", 7.4)
ABOUT = Scope(vulnerabilities=(CRITICAL.id,))
SEEN = SeenFacts(CRITICAL.id, "pkg:npm/lodash", severity="critical", cvss=98, epss=1_000, kev=False, fix=False)
DUE: Mapping[str, KevKnowledge] = {CRITICAL.id: KevKnowledge(date(2026, 12, 24), ransomware=False)}
USUAL = default_conditions(Kind.ACCEPTANCE, Reason.ACCEPTED_RISK, term=30 * DAY)


def report(*vulns: Vuln) -> bytes:
    """Return a report about some findings."""
    return trivy("registry.example/shop", vulns or (CRITICAL, HARMLESS), scanned_at=NOON - timedelta(hours=1))


def known(*, kev: Mapping[str, KevKnowledge] | None = None, epss: int = 1_000, at: datetime = NOON) -> Knowledge:
    """Return what fresh feeds say of them."""
    return knowing(at, epss={CRITICAL.id: epss, HIGH.id: 1_000, HARMLESS.id: 1_000}, kev=kev)


def about(effect: Effect = Effect.DEFER, **said: Any) -> StandingException:
    """Return an exception that is in force."""
    usual = {"type": ExceptionType.VULNERABILITY, "effect": effect, "seen": (SEEN,), "expires_at": NOON + 30 * DAY}
    return standing(said.pop("scope", ABOUT), **{**usual, **said})


def decided(*exceptions: StandingException, vulns: tuple[Vuln, ...] = (), **said: Any) -> Decided:
    """Return the decision about a report under exceptions."""
    asked = {"at": NOON, "knowledge": known(), **said}
    return decide_report(report(*vulns), exceptions=exceptions, **asked)


def row(decision: Decided, name: str = CRITICAL.id) -> Any:
    """Return the row of a finding."""
    body: Any = decision.body
    return next(one for one in body["findings"] if one["id"] == name)


def entry(decision: Decided) -> Any:
    """Return the one exception that is listed."""
    body: Any = decision.body
    (found,) = body["exceptions"]
    return found


def codes(decision: Decided, outcome: str | None = None) -> set[str]:
    """Return the codes of all reasons, or of those that weigh so much."""
    body: Any = decision.body
    reasons = (reason for check in body["checks"] for reason in check["reasons"])
    return {reason["code"] for reason in reasons if outcome in (None, reason["outcome"])}


def verdict(decision: Decided) -> str:
    """Return the decision in a word."""
    return decision.combined.decision.value
