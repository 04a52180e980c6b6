"""One finding per vulnerability and component: rows of one report and reports of one snapshot merge by one rule."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from policies.importers.components import unite
from policies.importers.naming import full_names, in_full
from policies.importers.ratings import choose, distro_of, standing_of, with_derived_severities
from policies.importers.records import (
    Component,
    Detail,
    Finding,
    FindingKind,
    FixState,
    ImportedReport,
    Standing,
    SuppressedBy,
    VexClaim,
)
from stellapolicy.kernel.identity import join_aliases, preference

_NAMED_BY_ID = frozenset({FindingKind.VULNERABILITY, FindingKind.MALWARE})
_FIX_STATES = (FixState.FIXED, FixState.NOT_FIXED, FixState.WONT_FIX, FixState.UNKNOWN)
_STANDINGS = (Standing.DISTRO, Standing.VENDOR, Standing.NVD, Standing.BYSTANDER)


@dataclass(frozen=True, slots=True)
class MergedEvidence:
    """What all reports of a snapshot say together, in a total order."""

    components: tuple[Component, ...]
    findings: tuple[Finding, ...]
    claims: tuple[VexClaim, ...]


def merge_reports(reports: Iterable[ImportedReport]) -> MergedEvidence:
    """Return the components, findings and claims of several reports as one, whatever their order.

    Two scanners that report one vulnerability of one component give one finding that names both as its sources; its
    severity is chosen anew among all ratings. Merging is idempotent and does not depend on order.
    """
    reports = tuple(reports)
    components, findings = merge_found(
        [component for report in reports for component in report.components],
        [finding for report in reports for finding in report.findings],
    )
    return MergedEvidence(
        components=components,
        findings=findings,
        claims=merge_claims(claim for report in reports for claim in report.claims),
    )


def merge_found(
    components: Iterable[Component], findings: Sequence[Finding]
) -> tuple[tuple[Component, ...], tuple[Finding, ...]]:
    """Return components and findings as one each, those without a package URL under their full name where known."""
    known = unite(components)
    names = _names_of(findings)
    renamed = [_renamed(one, names) for one in findings]
    full = full_names(known, renamed)
    if full:
        known = unite(in_full(one, full) for one in known.values())
        renamed = [replace(one, component=in_full(one.component, full)) for one in renamed]
    return tuple(known.values()), _grouped(renamed, known)


def merge_findings(findings: Sequence[Finding], components: dict[str, Component]) -> tuple[Finding, ...]:
    """Return findings with one per key, ordered by key; ids that are aliases of each other become one.

    `components` (by key) are what is known of each component; a finding's own component wins nothing over it.
    """
    names = _names_of(findings)
    return _grouped([_renamed(one, names) for one in findings], components)


def _names_of(findings: Iterable[Finding]) -> dict[str, str]:
    return join_aliases((one.id, one.aliases) for one in findings if one.kind in _NAMED_BY_ID)


def _grouped(findings: Iterable[Finding], components: dict[str, Component]) -> tuple[Finding, ...]:
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        known = _with_component(finding, components)
        groups.setdefault(known.key, []).append(known)
    return tuple([_merged(groups[key]) for key in sorted(groups)])


def merge_claims(claims: Iterable[VexClaim]) -> tuple[VexClaim, ...]:
    """Return every distinct claim once, in a total order."""
    return tuple(sorted(set(claims), key=_claim_order))


def _claim_order(claim: VexClaim) -> tuple[object, ...]:
    issued = claim.issued_at.isoformat() if claim.issued_at else ""
    return (
        claim.vulnerability,
        claim.components,
        claim.products,
        claim.status,
        issued,
        claim.author,
        claim.source,
        claim.justification,
        claim.stated_justification,
        claim.statement,
        claim.versions,
        claim.responses,
        claim.aliases,
    )


def _renamed(finding: Finding, names: dict[str, str]) -> Finding:
    if finding.kind not in _NAMED_BY_ID or names[finding.id] == finding.id:
        return finding
    shown = names[finding.id]
    aliases = ({finding.id, *finding.aliases}) - {shown}
    return replace(finding, id=shown, aliases=tuple(sorted(aliases)))


def _with_component(finding: Finding, components: dict[str, Component]) -> Finding:
    known = components.get(finding.component.key)
    return finding if known is None or known == finding.component else replace(finding, component=known)


def _merged(group: list[Finding]) -> Finding:
    if len(group) == 1:
        return group[0]
    # INVARIANT: every field below is a union, a least or a greatest, so order and repetition change nothing.
    ratings = with_derived_severities([rating for one in group for rating in one.ratings])
    choice = choose(ratings)
    identifier = min((one.id for one in group), key=preference)
    return Finding(
        kind=FindingKind.MALWARE if any(one.kind is FindingKind.MALWARE for one in group) else group[0].kind,
        id=identifier,
        component=group[0].component,
        aliases=tuple(sorted({name for one in group for name in (one.id, *one.aliases)} - {identifier})),
        severity=choice.severity,
        severity_source=choice.severity_source,
        ratings=ratings,
        cvss=choice.cvss,
        title=_least(one.title for one in group),
        cwes=_union(group, lambda one: one.cwes),
        fix_state=min((one.fix_state for one in group), key=_FIX_STATES.index),
        fixed_versions=_union(group, lambda one: one.fixed_versions),
        advisory_source=_nearest_advisory(one.advisory_source for one in group),
        published_at=min((one.published_at for one in group if one.published_at), default=None),
        withdrawn_at=_withdrawn_by_all(group),
        status=_least(one.status for one in group),
        suppressed_by=_suppressed_by_all(group),
        suppression_source=_joined(one.suppression_source for one in group),
        suppression_statement=_joined(one.suppression_statement for one in group),
        paths=_union(group, lambda one: one.paths),
        place=group[0].place,
        primary_url=_least(one.primary_url for one in group),
        sources=_union(group, lambda one: one.sources),
        detail=_united_detail(group),
    )


def _union(group: list[Finding], part: Callable[[Finding], tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted({text for one in group for text in part(one)}))


def _least(values: Iterable[str]) -> str:
    return min((value for value in values if value), default="")


def _joined(values: Iterable[str]) -> str:
    return "; ".join(sorted({part for value in values if value for part in value.split("; ")}))


def _withdrawn_by_all(group: list[Finding]) -> datetime | None:
    """Return the last withdrawal, None as long as one source still stands by the finding."""
    moments = [one.withdrawn_at for one in group]
    return max((moment for moment in moments if moment), default=None) if all(moments) else None


def _suppressed_by_all(group: list[Finding]) -> SuppressedBy:
    if all(one.suppressed_by is SuppressedBy.SCANNER for one in group):
        return SuppressedBy.SCANNER
    return SuppressedBy.NOBODY


def _nearest_advisory(authors: Iterable[str]) -> str:
    stated = {author for author in authors if author}

    def nearness(author: str) -> tuple[int, str]:
        standing = standing_of(author, distros=(distro_of(author) or "-",), advisory="", scanner="")
        return (_STANDINGS.index(standing), author)

    return min(stated, key=nearness, default="")


def _united_detail(group: list[Finding]) -> Detail:
    values: dict[str, set[str]] = {}
    for one in group:
        for name, value in one.detail:
            values.setdefault(name, set()).update(value.split("; "))
    return tuple((name, "; ".join(sorted(values[name]))) for name in sorted(values))
