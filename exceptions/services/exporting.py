"""Exporting the exceptions in force as a document, signed where there is a key, with what the document cannot say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote
from uuid import UUID

from django.conf import settings

from exceptions import ports
from exceptions.errors import ExceptionInvalid
from exceptions.formats.forgiven import Covered, Forgiven, Issue, Written
from exceptions.formats.writing import Format, needs_coverage, write
from exceptions.matching.subject import VULNERABILITY
from exceptions.models import PolicyException
from exceptions.ports import Coverage, CoveredFinding, Selection
from exceptions.rules.vocabulary import ExceptionType, Reason
from exceptions.selectors import standing_form, visible
from exceptions.selectors.queues import about_package
from stellapolicy.access.roles import Scope
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.identity import canonical_id, normalize_purl, without_version
from stellapolicy.kernel.refusals import Fault
from stellapolicy.kernel.severity import Severity
from stellapolicy.signing.errors import SigningUnsupported
from stellapolicy.signing.ports import signer
from stellapolicy.tenancy.models import Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class Only:
    """Which exceptions are meant; "" and None are all of them; `artifact` is a digest in which they cover something."""

    vulnerability: str = ""
    package: str = ""
    service: str = ""
    environment: str = ""
    owner_team: str = ""
    type: ExceptionType | None = None
    reason: Reason | None = None
    artifact: str = ""


@dataclass(frozen=True, slots=True)
class Exported:
    """A document and, where it was asked for and there is a key, the envelope that signs exactly its bytes."""

    written: Written
    envelope: Mapping[str, JsonValue] | None = None
    key_id: str = ""
    unsigned_because: str = ""


def export_exceptions(
    *, actor: Actor, wanted: Format, at: datetime, only: Only | None = None, sign: bool = False
) -> Exported:
    """Return the exceptions in force at an instant, as far as the actor may see them, in a format.

    Raises NothingToExport where the format has no form for saying nothing, ExceptionInvalid for a package that is none.
    """
    meant = only or Only()
    issue = _issue(actor, meant, at=at)
    forgiven = _forgiven(actor, meant, at=at, look=bool(meant.artifact) or needs_coverage(wanted))
    written = write(wanted, forgiven, issue)
    return _signed(written) if sign else Exported(written)


def _issue(actor: Actor, only: Only, *, at: datetime) -> Issue:
    tenant = Tenant.objects.get(pk=actor.tenant_id)
    return Issue(at=at, publisher=tenant.name, namespace=settings.PUBLIC_URL, artifact=only.artifact)


def _signed(written: Written) -> Exported:
    """Sign the bytes of a document; without a key it goes out unsigned, and says so."""
    try:
        key = signer()
        envelope = key.sign(written.media_type, written.content)
        return Exported(written, envelope.to_json(), key.key_id)
    except SigningUnsupported as unsupported:
        return Exported(written, unsigned_because=unsupported.detail)


def _forgiven(actor: Actor, only: Only, *, at: datetime, look: bool) -> list[Forgiven]:
    rows = _rows(actor, only, at=at)
    coverage: Mapping[str, Coverage] = {}
    if look:
        selections = [Selection(row.number, row.terms.selector(), ExceptionType(row.type)) for row in rows if row.terms]
        coverage = ports.estate().covered_each(selections, at=at)
    may_see = actor.services_with(Scope.EXCEPTION_READ)
    found = [_one(row, coverage.get(row.number, Coverage()), may_see) for row in rows]
    return [one for one in found if not only.artifact or _covers_artifact(one, only.artifact)]


def _covers_artifact(one: Forgiven, artifact: str) -> bool:
    return any(row.artifact_digest == artifact for row in one.covered)


def _rows(actor: Actor, only: Only, *, at: datetime) -> list[PolicyException]:
    rows = visible(actor).in_force(at=at)
    if only.vulnerability:
        rows = rows.filter(vulnerabilities__contains=[canonical_id(only.vulnerability)])
    if only.package:
        try:
            rows = about_package(rows, only.package)
        except ValueError as mistake:
            fault = Fault("package", "package.unreadable", str(mistake))
            raise ExceptionInvalid(str(mistake), faults=(fault,)) from None
    if only.service:
        rows = rows.filter(services__contains=[only.service])
    if only.environment:
        rows = rows.filter(environments__contains=[only.environment])
    if only.owner_team:
        rows = rows.filter(owner_team__slug=only.owner_team)
    if only.type is not None:
        rows = rows.filter(type=only.type.value)
    if only.reason is not None:
        rows = rows.filter(reason=only.reason.value)
    return list(rows.order_by("number"))


def _one(row: PolicyException, coverage: Coverage, may_see: frozenset[UUID] | None) -> Forgiven:
    standing = standing_form(row)
    # INVARIANT: what is worse than anybody agreed to is not forgiven, and nobody is told that it were.
    borne = [one for one in coverage.findings if standing.bears(Severity(one.seen.severity))]
    worse = [one for one in coverage.findings if not standing.bears(Severity(one.seen.severity))]
    shown = [one for one in borne if may_see is None or one.artifact.service_id in may_see]
    return Forgiven(
        standing=standing,
        rationale=row.terms.rationale if row.terms else "",
        level=row.level,
        owner_team=row.owner_team.slug if row.owner_team else "",
        ticket=row.ticket,
        tags=tuple(row.tags),
        covered=tuple(sorted(_apart_from(set(_covered(shown)), worse=set(_covered(worse))))),
        is_complete=coverage.complete and len(shown) == len(borne),
        has_worse=bool(worse),
    )


def _covered(findings: Iterable[CoveredFinding]) -> Iterable[Covered]:
    """Yield a row for each version of a package in which a vulnerability was found."""
    for one in findings:
        if one.kind != VULNERABILITY or not one.seen.vulnerability:
            continue
        for version in one.seen.versions or ("",):
            yield Covered(
                vulnerability=one.seen.vulnerability,
                package=_versioned(one.seen.package, version),
                artifact_digest=one.artifact.digest,
                artifact_name=one.artifact.name,
                reachability=one.seen.reachability,
            )


def _apart_from(rows: Iterable[Covered], *, worse: Iterable[Covered]) -> Iterable[Covered]:
    """Yield the rows beside which nothing of the same name in the same place is worse than what was agreed to."""
    packages = {(one.vulnerability, one.artifact_digest, without_version(one.package)) for one in worse}
    artifacts = {(one.vulnerability, one.artifact_digest) for one in worse}
    for row in rows:
        place = row.vulnerability, row.artifact_digest
        if (*place, without_version(row.package)) not in packages and (row.package or place not in artifacts):
            yield row


def _versioned(package: str, version: str) -> str:
    """Return a package URL with its version, "" where the package has none."""
    if not package or not version:
        return package
    try:
        return normalize_purl(f"{package}@{quote(version, safe='')}")
    except ValueError:
        return package
