"""From a finding to the facts a policy reads: flat catalogue paths, JSON values, nothing where nobody knows.

Scores become plain numbers here and nowhere else: CVSS tenths divided by 10. What is not stated is left out, so that
the language sees it as unknown; an empty list is left out too unless the report says that there is nothing.
"""

from collections.abc import Mapping

from policies.importers.inventory import SOURCE, licence_expression
from policies.importers.records import Component, Cvss, Finding, FindingKind, FixState
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.kernel.decimals import CVSS_UNITS
from stellapolicy.kernel.severity import Severity

_CVSS_VERSIONS = frozenset({"2.0", "3.0", "3.1", "4.0"})
_CONFIDENCES = frozenset({"low", "medium", "high"})
_NAMED_BY_ID = frozenset({FindingKind.VULNERABILITY, FindingKind.MALWARE})


def finding_facts(finding: Finding, *, artifact: Mapping[str, JsonValue] | None = None) -> dict[str, JsonValue]:
    """Return the facts of one finding by catalogue path, sorted by path; `artifact` adds `artifact.*` as given."""
    facts: dict[str, JsonValue] = {"finding.kind": finding.kind.value}
    if finding.severity is not Severity.UNKNOWN:
        facts["severity.normalized"] = finding.severity.value
        facts["severity.source"] = finding.severity_source
    facts |= _component_facts(finding.component)
    if finding.kind in _NAMED_BY_ID:
        facts |= _vulnerability_facts(finding)
    elif finding.kind is FindingKind.SECRET:
        facts |= _secret_facts(finding)
    if finding.kind is FindingKind.LICENCE and finding.sources != (SOURCE,):
        facts |= {"license.expression": finding.id, "license.ids": [finding.id]}
    for path, value in (artifact or {}).items():
        facts[f"artifact.{path}"] = value
    return {path: facts[path] for path in sorted(facts) if facts[path] not in (None, "")}


def _component_facts(component: Component) -> dict[str, JsonValue]:
    facts: dict[str, JsonValue] = {
        "component.purl": component.purl,
        "component.type": component.type,
        "component.namespace": component.namespace,
        "component.name": component.name,
        "component.version": component.version,
        "component.scope": component.scope,
        "component.direct": component.direct,
    }
    if component.paths:
        facts["component.paths"] = list(component.paths)
    if component.licenses:
        facts["license.expression"] = licence_expression(component.licenses)
        facts["license.ids"] = list(component.licenses)
    return facts


def _vulnerability_facts(finding: Finding) -> dict[str, JsonValue]:
    facts: dict[str, JsonValue] = {
        "vuln.id": finding.id,
        "vuln.aliases": list(finding.aliases),
        "vuln.published": rfc3339(finding.published_at) if finding.published_at else None,
        "vuln.withdrawn": True if finding.withdrawn_at else None,
        "advisory.source": finding.advisory_source,
        "advisory.fix_available": _fix_available(finding),
    }
    if finding.cwes:
        facts["vuln.cwes"] = list(finding.cwes)
    if finding.fixed_versions or facts["advisory.fix_available"] is False:
        facts["advisory.fixed_versions"] = list(finding.fixed_versions)
    if finding.kind is FindingKind.MALWARE:
        facts["malware.id"] = finding.id
    return facts | _cvss_facts(finding.cvss)


def _fix_available(finding: Finding) -> bool | None:
    if finding.fixed_versions or finding.fix_state is FixState.FIXED:
        return True
    return None if finding.fix_state is FixState.UNKNOWN else False


def _cvss_facts(cvss: Cvss | None) -> dict[str, JsonValue]:
    if cvss is None:
        return {}
    score = cvss.score_tenths / CVSS_UNITS
    return {
        "cvss.score": score,
        "cvss.base": score,
        "cvss.version": cvss.version if cvss.version in _CVSS_VERSIONS else None,
        "cvss.vector": cvss.vector,
    }


def _secret_facts(finding: Finding) -> dict[str, JsonValue]:
    confidence = finding.detail_of("confidence")
    masked, verified = finding.detail_of("masked"), finding.detail_of("verified")
    return {
        "secret.rule": finding.id,
        "secret.confidence": confidence if confidence in _CONFIDENCES else None,
        "secret.match.count": len(finding.paths) or None,
        "secret.mask.applied": masked == "true" if masked in ("true", "false") else None,
        "secret.verified": verified == "true" if verified in ("true", "false") else None,
    }
