"""The scope of an exception: one canonical selector, AND across its dimensions, OR within one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Final

from exceptions.matching import reading
from exceptions.matching.patterns import EXAMPLE, PackageScope, read_pattern, wanted_package
from exceptions.rules.reading import read_object
from stellapolicy.kernel import digest, globs
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.globs import is_glob
from stellapolicy.kernel.refusals import Fault

__all__ = ["PackageScope", "Scope", "narrower", "read_scope"]


@dataclass(frozen=True, slots=True)
class Scope:
    """Which findings in which places are meant; a dimension without values is open.

    `artifacts` are globs over the artifact's name, `rules` over the qualified name of a policy rule (`baseline/*`);
    an artifact has to carry all of the `labels`. INVARIANT: every dimension is sorted, each value is there once.
    """

    vulnerabilities: tuple[str, ...] = ()
    packages: tuple[PackageScope, ...] = ()
    digests: tuple[str, ...] = ()
    artifacts: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    services: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for dimension in fields(self):
            object.__setattr__(self, dimension.name, tuple(sorted(set(getattr(self, dimension.name)))))
        if len(dict(self.labels)) < len(self.labels):
            raise ValueError("a label has one value")

    @property
    def names_something(self) -> bool:
        """Whether it says what it is about: without a vulnerability, a package or a rule it covers nothing."""
        return bool(self.vulnerabilities or self.packages or self.rules)

    @property
    def digest(self) -> str:
        """The digest of its canonical JSON."""
        return digest.of_json(self.to_json())

    def to_json(self) -> dict[str, JsonValue]:
        """Return the scope as it is hashed and stored, every dimension stated."""
        return {
            "vulnerabilities": list(self.vulnerabilities),
            "packages": [{"pattern": one.pattern, "versions": one.versions} for one in self.packages],
            "digests": list(self.digests),
            "artifacts": list(self.artifacts),
            "labels": dict(self.labels),
            "services": list(self.services),
            "environments": list(self.environments),
            "rules": list(self.rules),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, JsonValue]) -> "Scope":
        """Return the scope that `to_json` wrote; raises ValueError for anything else."""
        if set(stored) != set(_DIMENSIONS):
            raise ValueError(f"not a scope: {stored!r}")
        return cls(
            vulnerabilities=_texts(stored["vulnerabilities"]),
            packages=tuple(_package(one) for one in _list(stored["packages"])),
            digests=_texts(stored["digests"]),
            artifacts=_texts(stored["artifacts"]),
            labels=_labels(stored["labels"]),
            services=_texts(stored["services"]),
            environments=_texts(stored["environments"]),
            rules=_texts(stored["rules"]),
        )

    def in_words(self) -> tuple[str, ...]:
        """Return sentences for a reader: what is meant, where, and what is left open."""
        labels = [f"{name}={value}" for name, value in self.labels]
        said = (
            _sentence("The vulnerability is", self.vulnerabilities),
            _sentence("The package is", map(_package_in_words, self.packages)),
            _sentence("The rule is", map(_glob_in_words, self.rules)),
            _sentence("The artifact is", self.digests),
            _sentence("The artifact's name is", map(_glob_in_words, self.artifacts)),
            _sentence("The artifact carries the label", labels, joined=" and "),
            _sentence("The service is", self.services),
            _sentence("The environment is", self.environments),
        )
        return (*filter(None, said), *self._left_open())

    def _left_open(self) -> tuple[str, ...]:
        stated = {
            "every artifact": self.digests or self.artifacts or self.labels,
            "every service": self.services,
            "every environment": self.environments,
        }
        everywhere = [words for words, values in stated.items() if not values]
        return (f"It holds for {_listed(everywhere, joined=' and ')}.",) if everywhere else ()


_DIMENSIONS: Final = tuple(dimension.name for dimension in fields(Scope))


def read_scope(document: JsonValue, *, faults: list[Fault], pointer: str = "/scope") -> Scope:
    """Return the scope a client wrote, in its one spelling; every mistake is added to `faults` with its place.

    At least one of vulnerabilities, packages and rules has to name something: `pkg:npm/*` alone would be everything.
    With a fault the scope holds only what could be read, and nobody may act on it.
    """
    stated = read_object(document, names=_DIMENSIONS, code="scope", pointer=pointer, faults=faults)
    reader = reading.ScopeReader(stated, pointer=pointer, faults=faults)
    scope = Scope(
        vulnerabilities=reader.values("vulnerabilities", reading.vulnerability),
        packages=reader.values("packages", reading.package),
        digests=reader.values("digests", reading.artifact_digest),
        artifacts=reader.values("artifacts", reading.pattern),
        labels=reader.labels("labels"),
        services=reader.values("services", reading.slug),
        environments=reader.values("environments", reading.slug),
        rules=reader.values("rules", reading.pattern),
    )
    if not _names_something(scope) and not reader.misread & {"vulnerabilities", "packages", "rules"}:
        message = f"a scope needs a vulnerability, a package or a rule that names something, such as {EXAMPLE}"
        faults.append(Fault(pointer, "scope.too_open", message))
    return scope


def narrower(inner: Scope, outer: Scope) -> bool:
    """Whether everything `inner` matches is proven to be matched by `outer`; False where there is no proof.

    Aliases are not known here: another name of the same vulnerability proves nothing. What kinds of finding may be
    covered at all depends on the type of the exception beside its scope.
    """
    if inner == outer:
        return True
    if not outer.names_something or not set(outer.labels) <= set(inner.labels):
        return False
    return (
        _among(inner.vulnerabilities, outer.vulnerabilities)
        and _among(inner.digests, outer.digests)
        and _among(inner.services, outer.services)
        and _among(inner.environments, outer.environments)
        and _within_globs(inner.artifacts, outer.artifacts)
        and _within_globs(inner.rules, outer.rules)
        and _within_packages(inner.packages, outer.packages)
    )


def _names_something(scope: Scope) -> bool:
    names_packages = scope.packages and all(read_pattern(one.pattern).names_something for one in scope.packages)
    return bool(scope.vulnerabilities or names_packages or scope.rules)


def _among(inner: tuple[str, ...], outer: tuple[str, ...]) -> bool:
    return not outer or (bool(inner) and set(inner) <= set(outer))


def _within_globs(inner: tuple[str, ...], outer: tuple[str, ...]) -> bool:
    if not outer:
        return True
    return bool(inner) and all(any(globs.includes(wide, narrow) for wide in outer) for narrow in inner)


def _within_packages(inner: tuple[PackageScope, ...], outer: tuple[PackageScope, ...]) -> bool:
    if not outer:
        return True
    wide = [wanted for wanted in map(wanted_package, outer) if wanted]
    narrow = [wanted for wanted in map(wanted_package, inner) if wanted]
    return bool(inner) and all(any(one.includes(other) for one in wide) for other in narrow)


def _sentence(opening: str, values: Iterable[str], *, joined: str = " or ") -> str:
    said = list(values)
    return f"{opening} {_listed(said, joined=joined)}." if said else ""


def _listed(values: list[str], *, joined: str) -> str:
    return joined.join([", ".join(values[:-1]), values[-1]]) if len(values) > 1 else values[0]


def _package_in_words(package: PackageScope) -> str:
    wanted = wanted_package(package)
    pattern = f"like {package.pattern}" if wanted and wanted.pattern.wildcards else package.pattern
    constraints = package.versions.partition("/")[2]
    return f"{pattern} in the versions {constraints}" if constraints else pattern


def _glob_in_words(pattern: str) -> str:
    return f"like {pattern}" if is_glob(pattern) else pattern


def _list(stored: JsonValue) -> list[JsonValue]:
    if not isinstance(stored, list):
        raise ValueError(f"not a list of a scope: {stored!r}")  # noqa: TRY004 - the caller is told of one kind of mistake
    return stored


def _texts(stored: JsonValue) -> tuple[str, ...]:
    texts = tuple(text for text in _list(stored) if isinstance(text, str))
    if len(texts) < len(_list(stored)):
        raise ValueError(f"not the values of a scope: {stored!r}")
    return texts


def _labels(stored: JsonValue) -> tuple[tuple[str, str], ...]:
    if not isinstance(stored, Mapping) or not all(isinstance(value, str) for value in stored.values()):
        raise ValueError(f"not the labels of a scope: {stored!r}")
    return tuple((name, str(value)) for name, value in stored.items())


def _package(stored: JsonValue) -> PackageScope:
    match stored:
        case {"pattern": str(pattern), "versions": str(versions)}:
            return PackageScope(pattern, versions)
        case _:
            raise ValueError(f"not a package of a scope: {stored!r}")
