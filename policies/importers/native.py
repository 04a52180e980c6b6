"""Our own formats, for tools without one of their own: a report as JSON, and reachability as one JSON value per line.

Source: `native_shape` and the schemas made of it, docs/schemas/stella-report-1.json and stella-reachability-1.json.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from policies.importers.components import purl_component, readable_purl
from policies.importers.document import Document
from policies.importers.gathering import Gathering
from policies.importers.justifications import openvex_justification
from policies.importers.native_shape import (
    REACHABILITY,
    REPORT,
    ClaimSaid,
    CvssScore,
    FindingSaid,
    Part,
    RatingSaid,
    ReachabilityHead,
    ReachabilitySaid,
    ReportHead,
    Subject,
    shaped,
)
from policies.importers.ratings import choose, version_of_vector, with_derived_severities
from policies.importers.records import (
    Component,
    Finding,
    FixState,
    ImportedReport,
    Rating,
    ReachabilityFact,
    ReportSubject,
    SourceType,
    Standing,
    SuppressedBy,
    VexClaim,
)
from policies.importers.refusals import ShapeInvalid
from policies.importers.shape import ROOT, Place, Record, as_record, read_each, refuse, tenths_at
from stellapolicy.kernel.identity import canonical_id, preference
from stellapolicy.kernel.refusals import Fault
from stellapolicy.kernel.severity import Severity

_LISTS = frozenset({"components", "findings", "claims", "reachability"})
_BASIS_POINTS = 10_000


@dataclass(frozen=True, slots=True)
class NativeImporter:
    """Reads `stella-report@1`."""

    format: str = "native"
    title: str = REPORT

    def detect(self, document: Document) -> bool:
        """Whether the file names this format, in whatever version."""
        return _names_format(document.value, REPORT)

    def parse(self, document: Document) -> ImportedReport:
        """Return the records of the report; raises ShapeInvalid with the place of every row that does not fit."""
        value = as_record(document.value, ROOT)
        head = shaped({name: part for name, part in value.items() if name not in _LISTS}, ReportHead, ROOT)
        gathering = Gathering(limits=document.limits)
        gathering.components = read_each(value, "components", ROOT, _component_at)
        gathering.findings = read_each(value, "findings", ROOT, _Findings(gathering, head.tool.name).read)
        for claim in read_each(value, "claims", ROOT, lambda row, place: _claim(row, place, head.tool.name)):
            gathering.claim(claim)
        for fact in read_each(value, "reachability", ROOT, _reachability):
            gathering.reach(fact)
        for reason in head.partial_reasons:
            gathering.admit_filter(reason)
        return gathering.report(
            report_format=self.format,
            tool=head.tool.name,
            tool_version=head.tool.version,
            source_type=_source_type(value),
            subject=_subject(head.subject),
            scanned_at=_utc(head.scanned_at),
            db_built_at=_utc(head.db_built_at),
        )


@dataclass(frozen=True, slots=True)
class ReachabilityImporter:
    """Reads `stella-reachability@1`."""

    format: str = "reachability"
    title: str = f"{REACHABILITY} NDJSON"

    def detect(self, document: Document) -> bool:
        """Whether the first line, or the only one, names this format."""
        return _names_format(document.sequence[0] if document.sequence else document.value, REACHABILITY)

    def parse(self, document: Document) -> ImportedReport:
        """Return the facts of the file; a row that does not fit is refused with its line."""
        first, *rows = document.sequence or (document.value,)
        head = shaped(first, ReachabilityHead, ROOT)
        gathering = Gathering(limits=document.limits)
        faults: list[Fault] = []
        for number, row in enumerate(rows, start=2):
            try:
                gathering.reach(_reachability(as_record(row, (ROOT, number)), (ROOT, number)))
            except ShapeInvalid as refusal:
                faults += refusal.faults
            if len(faults) >= document.limits.faults:
                break
        if faults:
            raise ShapeInvalid.of(tuple(faults[: document.limits.faults]))
        return gathering.report(
            report_format=self.format,
            tool=head.tool.name,
            tool_version=head.tool.version,
            source_type=SourceType.REACHABILITY,
            subject=_subject(head.subject),
            scanned_at=_utc(head.analysed_at),
        )


def _names_format(value: object, name: str) -> bool:
    family = name.partition("@")[0]
    return isinstance(value, dict) and str(value.get("format", "")).partition("@")[0] == family


def _source_type(value: Record) -> SourceType:
    """Return what the report is evidence of: whoever lists findings, even none, says that they looked."""
    if "findings" in value:
        return SourceType.SCAN
    if value.get("components"):
        return SourceType.SBOM
    if value.get("claims"):
        return SourceType.VEX
    if value.get("reachability"):
        return SourceType.REACHABILITY
    raise refuse(ROOT, "a report has findings, components, claims or reachability")


def _subject(said: Subject) -> ReportSubject:
    return ReportSubject(name=said.name, digests=tuple(sorted(set(said.digests))), purl=_purl(said.purl, ROOT))


def _purl(written: str | None, place: Place) -> str:
    if not written:
        return ""
    purl = readable_purl(written)
    if purl is None:
        raise refuse((place, "purl"), f"{written[:80]!r} is not a package URL")
    return purl.text


def _component_at(row: Record, place: Place) -> Component:
    return _component(shaped(row, Part, place), place)


def _component(said: Part, place: Place) -> Component:
    licences, paths = tuple(sorted(set(said.licences))), tuple(sorted(set(said.paths)))
    if said.purl:
        _purl(said.purl, place)
        purl = readable_purl(said.purl)
        base = purl_component(purl, version=said.version) if purl else Component()
    else:
        base = Component(name=said.name, version=said.version)
    return Component(
        purl=base.purl,
        type=base.type,
        namespace=base.namespace,
        name=base.name or said.name,
        version=base.version,
        scope=said.scope,
        paths=paths,
        licenses=licences,
        direct=said.direct,
    )


@dataclass(frozen=True, slots=True)
class _Findings:
    """Findings on their way into the report."""

    gathering: Gathering
    tool: str

    def read(self, row: Record, place: Place) -> Finding:
        said = shaped(row, FindingSaid, place)
        is_hidden = said.suppressed is not None
        self.gathering.count(said.kind, said.severity.value, with_fix=bool(said.fix.versions), suppressed=is_hidden)
        ratings = with_derived_severities(self._ratings(said, place))
        choice = choose(ratings)
        names = sorted({canonical_id(name) for name in (said.id, *said.aliases)}, key=preference)
        fixed = tuple(sorted(set(said.fix.versions)))
        hidden = said.suppressed
        return Finding(
            kind=said.kind,
            id=names[0],
            component=_component(said.component, (place, "component")),
            aliases=tuple(sorted(names[1:])),
            severity=choice.severity,
            severity_source=choice.severity_source,
            ratings=ratings,
            cvss=choice.cvss,
            title=said.title,
            cwes=tuple(sorted(set(said.cwes))),
            fix_state=FixState.FIXED if fixed else said.fix.state,
            fixed_versions=fixed,
            published_at=_utc(said.published_at),
            withdrawn_at=_utc(said.withdrawn_at),
            suppressed_by=SuppressedBy.SCANNER if hidden else SuppressedBy.NOBODY,
            suppression_source=(hidden.source or self.tool) if hidden else "",
            suppression_statement=hidden.statement if hidden else "",
            paths=tuple(sorted(set(said.paths))),
            place=said.place,
            primary_url=said.url,
            sources=(self.tool,),
        )

    def _ratings(self, said: FindingSaid, place: Place) -> list[Rating]:
        ratings = [_rating(one, ((place, "ratings"), index)) for index, one in enumerate(said.ratings)]
        if said.severity is not Severity.UNKNOWN:
            ratings.append(Rating(self.tool, Standing.SCANNER, said.severity))
        return ratings


def _rating(said: RatingSaid, place: Place) -> Rating:
    given = said.cvss or CvssScore()
    version = version_of_vector(given.vector) or given.version
    if said.cvss is not None and not version:
        raise refuse((place, "cvss"), "name the version, or give a vector that does")
    tenths = tenths_at(given.score, ((place, "cvss"), "score"))
    return Rating(said.source, said.standing, said.severity, version, given.vector, tenths)


def _claim(row: Record, place: Place, tool: str) -> VexClaim:
    said = shaped(row, ClaimSaid, place)
    names = sorted({canonical_id(name) for name in (said.vulnerability, *said.aliases)}, key=preference)
    return VexClaim(
        vulnerability=names[0],
        status=said.status,
        aliases=tuple(names[1:]),
        products=tuple(sorted(set(map(_spelled, said.products)))),
        components=tuple(sorted(set(map(_spelled, said.components)))),
        justification=openvex_justification(said.justification),
        stated_justification=said.justification,
        statement=said.statement,
        author=said.author or tool,
        source=f"{tool} report",
        issued_at=_utc(said.issued_at),
    )


def _spelled(name: str) -> str:
    purl = readable_purl(name) if name.startswith("pkg:") else None
    return name if purl is None else purl.text


def _reachability(row: Record, place: Place) -> ReachabilityFact:
    said = shaped(row, ReachabilitySaid, place)
    names = sorted({canonical_id(name) for name in (said.vulnerability, *said.aliases)}, key=preference)
    return ReachabilityFact(
        vulnerability=names[0],
        purl=_purl(said.purl, place),
        state=said.state,
        detail=said.detail,
        aliases=tuple(names[1:]),
        score_basis_points=_basis_points(said.score),
        confidence_basis_points=_basis_points(said.confidence),
        call_paths=-1 if said.call_paths is None else said.call_paths,
        symbols=tuple(sorted(set(said.symbols))),
        evidence=said.evidence,
    )


def _basis_points(share: float | None) -> int:
    return -1 if share is None else round(share * _BASIS_POINTS)


def _utc(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
