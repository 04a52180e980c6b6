"""One record of the OSV schema, as OSV-Scanner and govulncheck hand it on.

Source: OSV schema 1.0 to 1.7. A record rates by a word of its own database and by CVSS vectors without their scores.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cvss import CVSS2, CVSS3, CVSS4
from cvss.exceptions import CVSSError

from policies.importers.osv_ecosystems import same_ecosystem
from policies.importers.ratings import (
    distro_of,
    score_tenths,
    severity_of_word,
    standing_of,
    version_of_vector,
    with_derived_severities,
)
from policies.importers.records import FixState, Rating
from policies.importers.shape import (
    Place,
    Record,
    instant,
    name_text,
    record,
    records,
    required_name,
    text,
    texts,
)
from stellapolicy.kernel.identity import canonical_id, is_advisory, preference
from stellapolicy.kernel.severity import Severity

_COPIED = re.compile(r"[A-Z][A-Za-z]*-(CVE-\d{4}-\d{4,19})")  # a distribution's own record of one CVE
_COMMITS = "GIT"
_DATABASES = {
    "ALBA": "alma",
    "ALEA": "alma",
    "ALPINE": "alpine",
    "ALSA": "alma",
    "BELL": "bellsoft",
    "CGA": "chainguard",
    "CVE": "nvd",
    "DEBIAN": "debian",
    "DLA": "debian",
    "DSA": "debian",
    "DTSA": "debian",
    "GHSA": "ghsa",
    "GO": "go-vulndb",
    "MINI": "minimos",
    "PYSEC": "pypa",
    "RHBA": "redhat",
    "RHEA": "redhat",
    "RHSA": "redhat",
    "RLSA": "rocky",
    "RUSTSEC": "rustsec",
    "RXSA": "rocky",
    "SUSE": "suse",
    "UBUNTU": "ubuntu",
    "USN": "ubuntu",
    "openSUSE": "suse",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """What one record says: its names, its ratings, and per affected package where it is fixed."""

    id: str
    names: tuple[str, ...]
    author: str
    title: str
    word: str
    vectors: tuple[str, ...]
    cwes: tuple[str, ...]
    published_at: datetime | None
    withdrawn_at: datetime | None
    affected: tuple["Affected", ...]

    def of_package(self, ecosystem: str, name: str) -> tuple["Affected", ...]:
        """Return what it says of one package."""
        return tuple(one for one in self.affected if one.name == name and same_ecosystem(one.ecosystem, ecosystem))


@dataclass(frozen=True, slots=True)
class Affected:
    """One affected package: the versions that fix it, whether ranges are known at all, what its database adds."""

    ecosystem: str
    name: str
    fixed_versions: tuple[str, ...]
    has_ranges: bool
    word: str
    cwes: tuple[str, ...]


def read_entry(row: Record, place: Place) -> Entry:
    """Return one record."""
    identifier = canonical_id(required_name(row, "id", place))
    own = record(row, "database_specific", place)
    affected = tuple([_affected(one, here) for one, here in records(row, "affected", place)])
    return Entry(
        id=identifier,
        names=_names(identifier, row, place),
        author=_author(identifier),
        title=text(row, "summary", place)[:1_024],
        word=_word(own),
        vectors=tuple(sorted(_vectors(row, place))),
        cwes=tuple(sorted({*_weaknesses(own), *(cwe for one in affected for cwe in one.cwes)})),
        published_at=instant(row, "published", place),
        withdrawn_at=instant(row, "withdrawn", place),
        affected=affected,
    )


def ratings_of(entry: Entry, affected: tuple[Affected, ...], scanner: str) -> tuple[Rating, ...]:
    """Return how bad a record says it is; its word for the package itself comes before that for all of them."""
    author = entry.author or scanner
    standing = standing_of(author, distros={distro_of(author)} - {""}, advisory=author, scanner=scanner)
    words = (*(one.word for one in affected), entry.word)
    severity = next((known for word in words if (known := severity_of_word(word)) is not Severity.UNKNOWN), None)
    ratings = [Rating(author, standing, severity)] if severity is not None else []
    ratings += [
        Rating(author, standing, Severity.UNKNOWN, version_of_vector(vector) or "2.0", vector, _tenths(vector))
        for vector in entry.vectors
    ]
    return with_derived_severities(ratings)


def fix_of(affected: tuple[Affected, ...]) -> tuple[FixState, tuple[str, ...]]:
    """Return whether a fix exists, and in which versions; ranges without an end are an advisory without a fix."""
    versions = tuple(sorted({version for one in affected for version in one.fixed_versions}))
    if versions:
        return FixState.FIXED, versions
    return (FixState.NOT_FIXED if any(one.has_ranges for one in affected) else FixState.UNKNOWN), ()


def shown_first(names: set[str]) -> tuple[str, tuple[str, ...]]:
    """Return the name to be shown and the others, which may not be advisories of many vulnerabilities."""
    ordered = sorted(names, key=preference)
    shown = next((name for name in ordered if not is_advisory(name)), ordered[0])
    return shown, tuple(sorted(name for name in ordered if name != shown and not is_advisory(name)))


def _names(identifier: str, row: Record, place: Place) -> tuple[str, ...]:
    """Return the record's id and every alias; a distribution's copy of a CVE is that CVE."""
    names = {identifier, *map(canonical_id, texts(row, "aliases", place))}
    copied = _COPIED.fullmatch(identifier)
    if copied:
        names.add(copied[1])
    return tuple(sorted(names, key=preference))


def _author(identifier: str) -> str:
    return _DATABASES.get(identifier.partition("-")[0], "osv")


def _affected(row: Record, place: Place) -> Affected:
    package = record(row, "package", place)
    inner = (place, "package")
    fixed: set[str] = set()
    has_ranges = False
    for span, here in records(row, "ranges", place):
        if name_text(span, "type", here) == _COMMITS:
            continue
        has_ranges = True
        fixed |= {name_text(event, "fixed", spot) for event, spot in records(span, "events", here)}
    bags = [record(row, name, place) for name in ("ecosystem_specific", "database_specific")]
    return Affected(
        ecosystem=name_text(package, "ecosystem", inner),
        name=name_text(package, "name", inner),
        fixed_versions=tuple(sorted(fixed - {""})),
        has_ranges=has_ranges,
        word=next((word for word in map(_word, bags) if word), ""),
        cwes=tuple(sorted({cwe for bag in bags for cwe in _weaknesses(bag)})),
    )


def _vectors(row: Record, place: Place) -> Iterator[str]:
    for name, where in [(row, place), *records(row, "affected", place)]:
        for one, here in records(name, "severity", where):
            vector = name_text(one, "score", here)
            if vector and name_text(one, "type", here).startswith("CVSS"):
                yield vector


def _word(bag: Record) -> str:
    """Return a severity in the words of a database out of a bag that it may fill as it likes."""
    for name in ("severity", "urgency", "ubuntu_priority"):
        value = bag.get(name)
        if isinstance(value, str) and value:
            return value[:100]
    return ""


def _weaknesses(bag: Record) -> Iterator[str]:
    for name in ("cwe_ids", "cwes"):
        value = bag.get(name)
        for one in value if isinstance(value, list) else []:
            identifier = one.get("cweId") if isinstance(one, dict) else one
            if isinstance(identifier, str) and identifier.startswith("CWE-"):
                yield identifier[:20]


@lru_cache(maxsize=16_384)
def _tenths(vector: str) -> int:
    """Return the base score of a vector in tenths, -1 where it cannot be read."""
    try:
        if vector.startswith("CVSS:4"):
            return score_tenths(float(CVSS4(vector).base_score))
        known = CVSS3(vector) if vector.startswith("CVSS:3") else CVSS2(vector)
        return score_tenths(float(known.scores()[0]))
    except (CVSSError, ValueError, TypeError, KeyError):
        return -1
