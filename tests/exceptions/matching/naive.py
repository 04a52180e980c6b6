"""The definition of matching, written as one question per exception: slow, plain and without any index."""

import re
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import unquote

from exceptions.matching.scope import PackageScope, Scope
from exceptions.matching.standing import StandingException
from exceptions.matching.subject import Place, Subject
from stellapolicy.kernel.identity import normalize_purl, package_identity, parse_purl, without_version
from stellapolicy.kernel.version_ranges import contains


def covering(
    exceptions: Iterable[StandingException], subject: Subject, place: Place, *, at: datetime
) -> list[StandingException]:
    """Return what covers a finding, the winner first."""
    return [one for one in in_scope(exceptions, subject, place) if is_in_force(one, at)]


def in_scope(exceptions: Iterable[StandingException], subject: Subject, place: Place) -> list[StandingException]:
    """Return what covers a finding whenever it applies, the winner first."""
    found = [one for one in exceptions if is_allowed(one, subject) and matches(one.scope, subject, place)]
    return sorted(found, key=lambda one: (-points(one.scope), -one.approved_at.timestamp(), one.id, one.terms_digest))


def is_in_force(one: StandingException, at: datetime) -> bool:
    if one.state not in ("approved", "active", "revalidation_required"):
        return False
    if one.state == "revalidation_required" and (one.grace_until is None or at >= one.grace_until):
        return False
    return one.starts_at <= at < one.expires_at


def is_allowed(one: StandingException, subject: Subject) -> bool:
    if one.effect == "suppress_license" and subject.kind != "licence":
        return False
    if one.type == "unknown" and subject.severity != "unknown" and not subject.undecided:
        return False
    if subject.kind in ("secret", "malware"):
        is_named = bool(set(one.scope.vulnerabilities) & set(subject.names))
        return is_named or (one.type == "policy" and one.scope.rules != ())
    if one.type == "vulnerability":
        return subject.kind == "vulnerability"
    if one.type == "component":
        return subject.kind in ("vulnerability", "licence", "component")
    return True


def matches(scope: Scope, subject: Subject, place: Place) -> bool:
    if not scope.vulnerabilities and not scope.packages and not scope.rules:
        return False
    names = {place.artifact_name, re.sub(r"(:[^/]*)?(@.*)?$", "", place.artifact_name)} - {""}
    return all(
        (
            not scope.vulnerabilities or any(name in subject.names for name in scope.vulnerabilities),
            not scope.packages or any(package_matches(one, subject.purl) for one in scope.packages),
            not scope.rules or (subject.rule != "" and any(like(rule, subject.rule) for rule in scope.rules)),
            not scope.digests or place.artifact_digest in scope.digests,
            not scope.artifacts or any(like(pattern, name) for pattern in scope.artifacts for name in names),
            all(label in place.labels for label in scope.labels),
            not scope.services or place.service in scope.services,
            not scope.environments or place.environment in scope.environments,
        )
    )


def like(pattern: str, text: str) -> bool:
    spelled = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch(spelled, text, re.DOTALL) is not None


def package_matches(scope: PackageScope, purl: str) -> bool:
    try:
        canonical = normalize_purl(purl)
    except ValueError:
        return False
    wanted, _, wanted_version = scope.pattern.partition("?")[0].partition("@")
    if "*" not in scope.pattern and wanted_version:
        return package_identity(normalize_purl(scope.pattern)) == package_identity(canonical)
    version = comparable_version(canonical)
    return (
        like(unquote(wanted), unquote(without_version(canonical)))
        and (not wanted_version or (version != "" and like(wanted_version, version)))
        and (not scope.versions or lies_in(scope.versions, version, parse_purl(canonical).type))
    )


def lies_in(versions: str, version: str, purl_type: str) -> bool:
    return versions.startswith(f"vers:{purl_type}/") and contains(versions, version) is True


def comparable_version(purl: str) -> str:
    parts = parse_purl(purl)
    if parts.type == "golang":
        return parts.version.removeprefix("v")
    epoch, colon, rest = parts.version.rpartition(":")
    epoch = epoch if colon else parts.qualifiers.get("epoch", "0")
    return rest if epoch == "0" else f"{epoch}:{rest}"


def points(scope: Scope) -> int:
    package = [
        80 if "*" not in one.pattern and "@" in one.pattern else 50 - one.pattern.count("*") for one in scope.packages
    ]
    return sum(
        (
            5,
            100 if scope.digests else 0,
            max(package) if package else 0,
            40 if scope.vulnerabilities else 0,
            30 if scope.rules else 0,
            20 if scope.environments else 0,
            15 if scope.services else 0,
            10 if scope.artifacts or scope.labels else 0,
        )
    )
