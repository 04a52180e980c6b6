"""How fast ten thousand exceptions are asked about ten thousand findings: the index beside asking each exception."""

import random
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from bench.tables import print_table
from exceptions.matching.index import ExceptionIndex, in_order
from exceptions.matching.patterns import Package, package_of, read_pattern, wanted_package
from exceptions.matching.scope import PackageScope, Scope
from exceptions.matching.standing import StandingException
from exceptions.matching.subject import Place, Subject, may_cover
from exceptions.rules.vocabulary import Effect, ExceptionType, Kind, Reason, State
from stellapolicy.kernel.globs import glob
from stellapolicy.kernel.version_ranges import contains

_SEED = 20260615
_EXCEPTIONS = 10_000
_FINDINGS = 10_000
_SAMPLE = 30
_PLACES = 100
_ROUNDS = 3
_NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
_SERVICES = 200
_PACKAGES = 4_000
_VULNERABILITIES = 20_000


def main() -> None:
    """Print a table: a row for each mixture of scopes."""
    chance = random.Random(_SEED)
    findings = [_finding(chance) for _ in range(_FINDINGS)]
    places = [_place(chance, number) for number in range(_PLACES)]
    asked = [(finding, places[number * _PLACES // _FINDINGS]) for number, finding in enumerate(findings)]
    mixtures: Sequence[tuple[str, Callable[[random.Random], Scope]]] = (
        ("usual mixture", _usual),
        ("one vulnerability everywhere, a digest each", _one_vulnerability),
        ("path globs in one type", _globs),
        ("globs over artifact names", _artifact_globs),
    )
    rows = [
        _row(name, [_standing(chance, number, scope) for number in range(_EXCEPTIONS)], asked)
        for name, scope in mixtures
    ]
    head = (
        "10,000 exceptions, 10,000 findings",
        "covered",
        "build",
        "match, cold",
        "match",
        "a finding",
        "each asked",
        "ratio",
    )
    print_table("Exceptions by index and one by one", head, rows)


def _row(name: str, estate: Sequence[StandingException], asked: Sequence[tuple[Subject, Place]]) -> tuple[str, ...]:
    """Measure one mixture; the loop takes a sample, has to agree with the index, and is extrapolated."""
    index, builds, colds, warms = ExceptionIndex(()), [], [], []
    for _ in range(_ROUNDS):
        for remembered in (read_pattern, wanted_package, package_of, contains):
            remembered.cache_clear()
        began = time.perf_counter()
        index = ExceptionIndex(estate)
        builds.append(time.perf_counter() - began)
        colds.append(_seconds(index, asked))
        warms.append(_seconds(index, asked))
    covered = sum(bool(index.covering(subject, place, at=_NOON)) for subject, place in asked)
    one_by_one = _one_by_one(index, estate, random.Random(_SEED).sample(list(asked), _SAMPLE))
    build, cold, warm = (statistics.median(seconds) for seconds in (builds, colds, warms))
    return (
        name,
        f"{covered:,}",
        f"{build:.2f} s",
        f"{cold:.2f} s",
        f"{warm:.2f} s",
        f"{cold / len(asked) * 1e6:,.0f} µs",
        f"{one_by_one * len(asked):,.0f} s",
        f"{one_by_one * len(asked) / (build + cold):,.0f}x",
    )


def _seconds(index: ExceptionIndex, asked: Sequence[tuple[Subject, Place]]) -> float:
    began = time.perf_counter()
    for subject, place in asked:
        index.covering(subject, place, at=_NOON)
    return time.perf_counter() - began


def _one_by_one(
    index: ExceptionIndex, estate: Sequence[StandingException], sample: Sequence[tuple[Subject, Place]]
) -> float:
    """Return the seconds a finding takes when every exception is asked, in the order of winning."""
    ordered = in_order(estate)
    began = time.perf_counter()
    found = [_all_asked(ordered, subject, place) for subject, place in sample]
    took = time.perf_counter() - began
    assert found == [index.covering(subject, place, at=_NOON) for subject, place in sample]
    return took / len(sample)


def _all_asked(ordered: Sequence[StandingException], subject: Subject, place: Place) -> tuple[StandingException, ...]:
    package = package_of(subject.purl)
    return tuple(one for one in ordered if one.applies(_NOON) and _covers(one, subject, package, place))


def _covers(one: StandingException, subject: Subject, package: Package | None, place: Place) -> bool:
    scope = one.scope
    return (
        (not scope.vulnerabilities or not {*scope.vulnerabilities}.isdisjoint(subject.names))
        and (not scope.rules or any(glob(rule)(subject.rule) for rule in scope.rules))
        and (not scope.digests or place.artifact_digest in scope.digests)
        and (not scope.services or place.service in scope.services)
        and (not scope.environments or place.environment in scope.environments)
        and (not scope.artifacts or any(glob(wanted)(name) for wanted in scope.artifacts for name in place.names))
        and {*scope.labels} <= {*place.labels}
        and (not scope.packages or any(_is_meant(wanted, package) for wanted in scope.packages))
        and may_cover(one.type, one.effect, scope, subject)
    )


def _is_meant(scope: PackageScope, package: Package | None) -> bool:
    wanted = wanted_package(scope)
    return package is not None and wanted is not None and wanted.covers(package)


def _usual(chance: random.Random) -> Scope:
    """Return a scope in the proportions of a usual estate: most name a vulnerability, often within a package."""
    scopes = (
        lambda: Scope(vulnerabilities=(_vulnerability(chance),)),
        lambda: Scope(vulnerabilities=(_vulnerability(chance),), packages=(PackageScope(_package(chance)),)),
        lambda: Scope(vulnerabilities=(_vulnerability(chance),), services=(_service(chance),)),
        lambda: Scope(vulnerabilities=(_vulnerability(chance),), digests=(_digest(chance.randrange(_PLACES * 10)),)),
        lambda: Scope(packages=(PackageScope(f"{_package(chance)}@{_version(chance)}"),)),
        lambda: Scope(packages=(PackageScope(_package(chance), "vers:npm/>=1.0.0|<4.0.0"),)),
        lambda: Scope(packages=(PackageScope(f"pkg:npm/{_name(chance)[:-1]}*"),), services=(_service(chance),)),
        lambda: Scope(rules=(f"pack{chance.randrange(20)}/rule{chance.randrange(50)}",), services=(_service(chance),)),
    )
    return chance.choices(scopes, [30, 25, 15, 10, 7, 5, 4, 4])[0]()


def _one_vulnerability(chance: random.Random) -> Scope:
    return Scope(vulnerabilities=("CVE-2024-00001",), digests=(_digest(chance.randrange(_PLACES * 100)),))


def _globs(chance: random.Random) -> Scope:
    return Scope(packages=(PackageScope(f"pkg:npm/{_name(chance)[:-1]}*"),), services=(_service(chance),))


def _artifact_globs(chance: random.Random) -> Scope:
    return Scope(
        vulnerabilities=(_vulnerability(chance),), artifacts=(f"registry.example/team{chance.randrange(5_000)}/*",)
    )


def _standing(chance: random.Random, number: int, scope: Callable[[random.Random], Scope]) -> StandingException:
    return StandingException(
        id=f"EXC-2026-{number:05}",
        terms_digest=_digest(number),
        type=ExceptionType.POLICY,
        reason=Reason.ACCEPTED_RISK,
        kind=Kind.ACCEPTANCE,
        effect=Effect.DEFER,
        scope=scope(chance),
        starts_at=_NOON - timedelta(days=10),
        expires_at=_NOON + timedelta(days=chance.randrange(-2, 60)),
        approved_at=_NOON - timedelta(days=11, seconds=number),
        state=State.ACTIVE,
    )


def _finding(chance: random.Random) -> Subject:
    names = (_vulnerability(chance), f"GHSA-{chance.randrange(10**6):06}")
    rule = f"pack{chance.randrange(20)}/rule{chance.randrange(50)}"
    return Subject("vulnerability", names, f"{_package(chance)}@{_version(chance)}", "high", rule)


def _place(chance: random.Random, number: int) -> Place:
    name = f"registry.example/team{chance.randrange(5_000)}/api:{number}"
    return Place(_digest(number), name, (("tier", "web"),), _service(chance), chance.choice(("production", "staging")))


def _digest(number: int) -> str:
    return f"sha256:{number:064x}"


def _vulnerability(chance: random.Random) -> str:
    return f"CVE-2024-{int(chance.random() ** 2 * _VULNERABILITIES):05}"


def _service(chance: random.Random) -> str:
    return f"service-{chance.randrange(_SERVICES)}"


def _package(chance: random.Random) -> str:
    return f"pkg:npm/{_name(chance)}"


def _name(chance: random.Random) -> str:
    return f"package-{chance.randrange(_PACKAGES):04}"


def _version(chance: random.Random) -> str:
    return f"{chance.randrange(1, 6)}.{chance.randrange(20)}.{chance.randrange(10)}"
