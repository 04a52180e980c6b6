"""Profiles: the named maps, tables and values that all rules of a pack share."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from policies.language import tree
from policies.language.checker import expressions
from policies.language.checker.scope import Place, Scope
from policies.language.checker.size import Sizes
from policies.language.diagnostics import did_you_mean
from policies.language.source import Source, Span
from policies.language.terms import Table, Term

_PARTS_OF_A_PATH = 3


@dataclass(slots=True)
class _Entry:
    """One entry: where it was written, its term once it was read, and whether any rule uses it."""

    scope: Scope
    node: tree.ProfileEntry
    term: Term | None = None
    is_read: bool = False
    is_used: bool = False


@dataclass(slots=True)
class Profiles:
    """Every entry of every profile of a pack, by `profile.<profile>.<entry>`."""

    sizes: Sizes
    entries: dict[str, _Entry] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)

    def add(self, scope: Scope, profile: tree.Profile) -> None:
        """Take up the entries of a profile; a name that is taken is reported."""
        for entry in profile.entries:
            path = f"profile.{profile.name.text}.{entry.name.text}"
            if path in self.entries:
                scope.gathering.report("E307", entry.name.span, f"`{path}` is given twice in this pack")
            else:
                self.entries[path] = _Entry(scope.at(Place.FINDING), entry)

    def read_all(self) -> None:
        """Read what no rule uses too, so that its mistakes are reported."""
        for path, entry in self.entries.items():
            if isinstance(entry.node, tree.SourceMap):
                self._report_repeated_sources(entry)
            else:
                self._term(path, entry)

    def value(self, scope: Scope, node: tree.Path) -> Term | None:
        """Return the term of a table or scalar, or None after reporting what is wrong."""
        found = self._find(scope, node)
        if found is None:
            return None
        path, entry = found
        if isinstance(entry.node, tree.SourceMap):
            hint = f"look an adjustment up: `{path}[advisory.source]`"
            scope.gathering.report("E308", node.span, f"`{path}` is a map, not a value", hint=hint)
            return None
        if path in self._open:
            circle = " → ".join([*self._open[self._open.index(path) :], path])
            scope.gathering.report("E317", node.span, f"this value depends on itself: {circle}")
            return None
        term = self._term(path, entry)
        return None if term is None or not self.sizes.fits(scope, term, node.span) else term

    def map_name(self, scope: Scope, node: tree.Path) -> str | None:
        """Return the name of a source map, or None after reporting what is wrong."""
        found = self._find(scope, node)
        if found is None:
            return None
        path, entry = found
        if not isinstance(entry.node, tree.SourceMap):
            scope.gathering.report("E308", node.span, f"`{path}` is not a map; use it without `[…]`")
            return None
        return path

    def used_maps(self) -> dict[str, dict[str, float]]:
        """Return the source maps that rules use, by name, rows sorted by source."""
        return {
            path: {row.source.value: float(row.adjustment.value) for row in sorted(entry.node.rows, key=_source)}
            for path, entry in sorted(self.entries.items())
            if entry.is_used and isinstance(entry.node, tree.SourceMap)
        }

    def unused(self) -> Iterator[tuple[str, Source, Span]]:
        """Yield the path of every entry that nothing uses, and where it was written."""
        for path, entry in self.entries.items():
            if not entry.is_used:
                yield path, entry.scope.gathering.source, entry.node.name.span

    def _find(self, scope: Scope, node: tree.Path) -> tuple[str, _Entry] | None:
        entry = self.entries.get(node.dotted)
        if entry is None or len(node.names) != _PARTS_OF_A_PATH:
            hint = did_you_mean(node.dotted, self.entries)
            scope.gathering.report("E306", node.span, f"`{node.dotted}` is not a value of a profile", hint=hint)
            return None
        entry.is_used = True
        return node.dotted, entry

    def _term(self, path: str, entry: _Entry) -> Term | None:
        if not entry.is_read:
            entry.is_read = True
            self._open.append(path)
            entry.term = self._read(entry)
            self._open.pop()
        return entry.term

    def _read(self, entry: _Entry) -> Term | None:
        match entry.node:
            case tree.Scalar(_, value):
                found = expressions.check(entry.scope, value)
            case tree.EnvironmentTable(_, rows):
                found = self._table(entry.scope, rows)
            case _:
                found = None
        if found is None or not self.sizes.fits(entry.scope, found, entry.node.span):
            return None
        self.sizes.remember(found)
        return found

    def _table(self, scope: Scope, rows: tuple[tree.EnvironmentRow, ...]) -> Term | None:
        conditions = [expressions.check_truth(scope, row.condition) for row in rows]
        whole = [condition for condition in conditions if condition is not None]
        if len(whole) < len(rows):
            return None
        return Table(tuple((one, float(row.adjustment.value)) for one, row in zip(whole, rows, strict=True)))

    def _report_repeated_sources(self, entry: _Entry) -> None:
        seen: set[str] = set()
        for row in entry.node.rows if isinstance(entry.node, tree.SourceMap) else ():
            if row.source.value in seen:
                entry.scope.gathering.report(
                    "E307", row.source.span, f'the source "{row.source.value}" stands here twice'
                )
            seen.add(row.source.value)


def _source(row: tree.MapRow) -> str:
    return row.source.value
