"""The one severity scale: unknown stands apart, it is never the same as none."""

from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is, from the one source chosen for it."""

    UNKNOWN = "unknown"
    NONE = "none"
    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Order on the scale, none 0 to critical 5; unknown is -1 and compares with nothing."""
        return RANKS[self]


RANKS = {
    Severity.UNKNOWN: -1,
    Severity.NONE: 0,
    Severity.INFO: 1,
    Severity.LOW: 2,
    Severity.MEDIUM: 3,
    Severity.HIGH: 4,
    Severity.CRITICAL: 5,
}

WORST_FIRST = (
    Severity.CRITICAL,
    Severity.HIGH,
    Severity.MEDIUM,
    Severity.LOW,
    Severity.INFO,
    Severity.NONE,
    Severity.UNKNOWN,
)
_BANDS = ((90, Severity.CRITICAL), (70, Severity.HIGH), (40, Severity.MEDIUM), (1, Severity.LOW), (0, Severity.NONE))


def of_cvss(tenths: int) -> Severity:
    """Return the CVSS qualitative rating of a score in tenths (98 is 9.8).

    Source: CVSS v3.1 and v4.0 specifications, qualitative severity rating scale.
    """
    return next(severity for floor, severity in _BANDS if tenths >= floor)
