"""Where a SARIF result stands: files, lines, names in the code, and the fingerprints that outlive a moved line.

Source: SARIF 2.1.0, 3.27.16 and 3.27.17 (fingerprints), 3.28 to 3.33 (locations).
"""

from dataclasses import dataclass

from policies.importers.shape import NAME_CHARACTERS, Place, Record, as_text, integer, name_text, record, records
from stellapolicy.kernel import digest

_PATH_CHARACTERS = 4_096
_MARK = 16  # digits of a digest; enough among the results of one rule in one file
# Particulars of a commit that one scanner of secrets files as fingerprints: who, when, and what they wrote.
_PERSONAL = frozenset({"author", "commitMessage", "commitSha", "date", "email"})
_HOSTS = "primaryLocationLineHash"


@dataclass(frozen=True, slots=True)
class Spot:
    """One place of a result: a file and its lines, or names in the code, or both."""

    uri: str
    lines: str
    names: tuple[str, ...]

    @property
    def path(self) -> str:
        """The place as people write it."""
        return f"{self.uri}:{self.lines}" if self.uri and self.lines else self.uri


def files_of(run: Record, place: Place) -> tuple[str, ...]:
    """Return the files of a run, by the index under which results may name them."""
    return tuple(
        [_uri(record(row, "location", here), (here, "location"), ()) for row, here in records(run, "artifacts", place)]
    )


def spots_of(result: Record, place: Place, files: tuple[str, ...]) -> tuple[Spot, ...]:
    """Return the places of a result in their order."""
    return tuple([_spot(location, here, files) for location, here in records(result, "locations", place)])


def fingerprint(result: Record, place: Place) -> str:
    """Return the mark that a tool gives a result to know it again, "" when it gives none."""
    for name in ("fingerprints", "partialFingerprints"):
        inner = (place, name)
        given = {
            key: as_text(value, (inner, key))
            for key, value in record(result, name, place).items()
            if key.partition("/")[0] not in _PERSONAL
        }
        if _HOSTS in given:  # the one that code hosts go by; beside it tools write some that move with every edit
            given = {_HOSTS: given[_HOSTS]}
        if given:
            return digest.of_json(dict(sorted(given.items()))).removeprefix("sha256:")[:_MARK]
    return ""


def _spot(location: Record, place: Place, files: tuple[str, ...]) -> Spot:
    physical = record(location, "physicalLocation", place)
    inner = (place, "physicalLocation")
    file = record(physical, "artifactLocation", inner)
    names = [_name(one, here) for one, here in records(location, "logicalLocations", place)]
    return Spot(
        uri=_uri(file, (inner, "artifactLocation"), files),
        lines=_lines(record(physical, "region", inner), (inner, "region")),
        names=tuple([name for name in names if name]),
    )


def _name(logical: Record, place: Place) -> str:
    """Return the name of a place in the code; a name that is a path is the path itself, without the image around it."""
    name = name_text(logical, "name", place, limit=_PATH_CHARACTERS)
    whole = name_text(logical, "fullyQualifiedName", place, limit=_PATH_CHARACTERS)
    return (name if name.startswith("/") else whole or name)[:NAME_CHARACTERS]


def _uri(file: Record, place: Place, files: tuple[str, ...]) -> str:
    written = name_text(file, "uri", place, limit=_PATH_CHARACTERS)
    if written:
        return written.removeprefix("file://")
    index = integer(file, "index", place)
    return files[index] if index is not None and 0 <= index < len(files) else ""


def _lines(region: Record, place: Place) -> str:
    start, end = integer(region, "startLine", place), integer(region, "endLine", place)
    if not start:
        return ""
    return f"{start}-{end}" if end and end != start else f"{start}"
