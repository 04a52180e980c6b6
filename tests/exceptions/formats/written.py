"""Exceptions in force and what they cover, for the tests of writing."""

import json
from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

from exceptions.formats.claims import Claim, claims_of
from exceptions.formats.forgiven import Covered, Forgiven, Issue, Written
from exceptions.formats.values import Loss
from exceptions.formats.writing import Format, write
from exceptions.matching.scope import PackageScope, Scope
from exceptions.rules.effects import registry
from exceptions.rules.facts import SeenFacts
from exceptions.rules.recheck import default_conditions
from exceptions.rules.vocabulary import IN_FORCE, KIND_OF, ExceptionType, Reason, State
from stellapolicy.kernel.severity import Severity
from tests.exceptions.matching.wording import CVE, DAY, DIGEST, LODASH, NOON, OTHER_DIGEST, standing

API = "registry.example/shop/api:1.2"
API_PURL = "pkg:oci/api@sha256:" + "a" * 64 + "?repository_url=registry.example/shop/api"
WHY = "The class that is vulnerable is never loaded by this service, as its owner has shown."
ISSUE = Issue(at=NOON, publisher="Shop", namespace="https://stella.example/tenants/shop")
OF_API = Issue(at=NOON, publisher="Shop", namespace="https://stella.example/tenants/shop", artifact=DIGEST)
IN_API = Covered(CVE, LODASH, DIGEST, API)
IN_OTHER = Covered(CVE, LODASH, OTHER_DIGEST, "registry.example/shop/web")
UNREACHABLE = Covered(CVE, LODASH, DIGEST, API, "unreachable")
LODASH_EVERYWHERE = Scope(vulnerabilities=(CVE,), packages=(PackageScope("pkg:npm/lodash@4.17.20"),))


def forgiven(
    reason: Reason = Reason.FALSE_POSITIVE,
    *,
    scope: Scope | None = None,
    covered: Iterable[Covered] = (IN_API,),
    complete: bool = True,
    has_worse: bool = False,
    **stated: Any,
) -> Forgiven:
    """Return an exception of this reason in lodash in one artifact, unless a scope is given."""
    type_ = stated.pop("type", ExceptionType.VULNERABILITY)
    usual: dict[str, Any] = {
        "type": type_,
        "reason": reason,
        "kind": KIND_OF[reason],
        "effect": registry()[type_, reason].effect,
        "conditions": default_conditions(KIND_OF[reason], reason, term=DAY),
    }
    return Forgiven(
        standing=standing(scope or Scope(vulnerabilities=(CVE,), digests=(DIGEST,)), **{**usual, **stated}),
        rationale=WHY,
        level="a2",
        owner_team="shop",
        ticket="SEC-1",
        tags=("log4j",),
        covered=tuple(covered),
        is_complete=complete,
        has_worse=has_worse,
    )


def seen(*, reachability: str, package: str = "pkg:npm/lodash") -> tuple[SeenFacts, ...]:
    """Return what the approvers saw."""
    return (SeenFacts(CVE, package, severity="high", reachability=reachability),)


def claims(*exceptions: Forgiven, issue: Issue = ISSUE) -> list[Claim]:
    """Return what is claimed."""
    return claims_of(exceptions, issue)[0]


def unclaimed(*exceptions: Forgiven, issue: Issue = ISSUE) -> list[Loss]:
    """Return what cannot be claimed."""
    return claims_of(exceptions, issue)[1]


def document(wanted: Format, *exceptions: Forgiven, issue: Issue = ISSUE) -> Any:
    """Return what is written, as JSON."""
    return json.loads(written(wanted, *exceptions, issue=issue).content)


def written(wanted: Format, *exceptions: Forgiven, issue: Issue = ISSUE) -> Written:
    """Return a document with its losses."""
    return write(wanted, exceptions, issue)


_covered = st.builds(
    Covered,
    vulnerability=st.sampled_from((CVE, "CVE-2020-8203", "GHSA-jfh8-c2jp-5v3q")),
    package=st.sampled_from((LODASH, "pkg:npm/lodash@4.17.21", "pkg:deb/debian/openssl@1.1.1n-0", "")),
    artifact_digest=st.sampled_from((DIGEST, OTHER_DIGEST)),
    artifact_name=st.sampled_from((API, "registry.example/shop/web", "")),
    reachability=st.sampled_from(("unreachable", "unknown", "reachable")),
)
_scopes = st.builds(
    Scope,
    vulnerabilities=st.sampled_from(((CVE,), ("CVE-2020-8203", CVE), ())),
    packages=st.sampled_from(((PackageScope("pkg:npm/lodash@4.17.20"),), (PackageScope("pkg:npm/lodash*"),))),
    digests=st.sampled_from(((), (), (DIGEST,))),
    environments=st.sampled_from(((), (), (), ("staging",))),
    services=st.sampled_from(((), (), ("checkout",))),
    rules=st.sampled_from(((), (), (), ("baseline/*",))),
)


@st.composite
def _forgiven(draw: st.DrawFn) -> Forgiven:
    state = draw(st.sampled_from((*IN_FORCE, State.ACTIVE)))
    in_doubt = state is State.REVALIDATION_REQUIRED
    return forgiven(
        draw(st.sampled_from((Reason.FALSE_POSITIVE, *Reason))),
        scope=draw(_scopes),
        covered=draw(st.lists(_covered, max_size=4)),
        complete=draw(st.booleans()),
        has_worse=draw(st.booleans()),
        ceiling=draw(st.sampled_from((Severity.LOW, Severity.CRITICAL))),
        type=draw(st.sampled_from(ExceptionType)),
        id=f"EXC-2026-{draw(st.integers(1, 9_999)):04}",
        state=state,
        grace_until=NOON + DAY if in_doubt else None,
        blocks=in_doubt and draw(st.booleans()),
        controls=draw(st.sampled_from(((), ("waf-rule-1042", "flag off")))),
        seen=seen(reachability=draw(st.sampled_from(("unreachable", "unknown")))),
    )


many = st.lists(_forgiven(), max_size=6, unique_by=lambda one: one.standing.id)
issues = st.sampled_from((ISSUE, OF_API))
