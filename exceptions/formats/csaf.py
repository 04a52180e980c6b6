"""Writes CSAF 2.0, profile VEX: what is said of each vulnerability, product by product.

Source: OASIS CSAF 2.0, profile 5 (VEX) and the mandatory tests.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from exceptions.formats import media_types
from exceptions.formats.claims import Claim, Status, claims_of, unsaid
from exceptions.formats.forgiven import Forgiven, Issue, Written
from exceptions.formats.nothing import refuse_nothing
from exceptions.rules.vocabulary import Reason
from stellapolicy.kernel import canonical_json, digest
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.kernel.identity import is_cve

FORMAT: Final = "csaf"
TITLE: Final = "CSAF 2.0"
MEDIA_TYPE: Final = media_types.CSAF
_STATUSES: Final = {
    Status.AFFECTED: "known_affected",
    Status.NOT_AFFECTED: "known_not_affected",
    Status.UNDER_INVESTIGATION: "under_investigation",
}
_MITIGATIONS: Final = frozenset({Reason.COMPENSATING_CONTROL, Reason.RUNTIME_MITIGATION, Reason.NETWORK_ISOLATION})
_NOT_EXECUTED = "vulnerable_code_not_in_execute_path"
_IN = " in "


def write(forgiven: Iterable[Forgiven], issue: Issue) -> Written:
    """Return the document; refuses where nothing can be stated, which the profile has no form for."""
    exceptions = list(forgiven)
    claims, losses = claims_of(exceptions, issue)
    losses += unsaid(issue, by=TITLE)
    if not claims:
        raise refuse_nothing(TITLE, losses)
    vulnerabilities = [
        _vulnerability(name, list(group)) for name, group in groupby(claims, key=lambda claim: claim.vulnerability)
    ]
    content: dict[str, JsonValue] = {"product_tree": _products(claims), "vulnerabilities": vulnerabilities}
    document: dict[str, JsonValue] = {"document": _about(issue, content), **content}
    return Written(FORMAT, MEDIA_TYPE, canonical_json.dumps(document), tuple(losses), len(exceptions))


def _about(issue: Issue, content: dict[str, JsonValue]) -> dict[str, JsonValue]:
    at = rfc3339(issue.at)
    name = digest.of_json(content).removeprefix("sha256:")[:16]
    return {
        "category": "csaf_vex",
        "csaf_version": "2.0",
        "lang": "en",
        "title": f"Exceptions from policy in force on {at}",
        "notes": [
            {
                "category": "legal_disclaimer",
                "text": "What is said here was agreed to until the instant that each statement names, and may be "
                "taken back before.",
            }
        ],
        "publisher": {"category": "other", "name": issue.publisher, "namespace": issue.namespace},
        "tracking": {
            "id": f"exceptions-{name}",
            "status": "final",
            "version": "1",
            "initial_release_date": at,
            "current_release_date": at,
            "revision_history": [{"date": at, "number": "1", "summary": "As the exceptions in force say."}],
        },
    }


def _products(claims: Sequence[Claim]) -> dict[str, JsonValue]:
    """Return the products by their package URLs, and which package is part of which artifact."""
    whole = sorted({purl for claim in claims for purl in (claim.artifact, claim.package) if purl})
    inside = sorted({(claim.artifact, claim.package) for claim in claims if claim.artifact and claim.package})
    names: list[JsonValue] = [
        {"product_id": purl, "name": purl, "product_identification_helper": {"purl": purl}} for purl in whole
    ]
    tree: dict[str, JsonValue] = {"full_product_names": names}
    if inside:
        tree["relationships"] = [
            {
                "category": "default_component_of",
                "product_reference": package,
                "relates_to_product_reference": artifact,
                "full_product_name": {"product_id": f"{package}{_IN}{artifact}", "name": f"{package}{_IN}{artifact}"},
            }
            for artifact, package in inside
        ]
    return tree


def _vulnerability(name: str, claims: Sequence[Claim]) -> dict[str, JsonValue]:
    by_status: dict[str, list[str]] = defaultdict(list)
    for claim in claims:
        by_status[_STATUSES[claim.status]].append(_product_id(claim))
    numbers = sorted({claim.exception for claim in claims})
    stated: dict[str, JsonValue] = {
        "notes": [{"category": "general", "text": f"{name}, as {', '.join(numbers)} decide."}],
        "product_status": {status: sorted(products) for status, products in by_status.items()},
    }
    if is_cve(name):
        stated["cve"] = name
    else:
        stated["ids"] = [{"system_name": name.partition("-")[0] or "other", "text": name}]
    groups = [list(group) for _, group in groupby(claims, key=lambda claim: claim.group)]
    details = {
        "flags": [_flag(group) for group in groups if group[0].unreachable],
        "threats": [_threat(group) for group in groups if group[0].status is not Status.AFFECTED],
        "remediations": [_remediation(group) for group in groups if group[0].status is Status.AFFECTED],
    }
    return {**stated, **{member: entries for member, entries in details.items() if entries}}


def _flag(group: Sequence[Claim]) -> JsonValue:
    return {"label": _NOT_EXECUTED, "product_ids": sorted(map(_product_id, group))}


def _threat(group: Sequence[Claim]) -> JsonValue:
    return {"category": "impact", "details": group[0].statement, "product_ids": sorted(map(_product_id, group))}


def _remediation(group: Sequence[Claim]) -> JsonValue:
    first = group[0]
    return {
        "category": "mitigation" if first.reason in _MITIGATIONS else "none_available",
        "date": rfc3339(first.since),
        "details": first.statement,
        "product_ids": sorted(map(_product_id, group)),
    }


def _product_id(claim: Claim) -> str:
    return _IN.join(filter(None, (claim.package, claim.artifact)))
