"""What was known of each vulnerability when somebody agreed to live with it, and what is different today."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.decimals import CVSS_UNITS, EPSS_UNITS, from_units
from stellapolicy.kernel.severity import RANKS, Severity

MOST_VERSIONS: Final = 50
NOT_SEEN: Final = "not seen"
REACHABLE: Final = "reachable"
LIKELY_EXPLOITED: Final = 50_000
"""The EPSS, in 10⁻⁵, from which a vulnerability counts like one that is known to be exploited."""
DISMISSED: Final = frozenset({"not_affected", "fixed"})
_TRUST_UNITS = 10_000
_UNKNOWN = "unknown"
_SEVERITIES = frozenset(Severity)
_REACHABILITY = {"reachable": 2, "unknown": 1, "unreachable": 0}
_VEX = {"affected": 3, "under_investigation": 2, "none": 1, "not_affected": 0, "fixed": 0}
_KEV_WORDS = {True: "listed", False: "not listed", None: _UNKNOWN}
_FIX_WORDS = {True: "available", False: "none", None: _UNKNOWN}


@dataclass(frozen=True, slots=True)
class SeenFacts:
    """What is known of one vulnerability in one package, the worst over all findings of the two.

    severity, reachability and vex are words of their scales. package: a purl without its version; "" is the
    vulnerability as such. cvss in tenths, epss in 10⁻⁵, vex_trust in basis points. None is what nobody could say.
    """

    vulnerability: str
    package: str
    severity: str = _UNKNOWN
    cvss: int | None = None
    cvss_vector: str = ""
    epss: int | None = None
    epss_date: str | None = None
    kev: bool | None = None
    fix: bool | None = None
    reachability: str = _UNKNOWN
    vex: str = "none"
    vex_trust: int = 0
    versions: tuple[str, ...] = ()
    artifacts: int = 0

    def __post_init__(self) -> None:
        if self.severity not in _SEVERITIES or self.reachability not in _REACHABILITY or self.vex not in _VEX:
            raise ValueError(f"not on our scales: {self.severity!r}, {self.reachability!r} or {self.vex!r}")

    @property
    def key(self) -> tuple[str, str]:
        """What the row speaks of: there is one row of each in a snapshot."""
        return self.vulnerability, self.package

    @property
    def is_dismissed(self) -> bool:
        """Whether a VEX statement says that nothing is to be done."""
        return self.vex in DISMISSED

    def to_json(self) -> dict[str, JsonValue]:
        """Return the row as it is hashed and stored, every field stated."""
        return {
            "vulnerability": self.vulnerability,
            "package": self.package,
            "severity": str(self.severity),
            "cvss": self.cvss,
            "cvss_vector": self.cvss_vector,
            "epss": self.epss,
            "epss_date": self.epss_date,
            "kev": self.kev,
            "fix": self.fix,
            "reachability": str(self.reachability),
            "vex": str(self.vex),
            "vex_trust": self.vex_trust,
            "versions": list(self.versions),
            "artifacts": self.artifacts,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, JsonValue]) -> "SeenFacts":
        """Return the row that `to_json` wrote; raises ValueError for anything else."""
        match stored:
            case {
                "vulnerability": str(vulnerability),
                "package": str(package),
                "severity": str(severity),
                "cvss": int() | None as cvss,
                "cvss_vector": str(cvss_vector),
                "epss": int() | None as epss,
                "epss_date": str() | None as epss_date,
                "kev": bool() | None as kev,
                "fix": bool() | None as fix,
                "reachability": str(reachability),
                "vex": str(vex),
                "vex_trust": int(vex_trust),
                "versions": [*versions],
                "artifacts": int(artifacts),
            }:
                return cls(
                    vulnerability=vulnerability,
                    package=package,
                    severity=severity,
                    cvss=cvss,
                    cvss_vector=cvss_vector,
                    epss=epss,
                    epss_date=epss_date,
                    kev=kev,
                    fix=fix,
                    reachability=reachability,
                    vex=vex,
                    vex_trust=vex_trust,
                    versions=tuple(str(version) for version in versions),
                    artifacts=artifacts,
                )
            case _:
                raise ValueError(f"not a row of a fact snapshot: {stored!r}")


@dataclass(frozen=True, slots=True)
class Change:
    """One field that is not what it was; `worse` where the departure rests on less than it did."""

    field: str
    vulnerability: str
    package: str
    before: str
    now: str
    worse: bool


class Snapshot:
    """Rows by what they speak of, so that each of today's finds what was seen of it in constant time."""

    def __init__(self, rows: Iterable[SeenFacts]) -> None:
        self.rows = united(rows)
        self._by_key = {row.key: row for row in self.rows}
        self._by_vulnerability = {
            row.vulnerability: row for row in united(replace(row, package="") for row in self.rows)
        }

    def row_of(self, row: SeenFacts) -> SeenFacts | None:
        """Return what was seen of the same vulnerability in the same package, else of the vulnerability as such."""
        return self._by_key.get(row.key) or self._by_key.get((row.vulnerability, ""))

    def knows(self, vulnerability: str) -> bool:
        """Whether the vulnerability was seen, in whatever package."""
        return vulnerability in self._by_vulnerability

    def before(self, row: SeenFacts) -> SeenFacts:
        """Return what today's row is compared with.

        In a package nobody looked at, exploitation, EPSS, score and severity are those of the vulnerability where it
        was seen elsewhere: whoever agreed to an exploited vulnerability knew that it is. The rest counts as not seen.
        """
        if found := self.row_of(row):
            return found
        unseen = SeenFacts(row.vulnerability, row.package, epss=0, kev=False, fix=False)
        if known := self._by_vulnerability.get(row.vulnerability):
            return replace(unseen, severity=known.severity, cvss=known.cvss, epss=known.epss, kev=known.kev)
        return unseen


def united(rows: Iterable[SeenFacts]) -> tuple[SeenFacts, ...]:
    """Return one row per vulnerability and package with the worst that any says, sorted; their artifacts are added.

    INVARIANT: the order of the rows, and whether some were united before, makes no difference.
    """
    grouped: dict[tuple[str, str], list[SeenFacts]] = {}
    for row in rows:
        grouped.setdefault(row.key, []).append(row)
    return tuple(_worst(grouped[key]) for key in sorted(grouped))


def compare(seen: Iterable[SeenFacts], today: Iterable[SeenFacts]) -> tuple[Change, ...]:
    """Return every field that is not what it was, by vulnerability, package and the order of the fields.

    A row that was not there before, or is no longer, is a change of the field `finding`; one about a vulnerability as
    such only where nothing else was, or is, known of it.
    """
    snapshot, present = Snapshot(seen), Snapshot(today)
    changes: list[Change] = []
    met: set[tuple[str, str]] = set()
    for row in present.rows:
        if before := snapshot.row_of(row):
            met.add(before.key)
            changes += _changes(before, row)
        elif row.package or not snapshot.knows(row.vulnerability):
            changes.append(Change("finding", *row.key, before=NOT_SEEN, now="found", worse=True))
    changes += [
        Change("finding", *row.key, before="found", now="not found", worse=False)
        for row in snapshot.rows
        if row.key not in met and (row.package or not present.knows(row.vulnerability))
    ]
    return tuple(sorted(changes, key=lambda change: (change.vulnerability, change.package)))


def in_words(row: SeenFacts, field: str) -> str:
    """Return what a row says in one field, the way a page shows it."""
    return _ASPECTS[field].in_words(row)


def severity_rises(before: SeenFacts, now: SeenFacts) -> bool:
    """Whether the severity is in a higher band; what was unknown has risen where it turns out high or critical."""
    floor = Severity.MEDIUM if before.severity == Severity.UNKNOWN else Severity(before.severity)
    return _rank(now) > RANKS[floor]


def becomes_critical(before: SeenFacts, now: SeenFacts) -> bool:
    """Whether it is critical now and was not known to be."""
    return now.severity == Severity.CRITICAL != before.severity


def score_rise(before: int | None, now: int | None) -> int:
    """Return by how much a score rose; nothing where either is unknown."""
    return 0 if before is None or now is None else max(now - before, 0)


def is_newly_listed(before: SeenFacts, now: SeenFacts) -> bool:
    """Whether it is known to be exploited now and was not then."""
    return now.kev is True and before.kev is not True


def is_newly_reachable(before: SeenFacts, now: SeenFacts) -> bool:
    """Whether an analysis finds a path now that none found then."""
    return now.reachability == REACHABLE != before.reachability


def fix_appeared(before: SeenFacts, now: SeenFacts) -> bool:
    """Whether there is a fix now and was none then."""
    return now.fix is True and before.fix is not True


def vex_worsened(before: SeenFacts, now: SeenFacts) -> bool:
    """Whether a dismissal is gone or contested, or somebody says `affected` who had not."""
    return (before.is_dismissed and not now.is_dismissed) or (now.vex == "affected" != before.vex)


def _worst(rows: Sequence[SeenFacts]) -> SeenFacts:
    """Return what the rows of one vulnerability in one package come to.

    INVARIANT: each field is the greatest of a total order, a union or a sum, else the order of rows would show.
    """
    scored = max(rows, key=lambda row: (-1 if row.cvss is None else row.cvss, row.cvss_vector))
    predicted = max(rows, key=lambda row: (-1 if row.epss is None else row.epss, row.epss_date or ""))
    spoken = max(rows, key=lambda row: (_VEX[row.vex], -row.vex_trust, row.vex))
    return SeenFacts(
        *rows[0].key,
        severity=max(rows, key=_rank).severity,
        cvss=scored.cvss,
        cvss_vector=scored.cvss_vector,
        epss=predicted.epss,
        epss_date=predicted.epss_date,
        kev=_any_known(row.kev for row in rows),
        fix=_any_known(row.fix for row in rows),
        reachability=max((row.reachability for row in rows), key=_REACHABILITY.__getitem__),
        vex=spoken.vex,
        vex_trust=spoken.vex_trust,
        versions=tuple(sorted({version for row in rows for version in row.versions})[:MOST_VERSIONS]),
        artifacts=sum(row.artifacts for row in rows),
    )


def _any_known(answers: Iterable[bool | None]) -> bool | None:
    known = [answer for answer in answers if answer is not None]
    return any(known) if known else None


def _rank(row: SeenFacts) -> int:
    return RANKS[Severity(row.severity)]


def _changes(before: SeenFacts, now: SeenFacts) -> Iterable[Change]:
    return [
        Change(field, *now.key, aspect.in_words(before), aspect.in_words(now), worse=aspect.is_worse(before, now))
        for field, aspect in _ASPECTS.items()
        if getattr(before, field) != getattr(now, field)
    ]


@dataclass(frozen=True, slots=True)
class _Aspect:
    """How one field reads, and when a change of it is one for the worse."""

    in_words: Callable[[SeenFacts], str]
    is_worse: Callable[[SeenFacts, SeenFacts], bool]


def _units(count: int | None, units: int) -> str:
    return _UNKNOWN if count is None else from_units(count, units=units)


def _severity_is_worse(before: SeenFacts, now: SeenFacts) -> bool:
    """A severity nobody can say any more is worse: whoever approves has to take it for critical."""
    return severity_rises(before, now) or now.severity == Severity.UNKNOWN


def _never(_before: SeenFacts, _now: SeenFacts) -> bool:
    return False


_ASPECTS: Final[Mapping[str, _Aspect]] = {
    "severity": _Aspect(lambda row: str(row.severity), _severity_is_worse),
    "cvss": _Aspect(lambda row: _units(row.cvss, CVSS_UNITS), lambda old, new: score_rise(old.cvss, new.cvss) > 0),
    "cvss_vector": _Aspect(lambda row: row.cvss_vector or _UNKNOWN, _never),
    "epss": _Aspect(lambda row: _units(row.epss, EPSS_UNITS), lambda old, new: (new.epss or 0) > (old.epss or 0)),
    "epss_date": _Aspect(lambda row: row.epss_date or _UNKNOWN, _never),
    "kev": _Aspect(lambda row: _KEV_WORDS[row.kev], is_newly_listed),
    "fix": _Aspect(lambda row: _FIX_WORDS[row.fix], fix_appeared),
    "reachability": _Aspect(
        lambda row: str(row.reachability),
        lambda old, new: _REACHABILITY[new.reachability] > _REACHABILITY[old.reachability],
    ),
    "vex": _Aspect(lambda row: str(row.vex), vex_worsened),
    "vex_trust": _Aspect(
        lambda row: _units(row.vex_trust, _TRUST_UNITS),
        lambda old, new: old.is_dismissed and new.is_dismissed and new.vex_trust < old.vex_trust,
    ),
    "versions": _Aspect(
        lambda row: ", ".join(row.versions) or _UNKNOWN, lambda old, new: not {*new.versions} <= {*old.versions}
    ),
    "artifacts": _Aspect(lambda row: str(row.artifacts), lambda old, new: new.artifacts > old.artifacts),
}
