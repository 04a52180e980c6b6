"""Random exceptions, findings and places out of few words, so that much of it meets."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TypeVar

from hypothesis import strategies as st

from exceptions.matching.scope import PackageScope, Scope
from exceptions.matching.standing import StandingException
from exceptions.matching.subject import Place, Subject
from exceptions.rules.vocabulary import IN_FORCE, Effect, ExceptionType, Kind, Reason, State
from tests.exceptions.matching.wording import DIGEST, NOON, OTHER_DIGEST

NAMES = ("CVE-2021-44228", "GHSA-jfh8-c2jp-5v3q", "CVE-2020-8203", "MAL-2024-1", "aws-access-key")
PURLS = (
    "",
    "not a purl",
    "pkg:npm/lodash",
    "pkg:npm/lodash@4.17.20",
    "pkg:npm/lodash@4.17.21?arch=any",
    "pkg:npm/lodash-es@4.17.20",
    "pkg:npm/%40shop/lodash@1.0.0",
    "pkg:deb/debian/openssl@1:1.1.1n-0?arch=amd64&distro=debian-11",
    "pkg:deb/debian/openssl@1.1.1n-0?epoch=1",
    "pkg:deb/debian/openssl-dev@3.0.0",
    "pkg:golang/example.org/lib@v1.2.3",
    "pkg:golang/example.org/lib@1.2.3",
)
PACKAGES = (
    *(("pkg:npm/lodash", versions) for versions in ("", "vers:npm/>=4.0.0|<4.17.21", "vers:npm/<", "vers:deb/>=1")),
    ("pkg:npm/lodash@4.17.20", ""),
    ("pkg:npm/lodash*", ""),
    ("pkg:npm/lodash*", "vers:npm/>=4.17.21"),
    ("pkg:npm/*", ""),
    ("pkg:npm/%40shop/*", ""),
    ("pkg:*/openssl*", ""),
    ("pkg:deb/debian/openssl", "vers:deb/>=1:1.0|<1:2.0"),
    ("pkg:deb/debian/openssl@1.1.1n-0?epoch=1", ""),
    ("pkg:deb/debian/openssl@1:1.1.*", ""),
    ("pkg:golang/example.org/lib@1.*", ""),
    ("pkg:golang/example.org/lib@1.2.3", ""),
)
ARTIFACTS = ("registry.example/shop/*", "registry.example/shop/api", "*/api:1.*", "*api*", "other/*")
LABELS = (("team", "shop"), ("tier", "web"), ("tier", "batch"))
RULES = ("baseline/block_high", "baseline/*", "secrets/*", "*_high")

KINDS = ("vulnerability", "vulnerability", "component", "licence", "secret", "malware", "misconfiguration")

_Value = TypeVar("_Value")


def _some(values: Sequence[_Value], *, open_of_ten: int) -> st.SearchStrategy[tuple[_Value, ...]]:
    """Return one or two of the values; so many times of ten none of them."""
    chosen = st.lists(st.sampled_from(values), min_size=1, max_size=2).map(tuple)
    return st.integers(1, 10).flatmap(lambda drawn: st.just(()) if drawn <= open_of_ten else chosen)


labels = st.lists(st.sampled_from(LABELS), max_size=2, unique_by=lambda label: label[0]).map(tuple)
scopes = st.builds(
    Scope,
    vulnerabilities=_some(NAMES, open_of_ten=6),
    packages=_some([PackageScope(*stated) for stated in PACKAGES], open_of_ten=3),
    digests=_some((DIGEST, OTHER_DIGEST), open_of_ten=8),
    artifacts=_some(ARTIFACTS, open_of_ten=8),
    labels=st.one_of(st.just(()), st.just(()), st.just(()), labels),
    services=_some(("checkout", "billing"), open_of_ten=8),
    environments=_some(("production", "staging"), open_of_ten=8),
    rules=_some(RULES, open_of_ten=8),
)
places = st.builds(
    Place,
    artifact_digest=st.sampled_from((DIGEST, OTHER_DIGEST)),
    artifact_name=st.sampled_from(("", "registry.example/shop/api", "registry.example/shop/api:1.2", "other/web@x")),
    labels=labels,
    service=st.sampled_from(("", "checkout", "billing")),
    environment=st.sampled_from(("", "production", "staging")),
)
subjects = st.builds(
    Subject,
    kind=st.sampled_from(
        ("vulnerability", "vulnerability", "component", "licence", "secret", "malware", "misconfiguration")
    ),
    names=st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True).map(tuple),
    purl=st.sampled_from(PURLS),
    severity=st.sampled_from(("high", "unknown")),
    rule=st.sampled_from(("", "baseline/block_high", "baseline/warn", "secrets/any")),
    undecided=st.booleans(),
)
instants = st.integers(-4, 4).map(lambda days: NOON + timedelta(days=days))


@st.composite
def standings(draw: st.DrawFn) -> StandingException:
    """Return an exception of any state and window."""
    starts_at = draw(instants)
    return StandingException(
        id=f"EXC-2026-{draw(st.integers(0, 9_999)):04}",
        terms_digest=DIGEST,
        type=draw(st.sampled_from((ExceptionType.POLICY, ExceptionType.POLICY, *ExceptionType))),
        reason=Reason.ACCEPTED_RISK,
        kind=Kind.ACCEPTANCE,
        effect=draw(st.sampled_from((Effect.DEFER, Effect.SUPPRESS, Effect.SUPPRESS_LICENSE))),
        scope=draw(scopes),
        starts_at=starts_at,
        expires_at=starts_at + timedelta(days=draw(st.integers(1, 8))),
        approved_at=draw(instants),
        state=draw(st.sampled_from((*IN_FORCE, *IN_FORCE, *State))),
        grace_until=draw(st.one_of(st.none(), instants)),
        blocks=draw(st.booleans()),
        controls=draw(_some(("waf", "flag"), open_of_ten=5)),
    )


estates = st.lists(standings(), min_size=4, max_size=20, unique_by=lambda one: one.id)
