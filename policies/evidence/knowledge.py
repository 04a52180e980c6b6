"""What the feeds knew at the moment of an evaluation, frozen so that the evaluation can be repeated."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import rfc3339


@dataclass(frozen=True, slots=True)
class EpssKnowledge:
    """Exploit probability and percentile of one CVE, in 10⁻⁵."""

    score: int
    percentile: int


@dataclass(frozen=True, slots=True)
class KevKnowledge:
    """What the catalogue of known exploited vulnerabilities says of one CVE."""

    due_date: date
    ransomware: bool | None


@dataclass(frozen=True, slots=True)
class FeedKnowledge:
    """How a connected feed stood; a feed never connected has no entry, one that never delivered no `checked_at`.

    `checked_at` is the last successful check, also where `is_failed` says that the ones after it failed.
    """

    checked_at: datetime | None
    model_date: date | None
    version: str
    digest: str
    is_failed: bool = False


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Everything the feeds contribute to one evaluation: only the CVEs it asks about."""

    epss: Mapping[str, EpssKnowledge]
    kev: Mapping[str, KevKnowledge]
    feeds: Mapping[str, FeedKnowledge]

    def epss_of(self, identifiers: Iterable[str]) -> EpssKnowledge | None:
        """Return the highest prediction among the names of one vulnerability."""
        known = [self.epss[name] for name in identifiers if name in self.epss]
        return max(known, key=lambda found: (found.score, found.percentile)) if known else None

    def kev_of(self, identifiers: Iterable[str]) -> KevKnowledge | None:
        """Return the entry that is due first among the names of one vulnerability."""
        known = [self.kev[name] for name in identifiers if name in self.kev]
        return min(known, key=lambda found: found.due_date) if known else None

    def consulted(self, feed: str) -> bool:
        """Whether a feed ever delivered, so that its silence about a CVE means something."""
        return feed in self.feeds and self.feeds[feed].checked_at is not None

    def to_json(self) -> dict[str, JsonValue]:
        """Return the form that a decision freezes."""
        return {
            "epss": {cve: [known.score, known.percentile] for cve, known in sorted(self.epss.items())},
            "kev": {
                cve: {"due_date": known.due_date.isoformat(), "ransomware": known.ransomware}
                for cve, known in sorted(self.kev.items())
            },
            "feeds": {name: _frozen(feed) for name, feed in sorted(self.feeds.items())},
        }

    @classmethod
    def from_json(cls, frozen: Mapping[str, Mapping[str, object]]) -> "Knowledge":
        """Return what `to_json` froze."""
        return cls(
            epss={cve: EpssKnowledge(*_pair(value)) for cve, value in frozen["epss"].items()},
            kev={cve: _kev(value) for cve, value in frozen["kev"].items()},
            feeds={name: _feed(value) for name, value in frozen["feeds"].items()},
        )


def _pair(value: object) -> tuple[int, int]:
    match value:
        case [int(score), int(percentile)]:
            return score, percentile
        case _:
            raise ValueError(f"not a frozen EPSS value: {value!r}")


def _kev(value: object) -> KevKnowledge:
    match value:
        case {"due_date": str(due), "ransomware": bool() | None as ransomware}:
            return KevKnowledge(date.fromisoformat(due), ransomware)
        case _:
            raise ValueError(f"not a frozen KEV value: {value!r}")


def _frozen(feed: FeedKnowledge) -> dict[str, JsonValue]:
    """Return how a feed stood; a failure is said only where there is one, as in decisions made before it was known."""
    said: dict[str, JsonValue] = {
        "checked_at": rfc3339(feed.checked_at) if feed.checked_at else None,
        "model_date": feed.model_date.isoformat() if feed.model_date else None,
        "version": feed.version,
        "digest": feed.digest,
    }
    return {**said, "failed": True} if feed.is_failed else said


def _feed(value: object) -> FeedKnowledge:
    match value:
        case {
            "checked_at": str() | None as checked,
            "model_date": str() | None as model,
            "version": str(version),
            "digest": str(digest),
            **more,
        }:
            return FeedKnowledge(
                checked_at=datetime.fromisoformat(checked) if checked else None,
                model_date=date.fromisoformat(model) if model else None,
                version=version,
                digest=digest,
                is_failed=more.get("failed") is True,
            )
        case _:
            raise ValueError(f"not a frozen feed state: {value!r}")
