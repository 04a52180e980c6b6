"""Which reports of an artifact are its present evidence: of every tool the latest, nothing else thrown away."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from policies.importers.records import SourceType


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides whether a later report takes the place of this one.

    `kinds` are the kinds of finding it has rows of, `covers` those it looked for; `filters` is what it admits to
    leave out, `document` its own name where it is a statement rather than a scan.
    """

    digest: str
    tool: tuple[str, str, str]
    kinds: frozenset[str]
    filters: frozenset[str]
    scanned_at: datetime | None
    received_at: datetime
    covers: frozenset[str] = frozenset()
    document: str = ""

    def gives_way_to(self, other: "Standing") -> bool:
        """Whether `other` says anew, and later, all that this report says.

        INVARIANT: never to a report of another tool, with a filter more, or silent about a kind this one speaks of;
        so taking evidence in cannot hide what was known. What is undated gives way only to what is undated.
        """
        if self.tool != other.tool or not self._same_document(other):
            return False
        if not other.filters <= self.filters or not self.kinds <= other.kinds | other.covers:
            return False
        if self.scanned_at is None or other.scanned_at is None:
            return self.scanned_at is other.scanned_at and self.received_at < other.received_at
        return self.scanned_at < other.scanned_at

    def _same_document(self, other: "Standing") -> bool:
        statement = self.tool[2] == SourceType.VEX.value
        return not statement or (self.document != "" and self.document == other.document)


def present(reports: Iterable[Standing]) -> frozenset[str]:
    """Return the digests of the reports that nothing later took the place of; the order given does not matter."""
    by_tool: dict[tuple[str, str, str], list[Standing]] = {}
    for one in reports:
        by_tool.setdefault(one.tool, []).append(one)
    return frozenset(one.digest for group in by_tool.values() for one in group if not _outdone(one, group))


def _outdone(one: Standing, group: Collection[Standing]) -> bool:
    return any(one.gives_way_to(other) for other in group)
