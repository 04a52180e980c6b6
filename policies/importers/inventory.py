"""Findings that an inventory gives rise to: one per component, and one per component that states licences."""

from collections.abc import Iterable

from policies.importers.records import Component, Finding, FindingKind
from policies.importers.shape import shortened
from stellapolicy.kernel.severity import Severity

SOURCE = "inventory"


def inventory_findings(components: Iterable[Component]) -> tuple[Finding, ...]:
    """Return the component and licence findings of an inventory, ordered by key, for packs that judge those kinds.

    Several stated licences all apply; the id of a licence finding is the expression that says so. An inventory lists
    and finds no fault: the severity is none, which is known, so that no rule takes it for the worst.
    """
    findings: list[Finding] = []
    for component in components:
        findings.append(
            Finding(
                kind=FindingKind.COMPONENT,
                id=shortened(component.key),
                component=component,
                severity=Severity.NONE,
                severity_source=SOURCE,
                title=component.name,
                paths=component.paths,
                sources=(SOURCE,),
            )
        )
        if component.licenses:
            findings.append(
                Finding(
                    kind=FindingKind.LICENCE,
                    id=shortened(licence_expression(component.licenses)),
                    component=component,
                    severity=Severity.NONE,
                    severity_source=SOURCE,
                    paths=component.paths,
                    sources=(SOURCE,),
                )
            )
    return tuple(sorted(findings, key=lambda finding: finding.key))


def licence_expression(licenses: Iterable[str]) -> str:
    """Return one SPDX expression of all licences together; a compound part keeps its own grouping."""
    distinct = sorted(set(licenses))
    if len(distinct) == 1:
        return distinct[0]
    return " AND ".join(f"({name})" if " OR " in name.upper() else name for name in distinct)
