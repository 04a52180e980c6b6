"""Writes CycloneDX 1.6 as VEX: analyses of vulnerabilities of components.

Source: the CycloneDX 1.6 JSON schema. A document is about one product, or about packages wherever they are: a reader
takes what is said of a component for every product. So what dismisses a package in one artifact is said only in a
document about that artifact.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from exceptions.formats import media_types
from exceptions.formats.claims import Claim, Status, claims_of, unsaid
from exceptions.formats.forgiven import Forgiven, Issue, Written
from exceptions.formats.values import Loss, LossKind
from exceptions.rules.vocabulary import Reason
from stellapolicy.kernel import canonical_json, digest
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.kernel.identity import parse_purl

FORMAT: Final = "cyclonedx"
TITLE: Final = "CycloneDX 1.6"
MEDIA_TYPE: Final = media_types.CYCLONEDX
_RESPONSES: Final = {
    Reason.SCHEDULED_FIX: "update",
    Reason.COMPENSATING_CONTROL: "workaround_available",
    Reason.RUNTIME_MITIGATION: "workaround_available",
    Reason.NETWORK_ISOLATION: "workaround_available",
}


def write(forgiven: Iterable[Forgiven], issue: Issue) -> Written:
    """Return the document, which may state nothing."""
    exceptions = list(forgiven)
    claims, losses = claims_of(exceptions, issue)
    losses += unsaid(issue, by=TITLE)
    claims = _sayable(claims, issue, losses)
    components, product = _components(claims, issue)
    body: dict[str, JsonValue] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": rfc3339(issue.at),
            "tools": {"components": [{"type": "application", "name": "stellapolicy"}]},
            "manufacturer": {"name": issue.publisher, "url": [issue.namespace]},
            **product,
        },
        "components": components,
        "vulnerabilities": [
            _vulnerability(list(group), issue) for _, group in groupby(claims, key=lambda claim: claim.group)
        ],
    }
    serial = uuid5(NAMESPACE_URL, digest.of_json(body))
    document = {**body, "serialNumber": f"urn:uuid:{serial}"}
    return Written(FORMAT, MEDIA_TYPE, canonical_json.dumps(document), tuple(losses), len(exceptions))


def _sayable(claims: Sequence[Claim], issue: Issue, losses: list[Loss]) -> list[Claim]:
    """Return the claims that no reader takes for more than they say."""
    if issue.artifact:
        return list(claims)
    kept = [claim for claim in claims if not claim.artifact or claim.status is Status.AFFECTED]
    for number in sorted({claim.exception for claim in claims} - {claim.exception for claim in kept}):
        message = "it dismisses packages of some artifacts alone; export one artifact at a time to say so"
        losses.append(Loss(LossKind.DROPPED, "products", message, number))
    return kept


def _components(claims: Sequence[Claim], issue: Issue) -> tuple[list[JsonValue], dict[str, JsonValue]]:
    """Return the components, and the product the document is about where there is one; packages lie in artifacts."""
    inside: dict[str, set[str]] = defaultdict(set)
    for claim in claims:
        inside[claim.artifact].add(claim.package)
    packages: list[JsonValue] = [_component(purl, purl) for purl in sorted(inside.pop("", set()))]
    if not issue.artifact:
        return [*packages, *(_artifact(purl, inside[purl]) for purl in sorted(inside))], {}
    parts = sorted({purl for found in inside.values() for purl in found if purl})
    product: dict[str, JsonValue] = {"component": _component(*[next(iter(inside))] * 2)} if inside else {}
    return [_component(purl, _reference(next(iter(inside)), purl)) for purl in parts], product


def _artifact(purl: str, packages: Iterable[str]) -> dict[str, JsonValue]:
    parts = [_component(package, _reference(purl, package)) for package in sorted(packages) if package]
    return {**_component(purl, purl), "components": parts} if parts else _component(purl, purl)


def _component(purl: str, reference: str) -> dict[str, JsonValue]:
    read = parse_purl(purl)
    named: dict[str, JsonValue] = {"bom-ref": reference, "name": read.name, "purl": purl}
    named["type"] = "container" if read.type == "oci" else "library"
    if read.version:
        named["version"] = read.version
    return {**named, "group": read.namespace} if read.namespace else named


def _reference(artifact: str, package: str) -> str:
    """Return how the document names a package, in an artifact or wherever it is."""
    return "|".join(filter(None, (artifact, package)))


def _vulnerability(claims: Sequence[Claim], issue: Issue) -> JsonValue:
    first = claims[0]
    analysis: dict[str, JsonValue] = {
        "state": _state(first),
        "detail": first.statement,
        "firstIssued": rfc3339(first.since),
        "lastUpdated": rfc3339(issue.at),
    }
    if first.unreachable:
        analysis["justification"] = "code_not_reachable"
    if first.status is Status.AFFECTED and first.reason in _RESPONSES:
        analysis["response"] = [_RESPONSES[first.reason]]
    return {
        "bom-ref": "|".join([first.exception, first.vulnerability, *(["unreachable"] if first.unreachable else [])]),
        "id": first.vulnerability,
        "analysis": analysis,
        "affects": [{"ref": _reference(claim.artifact, claim.package)} for claim in claims],
    }


def _state(claim: Claim) -> str:
    match claim.status:
        case Status.AFFECTED:
            return "exploitable"
        case Status.UNDER_INVESTIGATION:
            return "in_triage"
        case Status.NOT_AFFECTED:
            return "false_positive" if claim.reason is Reason.FALSE_POSITIVE else "not_affected"
