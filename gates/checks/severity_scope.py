"""Which findings a severity check counts, and by which scale."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from gates.checks import reading
from gates.checks.base import JudgedFinding, UnknownWeight
from gates.checks.options import choice, duration, flag, maybe, option, some_of
from policies.importers.records import FindingKind
from stellapolicy.kernel.decimals import cvss_tenths
from stellapolicy.kernel.severity import Severity, of_cvss


class SeverityBasis(StrEnum):
    """The scale a check judges by: the severity chosen for the finding, or its CVSS score."""

    SEVERITY = "severity"
    CVSS = "cvss"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityScope:
    """The options that every severity check shares.

    `only_fixable` leaves out vulnerabilities for which no fix is known to exist; `min_age` leaves out those published
    less than that long ago. What is unknown (kind, fix state, publication) is never left out, and neither option
    concerns secrets, malware and the like, which have no upstream to wait for.

    INVARIANT: `unknown` is `counts` in every preset; there is no falling back from one scale to the other, because a
    finding that loses its critical severity would then be judged by a milder score.
    """

    basis: SeverityBasis = field(metadata=option(choice(SeverityBasis)))
    only_fixable: bool = field(metadata=option(flag()))
    min_age: timedelta | None = field(metadata=option(maybe(duration())))
    kinds: tuple[FindingKind, ...] = field(metadata=option(some_of(FindingKind)))
    unknown: UnknownWeight = field(metadata=option(choice(UnknownWeight)))

    def counts(self, finding: JudgedFinding, *, at: datetime) -> bool:
        """Whether the check has to look at this finding."""
        kind = reading.text_fact(finding, "finding.kind")
        if kind is not None and kind not in self.kinds:
            return False
        if kind != FindingKind.VULNERABILITY:
            return True
        if self.only_fixable and reading.truth_fact(finding, "advisory.fix_available") is False:
            return False
        return self.min_age is None or not self._is_younger(finding, self.min_age, at)

    def band_of(self, finding: JudgedFinding) -> Severity:
        """Return the severity on the scale of this check, unknown where that scale says nothing."""
        if self.basis is SeverityBasis.SEVERITY:
            return finding.verdict.severity
        score = reading.number_fact(finding, "cvss.score")
        return Severity.UNKNOWN if score is None else of_cvss(cvss_tenths(score))

    @property
    def evidence(self) -> tuple[str, ...]:
        """The fact this scale reads."""
        return ("severity.normalized",) if self.basis is SeverityBasis.SEVERITY else ("cvss.score",)

    @property
    def unknown_code(self) -> str:
        """The code of a reason about a finding that this scale says nothing about."""
        return f"{self.basis}.unknown"

    @staticmethod
    def _is_younger(finding: JudgedFinding, min_age: timedelta, at: datetime) -> bool:
        published = reading.instant_fact(finding, "vuln.published")
        return published is not None and at - published < min_age
