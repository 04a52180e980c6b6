"""Writes OpenVEX 0.2.0: a statement for each exception and vulnerability.

Source: the OpenVEX specification 0.2.0 and its JSON schema.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from exceptions.formats import media_types
from exceptions.formats.claims import Claim, Status, claims_of, unsaid
from exceptions.formats.forgiven import Forgiven, Issue, Written
from exceptions.formats.nothing import refuse_nothing
from stellapolicy.kernel import canonical_json, digest
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import rfc3339

FORMAT: Final = "openvex"
TITLE: Final = "OpenVEX 0.2.0"
MEDIA_TYPE: Final = media_types.OPENVEX
CONTEXT: Final = "https://openvex.dev/ns/v0.2.0"
_NOT_EXECUTED = "vulnerable_code_not_in_execute_path"


def write(forgiven: Iterable[Forgiven], issue: Issue) -> Written:
    """Return the document; refuses where nothing can be stated, which OpenVEX has no form for."""
    exceptions = list(forgiven)
    claims, losses = claims_of(exceptions, issue)
    losses += unsaid(issue, by=TITLE)
    if not claims:
        raise refuse_nothing(TITLE, losses)
    statements = [_statement(list(group)) for _, group in groupby(claims, key=lambda claim: claim.group)]
    body: dict[str, JsonValue] = {
        "@context": CONTEXT,
        "author": issue.publisher,
        "role": "Whoever decides about exceptions from policy",
        "timestamp": rfc3339(issue.at),
        "version": 1,
        "statements": statements,
    }
    name = digest.of_json(body).removeprefix("sha256:")
    document = {**body, "@id": f"{issue.namespace}/vex/{name}"}
    return Written(FORMAT, MEDIA_TYPE, canonical_json.dumps(document), tuple(losses), len(exceptions))


def _statement(claims: Sequence[Claim]) -> dict[str, JsonValue]:
    first = claims[0]
    stated: dict[str, JsonValue] = {
        "vulnerability": {"name": first.vulnerability},
        "timestamp": rfc3339(first.since),
        "products": _products(claims),
        "status": first.status.value,
    }
    match first.status:
        case Status.NOT_AFFECTED:
            stated["impact_statement"] = first.statement
            if first.unreachable:
                stated["justification"] = _NOT_EXECUTED
        case Status.AFFECTED:
            stated["action_statement"] = first.statement
            stated["action_statement_timestamp"] = rfc3339(first.since)
        case Status.UNDER_INVESTIGATION:
            stated["status_notes"] = first.statement
    return stated


def _products(claims: Sequence[Claim]) -> list[JsonValue]:
    """Return packages by themselves, and artifacts with the packages in them that are meant."""
    products: list[JsonValue] = [_named(claim.package) for claim in claims if not claim.artifact]
    inside = [claim for claim in claims if claim.artifact]
    for artifact, group in groupby(inside, key=lambda claim: claim.artifact):
        parts = [claim.package for claim in group]
        # Where the artifact as such is meant, naming parts beside it would narrow what is said.
        product = _named(artifact)
        products.append(product if "" in parts else {**product, "subcomponents": [_named(part) for part in parts]})
    return products


def _named(purl: str) -> dict[str, JsonValue]:
    return {"@id": purl, "identifiers": {"purl": purl}}
