"""Which changes of a feed are news: a threshold crossed, a far move, a first or last word, a KEV entry."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.decimals import epss_units

BANDS = ("very_low", "low", "medium", "high", "critical")
"""The bands between the shipped thresholds .10, .30, .60 and .90, lower bounds inclusive."""
_BAND_BOUNDS = (10_000, 30_000, 60_000, 90_000)


@dataclass(frozen=True, slots=True)
class NewsRule:
    """From where an EPSS change is news: thresholds (inclusive from below) and a distance, in 10⁻⁵."""

    thresholds: tuple[int, ...] = _BAND_BOUNDS
    distance: int = 10_000

    @classmethod
    def of(cls, thresholds: Iterable[str], distance: str) -> "NewsRule":
        """Return the rule written as decimals ("0.1", "0.3"); raises ValueError for what is no probability."""
        bounds = tuple(sorted({epss_units(one) for one in thresholds}))
        far = epss_units(distance)
        if any(not 0 < bound <= epss_units(1) for bound in (*bounds, far)):
            raise ValueError("thresholds and distance of EPSS news lie above 0 and at most at 1")
        return cls(bounds, far)


def band_of(score: int) -> str:
    """Return the band of a probability in 10⁻⁵."""
    return BANDS[bisect_right(_BAND_BOUNDS, score)]


@dataclass(frozen=True, slots=True)
class Listing:
    """One KEV entry as far as a change of it is noticed."""

    cve: str
    name: str
    date_added: date
    due_date: date
    ransomware: bool | None


@dataclass(frozen=True, slots=True)
class KevDifference:
    """What a catalogue changes; `amended` gives for each CVE the members that differ, as [before, after]."""

    listed: tuple[Listing, ...] = ()
    amended: Mapping[str, Mapping[str, JsonValue]] = field(default_factory=dict)
    removed: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """How many entries are touched."""
        return len(self.listed) + len(self.amended) + len(self.removed)


def compare_catalogues(known: Sequence[Listing], wanted: Sequence[Listing]) -> KevDifference:
    """Return what has to happen to `known` so that it says what `wanted` says, in the order of the CVEs."""
    before = {listing.cve: listing for listing in known}
    after = {listing.cve: listing for listing in wanted}
    amended = {
        cve: _differences(before[cve], after[cve])
        for cve in sorted(before.keys() & after.keys())
        if before[cve] != after[cve]
    }
    return KevDifference(
        listed=tuple(after[cve] for cve in sorted(after.keys() - before.keys())),
        amended=amended,
        removed=tuple(sorted(before.keys() - after.keys())),
    )


def _differences(before: Listing, after: Listing) -> dict[str, JsonValue]:
    pairs: dict[str, tuple[JsonValue, JsonValue]] = {
        "name": (before.name, after.name),
        "date_added": (before.date_added.isoformat(), after.date_added.isoformat()),
        "due_date": (before.due_date.isoformat(), after.due_date.isoformat()),
        "ransomware": (before.ransomware, after.ransomware),
    }
    return {member: list(pair) for member, pair in pairs.items() if pair[0] != pair[1]}
