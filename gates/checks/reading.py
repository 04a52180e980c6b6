"""How checks read a judged finding: what is known is used, what is missing or malformed is unknown."""

import math
from collections.abc import Iterable, Iterator
from datetime import datetime

from gates.checks.base import JudgedFinding
from policies.language.verdict import Status


def effective(findings: Iterable[JudgedFinding]) -> Iterator[JudgedFinding]:
    """Give the findings that still count: all but those the policy ignores, as after an accepted dismissal.

    What an exception took out of account had its decision. What a scanner suppressed on its own is a finding like any
    other, and so is one whose dismissal is undecided.
    """
    return (one for one in findings if is_effective(one))


def is_effective(finding: JudgedFinding) -> bool:
    """Whether a finding still counts."""
    if finding.excuse is not None and finding.excuse.is_out_of_account:
        return False
    return finding.verdict.status is not Status.IGNORED or finding.verdict.undecided


def number_fact(finding: JudgedFinding, path: str) -> float | None:
    """Return a finite number, or None where it is unknown."""
    value = finding.facts.get(path)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if -math.inf < value < math.inf else None


def truth_fact(finding: JudgedFinding, path: str) -> bool | None:
    """Return a truth, or None where it is unknown."""
    value = finding.facts.get(path)
    return value if isinstance(value, bool) else None


def instant_fact(finding: JudgedFinding, path: str) -> datetime | None:
    """Return an aware instant, or None where it is unknown."""
    value = finding.facts.get(path)
    return value if isinstance(value, datetime) and value.tzinfo is not None else None


def text_fact(finding: JudgedFinding, path: str) -> str | None:
    """Return a text that is not empty, or None where it is unknown."""
    value = finding.facts.get(path)
    return value if isinstance(value, str) and value else None


def subject_of(finding: JudgedFinding) -> str:
    """Return what the finding is about, as a reader names it: the identifier and the component."""
    name = text_fact(finding, "vuln.id") or text_fact(finding, "secret.rule") or text_fact(finding, "malware.id")
    component = text_fact(finding, "component.purl") or text_fact(finding, "component.name")
    if name and component:
        return f"{name} in {component}"
    return name or component or finding.key


def remedy_of(finding: JudgedFinding) -> str:
    """Return the cheapest thing that removes the finding, as a sentence."""
    component = text_fact(finding, "component.purl") or text_fact(finding, "component.name") or "the component"
    versions = finding.facts.get("advisory.fixed_versions")
    if isinstance(versions, list | tuple) and versions:
        return f"Upgrade {component} to {' or '.join(map(str, versions))}."
    if truth_fact(finding, "advisory.fix_available"):
        return f"Upgrade {component}; a fixed version is published."
    if finding.excuse is not None:
        return "No fixed version is known: find one, or another way around it, before its exception ends."
    return "No fixed version is known: state by VEX why it does not affect this artifact, or request an exception."
