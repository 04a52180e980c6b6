"""What a name means: it depends on the pack and on where the name stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from policies.language.diagnostics import Gathering
from policies.language.facts import CATALOGUE, OPTIONAL_GROUPS, STATEMENT_FIELDS, FactSpec
from policies.language.limits import Limits
from policies.language.source import Source, Span
from policies.language.terms import Fact, LatestStatement, StatementField, Term
from policies.language.types import Type
from policies.language.verdict import Status

if TYPE_CHECKING:
    from policies.language.checker.profiles import Profiles

STATUSES: Final = tuple(status.value for status in Status)


class Place(StrEnum):
    """Where an expression stands, which decides what its names mean."""

    FINDING = "finding"
    STATEMENT = "statement"
    RELEASE = "release"
    RELEASE_FINDING = "release_finding"
    EXPECTATION = "expectation"

    @property
    def reads_facts(self) -> bool:
        """Whether the facts of one finding can be read here."""
        return self in {Place.FINDING, Place.STATEMENT, Place.RELEASE_FINDING}


def _expected(path: str, kind: Type, words: tuple[str, ...] = ()) -> FactSpec:
    return FactSpec(path, kind, "verdict", "", None, words)


EXPECTATIONS: Final[Mapping[str, FactSpec]] = {
    spec.path: spec
    for spec in (
        _expected("status", Type.STRING, STATUSES),
        _expected("worst", Type.STRING, STATUSES),
        _expected("severity", Type.SEVERITY),
        _expected("score", Type.NUMBER),
        _expected("confidence", Type.NUMBER),
        _expected("rule", Type.STRING),
        _expected("because", Type.STRING),
        _expected("code", Type.STRING),
        _expected("undecided", Type.BOOL),
        _expected("messages", Type.STRINGS),
        _expected("matched_rules", Type.STRINGS),
        _expected("unknown_facts", Type.STRINGS),
        _expected("release.status", Type.STRING, STATUSES),
        _expected("release.rule", Type.STRING),
        _expected("release.undecided", Type.BOOL),
        _expected("release.matched_rules", Type.STRINGS),
    )
}
"""What a test may expect: the verdict of its finding, and of a release that holds nothing else."""


@dataclass(slots=True)
class Names:
    """The names a pack gives meaning to, besides the catalogue, and where each term was written.

    INVARIANT: `places` keeps its terms alive, so that an identity is never used again for another term.
    """

    groups: frozenset[str]
    signals: dict[str, Type] = field(default_factory=dict)
    annotations: dict[str, Type] = field(default_factory=dict)
    places: dict[int, tuple[Term, Source, Span]] = field(default_factory=dict)

    def put(self, term: Term, source: Source, span: Span) -> None:
        """Remember where a term was written."""
        self.places.setdefault(id(term), (term, source, span))

    def place(self, term: Term) -> tuple[Source, Span] | None:
        """Return where a term was written, or None for one the checker made."""
        found = self.places.get(id(term))
        return None if found is None else found[1:]

    def fact(self, path: str) -> FactSpec | None:
        """Return the fact of a path, a declared signal among them."""
        declared = self.signals.get(path)
        if declared is not None:
            return FactSpec(path, declared, "signals", "", None)
        return CATALOGUE.get(path)

    def is_off(self, spec: FactSpec) -> bool:
        """Whether the fact belongs to a group that no source delivers."""
        return spec.group in OPTIONAL_GROUPS and spec.group not in self.groups

    def paths(self) -> tuple[str, ...]:
        """Return every path a policy of this pack may read, for hints."""
        known = (path for path, spec in CATALOGUE.items() if not self.is_off(spec))
        return (*known, *self.signals)


@dataclass(slots=True)
class Scope:
    """One place of one file: where names are looked up and mistakes are reported."""

    place: Place
    names: Names
    profiles: "Profiles"
    gathering: Gathering
    limits: Limits

    def at(self, place: Place) -> "Scope":
        """Return this scope at another place of the same file."""
        return Scope(place, self.names, self.profiles, self.gathering, self.limits)

    def specification(self, path: str) -> FactSpec | None:
        """Return what a path stands for here: a field of a statement first, then a fact, or a part of a verdict."""
        if self.place is Place.EXPECTATION:
            annotated = self.names.annotations.get(path)
            return EXPECTATIONS.get(path) if annotated is None else _expected(path, annotated)
        if self.place is Place.STATEMENT and path in STATEMENT_FIELDS:
            return STATEMENT_FIELDS[path]
        return self.names.fact(path)

    def known_paths(self) -> tuple[str, ...]:
        """Return what could have been meant here, for hints."""
        if self.place is Place.EXPECTATION:
            return (*EXPECTATIONS, *self.names.annotations)
        own = tuple(STATEMENT_FIELDS) if self.place is Place.STATEMENT else ()
        return own + self.names.paths()


def words_of(scope: Scope, term: Term) -> tuple[str, ...]:
    """Return the closed words a term can be, or nothing where it is open."""
    match term:
        case Fact(path, _):
            spec = scope.specification(path)
            return spec.words if spec else ()
        case StatementField(name, _):
            return STATEMENT_FIELDS[name].words
        case LatestStatement(_, "status", _):
            return CATALOGUE["vex.status"].words
        case LatestStatement(_, name, _):
            return STATEMENT_FIELDS[name].words
        case _:
            return ()
