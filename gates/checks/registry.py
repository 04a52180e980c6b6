"""The sealed registry of checks: every kind with its function, its options and their shipped defaults."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from gates.checks import (
    cvss_threshold,
    epss_threshold,
    evidence_completeness,
    evidence_freshness,
    exception_recheck,
    kev_blocker,
    policy_verdict,
    release_aggregate,
)
from gates.checks.base import CheckInput, CheckKind, CheckResult, Tier


@dataclass(frozen=True, slots=True)
class RegisteredCheck:
    """One check: `run` takes exactly the type of options that `defaults` returns for an environment's tier."""

    kind: CheckKind
    run: Callable[[CheckInput, Any], CheckResult]  # Any: each check takes its own options, paired with it here
    defaults: Callable[[Tier], Any]  # Any: see above


_ALL = (
    RegisteredCheck(CheckKind.POLICY_VERDICT, policy_verdict.check, policy_verdict.defaults),
    RegisteredCheck(CheckKind.EVIDENCE_COMPLETENESS, evidence_completeness.check, evidence_completeness.defaults),
    RegisteredCheck(CheckKind.EVIDENCE_FRESHNESS, evidence_freshness.check, evidence_freshness.defaults),
    RegisteredCheck(CheckKind.KEV_BLOCKER, kev_blocker.check, kev_blocker.defaults),
    RegisteredCheck(CheckKind.EPSS_THRESHOLD, epss_threshold.check, epss_threshold.defaults),
    RegisteredCheck(CheckKind.CVSS_THRESHOLD, cvss_threshold.check, cvss_threshold.defaults),
    RegisteredCheck(CheckKind.RELEASE_AGGREGATE, release_aggregate.check, release_aggregate.defaults),
    RegisteredCheck(CheckKind.EXCEPTION_RECHECK, exception_recheck.check, exception_recheck.defaults),
)

REGISTRY: Mapping[CheckKind, RegisteredCheck] = MappingProxyType({entry.kind: entry for entry in _ALL})
