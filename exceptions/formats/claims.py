"""What exceptions say in the terms of VEX: claims about one vulnerability in one product.

INVARIANT: only a fact somebody agreed to (a false positive, a vendor's word) is ever a `not_affected`; a plan or an
accepted risk is `affected` with what is done about it, and a fact that is in doubt again is under investigation. No
claim speaks of more than its exception covers: one that is bound to places names what is there, and so does one whose
scope holds findings that are worse than anybody agreed to.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from exceptions.formats.forgiven import Forgiven, Issue, artifact_purl, in_order
from exceptions.formats.identifiers import is_vulnerability
from exceptions.formats.values import Loss, LossKind
from exceptions.matching.patterns import read_pattern
from exceptions.matching.scope import Scope
from exceptions.matching.specificity import specificity
from exceptions.matching.standing import StandingException
from exceptions.rules.vocabulary import Effect, ExceptionType, Reason, State
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.kernel.identity import without_version

UNREACHABLE: Final = "unreachable"


class Status(StrEnum):
    """What is said of a product, the most cautious first."""

    AFFECTED = "affected"
    UNDER_INVESTIGATION = "under_investigation"
    NOT_AFFECTED = "not_affected"


_CAUTION: Final = {status: rank for rank, status in enumerate(Status)}
_FACTS: Final = frozenset({Reason.FALSE_POSITIVE, Reason.VENDOR_NOT_AFFECTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One claim: of an artifact, a package in it, or a package wherever it is (then `artifact` is "").

    unreachable: whether its code is known not to be executed, the only justification an exception can know of.
    """

    vulnerability: str
    artifact: str
    package: str
    status: Status
    reason: Reason
    statement: str
    exception: str
    since: datetime
    unreachable: bool = False
    rank: int = 0

    @property
    def subject(self) -> tuple[str, str, str]:
        """What is spoken of."""
        return self.vulnerability, self.artifact, self.package

    @property
    def group(self) -> tuple[str, str, str, bool]:
        """What claims of one statement share."""
        return self.vulnerability, self.exception, self.status.value, self.unreachable


def status_of(standing: StandingException) -> Status:
    """Return what an exception lets be said."""
    if standing.reason not in _FACTS:
        return Status.AFFECTED
    in_doubt = standing.state is State.REVALIDATION_REQUIRED or standing.blocks
    return Status.UNDER_INVESTIGATION if in_doubt or standing.effect is not Effect.SUPPRESS else Status.NOT_AFFECTED


def claims_of(forgiven: Iterable[Forgiven], issue: Issue) -> tuple[list[Claim], list[Loss]]:
    """Return the claims of all exceptions, in order, and what cannot be claimed; of each subject one thing is said."""
    claims: list[Claim] = []
    losses: list[Loss] = []
    for one in in_order(forgiven):
        made, why = _claims(one, issue)
        claims += made
        losses += [Loss(LossKind.DROPPED, member, message, one.standing.id) for member, message in why]
    settled = list(_settled(claims, losses))
    return sorted(settled, key=lambda claim: (claim.group, claim.subject)), losses


def _claims(one: Forgiven, issue: Issue) -> tuple[list[Claim], list[tuple[str, str]]]:
    """Return the claims of an exception, and why there are not more."""
    standing = one.standing
    status, scope = status_of(standing), standing.scope
    if status is not Status.AFFECTED:
        if scope.environments:
            return [], [("scope.environments", "it holds in some environments alone, and a VEX claim holds everywhere")]
        if scope.rules:
            return [], [("scope.rules", "it is about rules of a policy, and a VEX claim would say more than it does")]
    why: list[tuple[str, str]] = []
    if scope.environments:
        why.append(("scope.environments", f"said in words alone: {', '.join(scope.environments)}"))
    if not one.is_complete:
        why.append(("scope", "it covers more findings than were looked at; only those looked at are named"))
    if one.has_worse:
        worst = standing.ceiling.value
        why.append(
            ("severity", f"findings worse than {worst} were never agreed to: it is said of single artifacts alone")
        )
    subjects = sorted(set(_subjects(one, issue, why)))
    if not subjects:
        why.append(("scope", "no vulnerability in a product with a package URL is covered by it at this instant"))
    claims = [
        Claim(
            vulnerability=vulnerability,
            artifact=artifact,
            package=package,
            status=status,
            reason=standing.reason,
            statement=_statement(one, status),
            exception=standing.id,
            since=standing.approved_at,
            unreachable=status is Status.NOT_AFFECTED and _is_unreachable(one, vulnerability, package),
            rank=specificity(scope),
        )
        for vulnerability, artifact, package in subjects
    ]
    return claims, why


def _subjects(one: Forgiven, issue: Issue, why: list[tuple[str, str]]) -> Iterator[tuple[str, str, str]]:
    """Yield (vulnerability, artifact, package) of what is covered, never more."""
    scope = one.standing.scope
    bound = bool(issue.artifact) or _is_bound(scope) or not one.bears_all
    if not bound and (literal := _literal_packages(scope)):
        yield from ((name, "", package) for name in _named(one) for package in literal)
    nameless = 0
    for row in one.covered:
        if issue.artifact and row.artifact_digest != issue.artifact:
            continue
        if not bound and row.package:
            yield row.vulnerability, "", row.package
            continue
        artifact = artifact_purl(row.artifact_name, row.artifact_digest)
        if artifact:
            yield row.vulnerability, artifact, row.package
        nameless += not artifact
    if nameless:
        why.append(
            ("products", f"{nameless} covered findings are in artifacts without a name, which have no package URL")
        )


def _is_bound(scope: Scope) -> bool:
    """Whether a scope holds in some places alone."""
    return bool(scope.digests or scope.artifacts or scope.labels or scope.services or scope.environments)


def _literal_packages(scope: Scope) -> list[str]:
    """Return the packages of a scope where each is one package; none where a pattern or a range is among them."""
    if any(one.versions or read_pattern(one.pattern).wildcards for one in scope.packages):
        return []
    return [one.pattern for one in scope.packages]


def _named(one: Forgiven) -> list[str]:
    """Return the vulnerabilities a scope names; an exception of a rule or a licence names others things by id."""
    if one.standing.type is ExceptionType.POLICY:
        return []
    return [name for name in one.standing.scope.vulnerabilities if is_vulnerability(name)]


def _is_unreachable(one: Forgiven, vulnerability: str, package: str) -> bool:
    """Whether the approvers saw, and the evidence says today, that the code is never executed."""
    name = without_version(package)
    seen = [row for row in one.standing.seen if row.vulnerability == vulnerability and row.package == name]
    today = [row for row in one.covered if row.vulnerability == vulnerability and without_version(row.package) == name]
    known = {row.reachability for row in seen} | {row.reachability for row in today}
    return bool(seen and today and name) and known == {UNREACHABLE}


def _statement(one: Forgiven, status: Status) -> str:
    """Return what is said in words: why, what is done, where, and until when."""
    standing = one.standing
    said = one.rationale.strip().rstrip(".")
    if status is Status.AFFECTED:
        said = f"{standing.reason.value.replace('_', ' ').capitalize()}: {said}"
    parts = [f"{said}."]
    if standing.controls:
        parts.append(f"Controls: {'; '.join(standing.controls)}.")
    if standing.scope.environments:
        parts.append(f"In {', '.join(standing.scope.environments)} alone.")
    parts.append(f"Agreed to until {rfc3339(standing.expires_at)} ({standing.id}).")
    return " ".join(parts)


def _settled(claims: list[Claim], losses: list[Loss]) -> Iterator[Claim]:
    """Yield one claim of each subject: the most cautious, among equals of the exception that wins.

    What is said of a package wherever it is dismisses nothing that another exception says of it in one artifact.
    """
    by_subject: dict[tuple[str, str, str], list[Claim]] = defaultdict(list)
    worst: dict[tuple[str, str], int] = {}
    for claim in claims:
        by_subject[claim.subject].append(claim)
        place = claim.vulnerability, without_version(claim.package)
        worst[place] = min(worst.get(place, len(Status)), _CAUTION[claim.status])
    for subject in sorted(by_subject):
        rivals = sorted(by_subject[subject], key=_precedence)
        chosen = rivals[0]
        losses += [_contradicted(other, chosen) for other in rivals[1:] if other.status is not chosen.status]
        if (
            not chosen.artifact
            and worst[chosen.vulnerability, without_version(chosen.package)] < _CAUTION[chosen.status]
        ):
            message = f"left out for {chosen.vulnerability} in {chosen.package}: another exception says worse of it"
            losses.append(Loss(LossKind.DROPPED, "status", message, chosen.exception))
            continue
        yield chosen


def _precedence(claim: Claim) -> tuple[int, int, float, str]:
    return _CAUTION[claim.status], -claim.rank, -claim.since.timestamp(), claim.exception


def _contradicted(other: Claim, chosen: Claim) -> Loss:
    where = " in ".join(filter(None, (chosen.vulnerability, chosen.package or chosen.artifact)))
    message = f"it says {other.status} of {where}; {chosen.exception} says {chosen.status}, which is more cautious"
    return Loss(LossKind.DROPPED, "status", message, other.exception)


def unsaid(issue: Issue, *, by: str) -> list[Loss]:
    """Return what no format of VEX says of any exception."""
    said = {
        "approvals": "who agreed, from which seats, at which level",
        "recheck": "what makes an exception void before its end, and the grace it then has",
        "effect": "what an exception does to a verdict",
        "expires_at": "the end, which stands in words in each statement",
        "scope": f"what is covered later on: the document names what is known as of {rfc3339(issue.at)}",
    }
    return [Loss(LossKind.DROPPED, member, f"{by} has no place for {what}") for member, what in said.items()]
