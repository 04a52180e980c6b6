"""The shape of our own formats, once: what is read is what the published JSON Schema says.

Formats: `stella-report@1` (one JSON document) and `stella-reachability@1` (one JSON value per line, the first a head).
"""

import re
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta, Struct

from policies.importers.records import (
    FindingKind,
    FixState,
    ReachabilityDetail,
    ReachabilityState,
    Standing,
    VexStatus,
)
from policies.importers.refusals import ShapeInvalid
from policies.importers.shape import Place, pointer
from stellapolicy.kernel.severity import Severity

REPORT: Final = "stella-report@1"
REACHABILITY: Final = "stella-reachability@1"
_NAMES = 10_000

Identifier = Annotated[str, Meta(min_length=1, max_length=200)]
Name = Annotated[str, Meta(max_length=1_024)]
Word = Annotated[str, Meta(max_length=100)]
Digest = Annotated[str, Meta(pattern="^sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$")]
PackageUrl = Annotated[str, Meta(pattern="^pkg:[A-Za-z].*", max_length=2_048)]
Names = Annotated[list[Name], Meta(max_length=_NAMES)]
Identifiers = Annotated[list[Identifier], Meta(max_length=_NAMES)]
Score = Annotated[float, Meta(ge=0, le=10, description="CVSS, 0 to 10.")]
Share = Annotated[float, Meta(ge=0, le=1)]

_T = TypeVar("_T")
_AT = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_STEP = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<index>\d+)\]|\[\.\.\.\]")


class Shape(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of a report; a member it does not know is refused, since a misspelt one would be lost unseen."""


class Tool(Shape, frozen=True):
    """What made the report."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    version: Word = ""


class Subject(Shape, frozen=True):
    """What was looked at; give at least a digest, and the repository name it is found under."""

    name: Name = ""
    digests: Annotated[list[Digest], Meta(max_length=100)] = []
    purl: PackageUrl | None = None


class Part(Shape, frozen=True):
    """A component: its package URL, or name and version where it has none."""

    purl: PackageUrl | None = None
    name: Name = ""
    version: Name = ""
    scope: Annotated[str, Meta(pattern="^(|required|optional|excluded|development)$")] = ""
    direct: bool | None = None
    paths: Names = []
    licences: Names = []


class CvssScore(Shape, frozen=True):
    """A CVSS of any version; `version` may be left out where the vector names it."""

    vector: Name = ""
    version: Annotated[str, Meta(pattern=r"^(|2\.0|3\.0|3\.1|4\.0)$")] = ""
    score: Score | None = None


class RatingSaid(Shape, frozen=True):
    """Who says how bad it is."""

    source: Annotated[str, Meta(min_length=1, max_length=100)]
    standing: Standing = Standing.SCANNER
    severity: Severity = Severity.UNKNOWN
    cvss: CvssScore | None = None


class Fix(Shape, frozen=True):
    """Whether a fix exists, and in which versions."""

    state: FixState = FixState.UNKNOWN
    versions: Names = []


class Suppression(Shape, frozen=True):
    """That the scanner hid the finding; it is shown with this, and counts."""

    source: Name = ""
    statement: Annotated[str, Meta(max_length=10_000)] = ""


class FindingSaid(Shape, frozen=True):
    """Something found in a component or place."""

    kind: FindingKind
    id: Identifier
    component: Part = Part()
    aliases: Identifiers = []
    severity: Severity = Severity.UNKNOWN
    ratings: Annotated[list[RatingSaid], Meta(max_length=100)] = []
    title: Name = ""
    cwes: Annotated[list[Annotated[str, Meta(pattern="^CWE-[0-9]{1,6}$")]], Meta(max_length=1_000)] = []
    fix: Fix = Fix()
    published_at: datetime | None = None
    withdrawn_at: datetime | None = None
    place: Name = ""
    paths: Names = []
    url: Name = ""
    suppressed: Suppression | None = None


class ClaimSaid(Shape, frozen=True):
    """A VEX statement in the words of OpenVEX."""

    vulnerability: Identifier
    status: VexStatus
    aliases: Identifiers = []
    products: Names = []
    components: Names = []
    justification: Word = ""
    statement: Annotated[str, Meta(max_length=10_000)] = ""
    author: Name = ""
    issued_at: datetime | None = None


class ReachabilitySaid(Shape, frozen=True):
    """What an analysis says of one vulnerability in one package, or in the whole subject."""

    vulnerability: Identifier
    state: ReachabilityState
    purl: PackageUrl | None = None
    aliases: Identifiers = []
    detail: ReachabilityDetail = ReachabilityDetail.STATIC
    score: Share | None = None
    confidence: Share | None = None
    call_paths: Annotated[int, Meta(ge=0, le=2_147_483_647)] | None = None
    symbols: Names = []
    evidence: Name = ""


class ReportHead(Shape, frozen=True):
    """What a report says of itself, its lists aside."""

    format: Annotated[str, Meta(pattern=f"^{REPORT}$")]
    tool: Tool
    subject: Subject = Subject()
    scanned_at: datetime | None = None
    db_built_at: datetime | None = None
    partial_reasons: Annotated[list[Name], Meta(max_length=100)] = []


class Report(ReportHead, frozen=True):
    """A whole `stella-report@1`."""

    components: list[Part] = []
    findings: list[FindingSaid] = []
    claims: list[ClaimSaid] = []
    reachability: list[ReachabilitySaid] = []


class ReachabilityHead(Shape, frozen=True):
    """The first line of a `stella-reachability@1` file; every further line is a `ReachabilitySaid`."""

    format: Annotated[str, Meta(pattern=f"^{REACHABILITY}$")]
    tool: Tool
    subject: Subject = Subject()
    analysed_at: datetime | None = None


def shaped(value: object, shape: type[_T], place: Place) -> _T:
    """Return a value in its shape; raises ShapeInvalid with the pointer of what does not fit."""
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as failure:
        said = str(failure)
        at = _AT.search(said)
        raise ShapeInvalid.at(pointer(_within(place, at["path"] if at else "")), _AT.sub("", said)) from None


def _within(place: Place, path: str) -> Place:
    """Return the place that a path in the words of the library (`.ratings[0].cvss`) leads to."""
    for step in _STEP.finditer(path):
        if step["name"]:
            place = (place, step["name"])
        elif step["index"]:
            place = (place, int(step["index"]))
    return place


def report_schema() -> dict[str, Any]:  # Any: a JSON Schema
    """Return the JSON Schema of `stella-report@1`."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(Report)}


def reachability_schema() -> dict[str, Any]:  # Any: a JSON Schema
    """Return the JSON Schema of one line of `stella-reachability@1`."""
    (_, *_), definitions = msgspec.json.schema_components(
        [ReachabilityHead, ReachabilitySaid], ref_template="#/$defs/{name}"
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "anyOf": [{"$ref": "#/$defs/ReachabilityHead"}, {"$ref": "#/$defs/ReachabilitySaid"}],
        "$defs": definitions,
    }
