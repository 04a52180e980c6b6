"""The compiled index: which exceptions cover a finding, the winner first, without asking each of them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, TypeAlias, TypeVar

from exceptions.matching.patterns import Package, WantedPackage, package_of, wanted_package
from exceptions.matching.scope import Scope
from exceptions.matching.specificity import specificity
from exceptions.matching.standing import StandingException
from exceptions.matching.subject import Place, Subject, may_cover
from stellapolicy.kernel.globs import glob, is_glob

# A scope with more pairs of a subject and a place than this is kept by its subjects alone.
_MOST_PAIRS: Final = 1_000
# So many places, and so many texts under globs, are remembered.
_MOST_REMEMBERED: Final = 16_384

_PlaceKey: TypeAlias = tuple[str, str]
_ANYWHERE: Final[_PlaceKey] = ("anywhere", "")
_WILDCARD = re.compile(r"[*?]")

_Key = TypeVar("_Key")
_Kept = TypeVar("_Kept")
_Remembered = TypeVar("_Remembered")


class ExceptionIndex:
    """Exceptions in whatever state, each kept under what its scope is most particular about; it reads no clock.

    INVARIANT: where an exception is kept decides only who is asked; whether it covers is always decided by its whole
    scope, so that the index gives what asking every exception would give.
    """

    def __init__(self, exceptions: Iterable[StandingException]) -> None:
        self._entries = [_Entry.of(one) for one in in_order(exceptions)]
        self._tables: dict[_PlaceKey, _Table] = {}
        self._artifacts: _Globs[_PlaceKey] = _Globs()
        self._places: dict[Place, _Surroundings] = {}
        for rank, entry in enumerate(self._entries):
            self._keep(rank, entry)

    def covering(self, subject: Subject, place: Place, *, at: datetime) -> tuple[StandingException, ...]:
        """Return the exceptions that apply at this instant and cover the finding: the winner, then the shadowed."""
        return tuple(one for one in self._found(subject, place) if one.applies(at))

    def in_scope(self, subject: Subject, place: Place) -> tuple[StandingException, ...]:
        """Return the exceptions whose scope covers the finding, in the same order, whatever their state and window."""
        return tuple(self._found(subject, place))

    def _found(self, subject: Subject, place: Place) -> Iterator[StandingException]:
        surroundings = self._surroundings(place)
        package = package_of(subject.purl)
        asked: set[int] = set()
        for table in surroundings.tables:
            table.collect(subject, package, asked)
        for rank in sorted(asked):
            entry = self._entries[rank]
            if entry.covers(subject, package, surroundings):
                yield entry.exception

    def _keep(self, rank: int, entry: "_Entry") -> None:
        scope = entry.exception.scope
        subjects = max(len(scope.vulnerabilities or scope.packages or scope.rules), 1)
        keys = self._place_keys(scope)
        for key in keys if subjects * len(keys) <= _MOST_PAIRS else [_ANYWHERE]:
            self._tables.setdefault(key, _Table()).keep(rank, entry)

    def _place_keys(self, scope: Scope) -> list[_PlaceKey]:
        if scope.digests:
            return [("digest", digest) for digest in scope.digests]
        if scope.services:
            return [("service", service) for service in scope.services]
        if scope.artifacts:
            for pattern in scope.artifacts:
                self._artifacts.add(pattern, ("artifact", pattern))
            return [("artifact", pattern) for pattern in scope.artifacts]
        if scope.labels:
            return [_label_key(scope.labels[0])]
        return [("environment", environment) for environment in scope.environments] or [_ANYWHERE]

    def _surroundings(self, place: Place) -> "_Surroundings":
        known = self._places.get(place)
        if known is None:
            _make_room(self._places)
            known = self._places[place] = self._look_around(place)
        return known

    def _look_around(self, place: Place) -> "_Surroundings":
        """Return a place with the tables of what can hold there; this is where names are matched, once a place."""
        names = place.names
        keys: list[_PlaceKey] = [
            _ANYWHERE,
            ("digest", place.artifact_digest),
            ("service", place.service),
            ("environment", place.environment),
            *dict.fromkeys(key for name in sorted(names) for key in self._artifacts.matching(name)),
            *map(_label_key, place.labels),
        ]
        tables = tuple(self._tables[key] for key in keys if key in self._tables)
        return _Surroundings(place, names, frozenset(place.labels), tables)


def _label_key(label: tuple[str, str]) -> _PlaceKey:
    return ("label", "=".join(label))


def in_order(exceptions: Iterable[StandingException]) -> list[StandingException]:
    """Return exceptions the winner first: the most specific, then the later approval, then the id."""
    by_id = sorted(exceptions, key=lambda one: (one.id, one.terms_digest))
    by_approval = sorted(by_id, key=lambda one: one.approved_at, reverse=True)
    return sorted(by_approval, key=lambda one: specificity(one.scope), reverse=True)


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """A place, taken apart once for all its findings."""

    place: Place
    names: frozenset[str]
    labels: frozenset[tuple[str, str]]
    tables: tuple["_Table", ...]

    def lies_in(self, scope: Scope) -> bool:
        """Whether the scope holds here."""
        return (
            (not scope.digests or self.place.artifact_digest in scope.digests)
            and (not scope.services or self.place.service in scope.services)
            and (not scope.environments or self.place.environment in scope.environments)
            and (not scope.artifacts or any(glob(wanted)(name) for wanted in scope.artifacts for name in self.names))
            and self.labels.issuperset(scope.labels)
        )


@dataclass(frozen=True, slots=True)
class _Entry:
    """An exception, with the packages of its scope read once."""

    exception: StandingException
    vulnerabilities: frozenset[str]
    packages: tuple[WantedPackage, ...]

    @classmethod
    def of(cls, exception: StandingException) -> "_Entry":
        read = map(wanted_package, exception.scope.packages)
        return cls(exception, frozenset(exception.scope.vulnerabilities), tuple(one for one in read if one))

    def covers(self, subject: Subject, package: Package | None, surroundings: _Surroundings) -> bool:
        """Whether the exception covers the finding; the dearest question, that of versions, comes last."""
        exception, scope = self.exception, self.exception.scope
        if self.vulnerabilities and self.vulnerabilities.isdisjoint(subject.names):
            return False
        if scope.rules and not (subject.rule and any(glob(rule)(subject.rule) for rule in scope.rules)):
            return False
        if not may_cover(exception.type, exception.effect, scope, subject) or not surroundings.lies_in(scope):
            return False
        return not scope.packages or (package is not None and any(one.covers(package) for one in self.packages))


class _Table:
    """Ranks of exceptions by what they name first: a vulnerability, else a package, else a rule."""

    def __init__(self) -> None:
        self._exact: dict[tuple[str, str], list[int]] = {}
        self._paths: dict[str, _Globs[int]] = {}
        self._rules: _Globs[int] = _Globs()

    def keep(self, rank: int, entry: _Entry) -> None:
        """Keep an exception; one that names nothing is kept nowhere, and covers nothing."""
        scope = entry.exception.scope
        if scope.vulnerabilities:
            for name in scope.vulnerabilities:
                self._exact.setdefault(("vulnerability", name), []).append(rank)
        elif scope.packages:
            for wanted in entry.packages:
                self._keep_package(rank, wanted)
        else:
            for rule in scope.rules:
                self._rules.add(rule, rank)

    def _keep_package(self, rank: int, wanted: WantedPackage) -> None:
        pattern = wanted.pattern
        if pattern.name:
            self._exact.setdefault(("package", pattern.identity or pattern.name), []).append(rank)
        else:
            self._paths.setdefault(pattern.type, _Globs()).add(pattern.path, rank)

    def collect(self, subject: Subject, package: Package | None, into: set[int]) -> None:
        """Add the ranks of all exceptions that may cover the finding."""
        for name in subject.names:
            into.update(self._exact.get(("vulnerability", name), ()))
        if subject.rule:
            into.update(self._rules.matching(subject.rule))
        if package is None:
            return
        into.update(self._exact.get(("package", package.identity), ()))
        into.update(self._exact.get(("package", package.name), ()))
        for kind in (package.type, ""):
            if kind in self._paths:
                into.update(self._paths[kind].matching(package.path))


class _Globs(Generic[_Kept]):
    """What is kept under globs; a text asks those that begin as it does, and only once: findings share their words."""

    def __init__(self) -> None:
        self._literal: dict[str, list[_Kept]] = {}
        self._wild: dict[str, dict[str, list[_Kept]]] = {}
        self._known: dict[str, tuple[_Kept, ...]] = {}

    def add(self, pattern: str, kept: _Kept) -> None:
        """Keep something under a pattern."""
        if is_glob(pattern):
            beginning = _WILDCARD.split(pattern, maxsplit=1)[0]
            self._wild.setdefault(beginning, {}).setdefault(pattern, []).append(kept)
        else:
            self._literal.setdefault(pattern, []).append(kept)

    def matching(self, text: str) -> tuple[_Kept, ...]:
        """Return what is kept under every glob that matches the text."""
        known = self._known.get(text)
        if known is None:
            _make_room(self._known)
            known = self._known[text] = tuple(self._matched(text))
        return known

    def _matched(self, text: str) -> Iterator[_Kept]:
        yield from self._literal.get(text, ())
        for end in range(len(text) + 1 if self._wild else 0):
            for pattern, kept in self._wild.get(text[:end], {}).items():
                if glob(pattern)(text):
                    yield from kept


def _make_room(remembered: dict[_Key, _Remembered]) -> None:
    if len(remembered) >= _MOST_REMEMBERED:
        remembered.clear()
