"""Exceptions, findings and places in few words, for the tests of matching."""

from datetime import UTC, datetime, timedelta
from typing import Any

from exceptions.matching.scope import PackageScope, Scope
from exceptions.matching.standing import StandingException
from exceptions.matching.subject import Place, Subject
from exceptions.rules.vocabulary import Effect, ExceptionType, Kind, Reason, State

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
DAY = timedelta(days=1)
DIGEST = "sha256:" + "a" * 64
OTHER_DIGEST = "sha256:" + "b" * 64
CVE = "CVE-2021-44228"
LODASH = "pkg:npm/lodash@4.17.20"
HERE = Place(DIGEST, "registry.example/shop/api:1.2", (("team", "shop"), ("tier", "web")), "checkout", "production")


def standing(scope: Scope | None = None, **stated: Any) -> StandingException:
    """Return an exception that applies at noon; about one vulnerability unless a scope is given."""
    usual: dict[str, Any] = {
        "id": "EXC-2026-0001",
        "terms_digest": "sha256:" + "0" * 64,
        "type": ExceptionType.POLICY,
        "reason": Reason.ACCEPTED_RISK,
        "kind": Kind.ACCEPTANCE,
        "effect": Effect.DEFER,
        "scope": scope or Scope(vulnerabilities=(CVE,)),
        "starts_at": NOON - DAY,
        "expires_at": NOON + DAY,
        "approved_at": NOON - 2 * DAY,
        "state": State.ACTIVE,
    }
    return StandingException(**{**usual, **stated})


def finding(*names: str, **stated: Any) -> Subject:
    """Return a high vulnerability in lodash, of these names."""
    usual: dict[str, Any] = {
        "kind": "vulnerability",
        "names": names or (CVE,),
        "purl": LODASH,
        "severity": "high",
        "rule": "baseline/block_high",
    }
    return Subject(**{**usual, **stated})


def packages(*patterns: str, versions: str = "") -> Scope:
    """Return the scope of these package patterns."""
    return Scope(packages=tuple(PackageScope(pattern, versions) for pattern in patterns))
