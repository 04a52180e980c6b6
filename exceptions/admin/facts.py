"""What the approvers saw beside the facts of today, field by field, what got worse marked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from exceptions.rules.facts import SeenFacts, compare, in_words
from stellapolicy.admin import cells

MOST_ROWS: Final = 100
FIELDS: Final = ("severity", "cvss", "epss", "kev", "fix", "reachability", "vex", "versions", "artifacts")
_ROW: Final = "finding"
_ABBREVIATED: Final = frozenset({"cvss", "epss", "kev", "vex"})


@dataclass(frozen=True, slots=True)
class FactCell:
    """One field: as it was seen, and as it is where that differs."""

    field: str
    before: str
    now: str = ""
    is_worse: bool = False

    @property
    def title(self) -> str:
        """What the field is called: an abbreviation in capitals, a word as a word."""
        return self.field.upper() if self.field in _ABBREVIATED else cells.spoken(self.field).capitalize()


@dataclass(frozen=True, slots=True)
class FactLine:
    """One vulnerability in one package; `standing` says whether it is new or gone since."""

    vulnerability: str
    package: str
    cells: tuple[FactCell, ...]
    standing: str = ""
    is_worse: bool = False


@dataclass(frozen=True, slots=True)
class FactTable:
    """Every line, those that got worse first; `hidden` are those there is no room for."""

    lines: tuple[FactLine, ...]
    worse: int
    hidden: int


def beside(seen: Sequence[SeenFacts], today: Sequence[SeenFacts]) -> FactTable:
    """Return what was seen beside what is known today."""
    changed: dict[tuple[str, str], dict[str, tuple[str, str, bool]]] = {}
    for change in compare(seen, today):
        fields = changed.setdefault((change.vulnerability, change.package), {})
        fields[change.field] = (change.before, change.now, change.worse)
    known = {row.key: row for row in (*today, *seen)}
    lines = sorted(
        (_line(row, changed.get(key, {})) for key, row in known.items() if row.package or _is_alone(row, known)),
        key=lambda line: (not line.is_worse, line.vulnerability, line.package),
    )
    worse = sum(line.is_worse for line in lines)
    return FactTable(tuple(lines[:MOST_ROWS]), worse, max(len(lines) - MOST_ROWS, 0))


def _is_alone(row: SeenFacts, known: Iterable[tuple[str, str]]) -> bool:
    """Whether nothing but the vulnerability as such is known: else its packages say all of it."""
    return not any(vulnerability == row.vulnerability and package for vulnerability, package in known)


def _line(row: SeenFacts, fields: dict[str, tuple[str, str, bool]]) -> FactLine:
    found = [_cell(row, field, fields.get(field)) for field in FIELDS]
    before, now, is_new = fields.get(_ROW, ("", "", False))
    standing = {"found": "gone", "not seen": "new"}.get(before, "") if now or before else ""
    return FactLine(
        row.vulnerability, row.package, tuple(found), standing, is_new or any(cell.is_worse for cell in found)
    )


def _cell(row: SeenFacts, field: str, change: tuple[str, str, bool] | None) -> FactCell:
    if change is None:
        return FactCell(field, in_words(row, field))
    before, now, worse = change
    return FactCell(field, before, now, worse)
