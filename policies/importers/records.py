"""What an import yields: frozen, totally ordered values that every later room reads instead of a scanner's JSON."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from stellapolicy.kernel.identity import package_identity
from stellapolicy.kernel.severity import Severity

Detail = tuple[tuple[str, str], ...]
"""Extra particulars as sorted (name, text) pairs; hashable, so that records stay values."""


class FindingKind(StrEnum):
    """What sort of thing was found; the values of the fact `finding.kind`."""

    VULNERABILITY = "vulnerability"
    COMPONENT = "component"
    LICENCE = "licence"
    SECRET = "secret"  # noqa: S105 - the name of a kind
    MISCONFIGURATION = "misconfiguration"
    MALWARE = "malware"


class Standing(StrEnum):
    """How near the author of a rating is to the component; the order in which severities are chosen."""

    DISTRO = "distro"
    VENDOR = "vendor"
    NVD = "nvd"
    SCANNER = "scanner"
    BYSTANDER = "bystander"


class FixState(StrEnum):
    """Whether a fix exists, as the advisory says."""

    FIXED = "fixed"
    NOT_FIXED = "not_fixed"
    WONT_FIX = "wont_fix"
    UNKNOWN = "unknown"


class VexStatus(StrEnum):
    """The four statuses of the Vulnerability Exploitability eXchange."""

    NOT_AFFECTED = "not_affected"
    AFFECTED = "affected"
    FIXED = "fixed"
    UNDER_INVESTIGATION = "under_investigation"


class SuppressedBy(StrEnum):
    """Who hid a finding before it reached us; a scanner's own suppression is shown and not honoured."""

    NOBODY = ""
    SCANNER = "scanner"


class SourceType(StrEnum):
    """What a report is evidence of: an inventory is no proof that anybody looked for vulnerabilities."""

    SBOM = "sbom"
    SCAN = "scan"
    VEX = "vex"
    REACHABILITY = "reachability"


class ReachabilityState(StrEnum):
    """Whether vulnerable code can be reached; `unknown` when an analysis ran and could not say."""

    UNKNOWN = "unknown"
    REACHABLE = "reachable"
    UNREACHABLE = "unreachable"


class ReachabilityDetail(StrEnum):
    """How a state is known."""

    CONFIRMED = "confirmed"
    STATIC = "static"
    RUNTIME = "runtime"


@dataclass(frozen=True, slots=True, order=True)
class Component:
    """One part of the artifact; `purl` is normalised, or "" when the report gives none."""

    purl: str = ""
    type: str = ""
    namespace: str = ""
    name: str = ""
    version: str = ""
    scope: str = ""
    paths: tuple[str, ...] = ()
    licenses: tuple[str, ...] = ()
    direct: bool | None = None

    @property
    def key(self) -> str:
        """What two reports must agree on to speak of one component: the purl without architecture and distribution.

        Without a purl it is type, namespace, name and version.
        """
        if self.purl:
            return package_identity(self.purl)
        parts = (self.type, self.namespace, self.name)
        return "/".join(part for part in parts if part) + (f"@{self.version}" if self.version else "")


@dataclass(frozen=True, slots=True, order=True)
class Rating:
    """One author's judgement of a vulnerability: a severity, a CVSS score (in tenths), or both."""

    source: str
    standing: Standing
    severity: Severity = Severity.UNKNOWN
    cvss_version: str = ""
    vector: str = ""
    score_tenths: int = -1

    @property
    def has_score(self) -> bool:
        """Whether the rating carries a CVSS score; a missing score is unknown, never 0.0."""
        return self.score_tenths >= 0


@dataclass(frozen=True, slots=True, order=True)
class Cvss:
    """The one CVSS shown for a finding: version ("3.1"), vector ("" if unstated), score in tenths, who gave it."""

    version: str
    vector: str
    score_tenths: int
    source: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something found in one component (or place) of the artifact, with everybody's ratings and the chosen one."""

    kind: FindingKind
    id: str
    component: Component
    aliases: tuple[str, ...] = ()
    severity: Severity = Severity.UNKNOWN
    severity_source: str = ""
    ratings: tuple[Rating, ...] = ()
    cvss: Cvss | None = None
    title: str = ""
    cwes: tuple[str, ...] = ()
    fix_state: FixState = FixState.UNKNOWN
    fixed_versions: tuple[str, ...] = ()
    advisory_source: str = ""
    published_at: datetime | None = None
    withdrawn_at: datetime | None = None
    status: str = ""
    suppressed_by: SuppressedBy = SuppressedBy.NOBODY
    suppression_source: str = ""
    suppression_statement: str = ""
    paths: tuple[str, ...] = ()
    place: str = ""
    primary_url: str = ""
    sources: tuple[str, ...] = ()
    detail: Detail = ()
    key: str = field(init=False, default="", compare=False)

    def __post_init__(self) -> None:
        parts = (self.kind.value, self.id, self.component.key, self.place)
        object.__setattr__(self, "key", "|".join([part.replace("|", "%7C") for part in parts]))

    def detail_of(self, name: str) -> str:
        """The particular of that name, or "" when the report does not state it."""
        return next((text for known, text in self.detail if known == name), "")

    @property
    def explanation(self) -> str:
        """One sentence naming who gave the severity and who gave the CVSS shown."""
        severity = f"severity {self.severity} from {self.severity_source or 'nobody'}"
        if self.cvss is None:
            return f"{severity}; no CVSS"
        score = f"{self.cvss.score_tenths // 10}.{self.cvss.score_tenths % 10}"
        return f"{severity}; CVSS {score} (v{self.cvss.version}) from {self.cvss.source}"


@dataclass(frozen=True, slots=True, order=True)
class VersionScope:
    """Versions a claim speaks of: one version or one vers range, with the status it has there."""

    version: str = ""
    range: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class VexClaim:
    """Somebody's statement about a vulnerability; `products` name artifacts or packages, `components` parts of them.

    Without products the claim speaks of the report's own subject; without components, of the products themselves.
    `justification` is a word of OpenVEX or ""; `stated_justification` is the word of the document.
    """

    vulnerability: str
    status: VexStatus
    aliases: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    versions: tuple[VersionScope, ...] = ()
    justification: str = ""
    stated_justification: str = ""
    statement: str = ""
    responses: tuple[str, ...] = ()
    author: str = ""
    source: str = ""
    issued_at: datetime | None = None


@dataclass(frozen=True, slots=True, order=True)
class ReachabilityFact:
    """What an analysis says of one vulnerability in one package of the subject.

    `purl` is normalised and "" where the analysis speaks of the whole subject; scores are in basis points, -1 where
    they are not stated; `call_paths` counts the ways that reach the code, -1 where they were not counted; `symbols`
    are the vulnerable functions found on them.
    """

    vulnerability: str
    purl: str
    state: ReachabilityState
    detail: ReachabilityDetail = ReachabilityDetail.STATIC
    aliases: tuple[str, ...] = ()
    score_basis_points: int = -1
    confidence_basis_points: int = -1
    call_paths: int = -1
    symbols: tuple[str, ...] = ()
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class ReportSubject:
    """What the report says it looked at; every field empty when it does not say.

    `references` are repositories with the digest each gives the artifact: `registry.example/shop/api@sha256:…`.
    """

    name: str = ""
    kind: str = ""
    digests: tuple[str, ...] = ()
    image_id: str = ""
    purl: str = ""
    tags: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    serial: str = ""
    references: tuple[str, ...] = ()

    @property
    def is_stated(self) -> bool:
        """Whether the report names anything that can be bound to an artifact."""
        return bool(self.digests or self.image_id or self.purl or self.name or self.serial)


@dataclass(frozen=True, slots=True, order=True)
class Dropped:
    """Something the report contains and the import does not keep, how often, and why."""

    what: str
    count: int
    why: str


@dataclass(frozen=True, slots=True, order=True)
class RowCount:
    """Rows of the report as they stand, before duplicates are merged: per kind and the scanner's own severity word."""

    kind: FindingKind
    label: str
    count: int
    with_fix: int = 0
    suppressed: int = 0


@dataclass(frozen=True, slots=True)
class Fidelity:
    """How faithful the import is: raw row counts, what was dropped, which filters make the evidence partial."""

    rows: tuple[RowCount, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    partial_reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    merged_rows: int = 0

    @property
    def is_partial(self) -> bool:
        """Whether the report admits that it shows only a part of what the scanner saw."""
        return bool(self.partial_reasons)


@dataclass(frozen=True, slots=True)
class ImportedReport:
    """One report, understood: components, findings and claims in a total order, with its fidelity."""

    format: str
    tool: str
    tool_version: str
    source_type: SourceType
    subject: ReportSubject
    components: tuple[Component, ...] = ()
    findings: tuple[Finding, ...] = ()
    claims: tuple[VexClaim, ...] = ()
    reachability: tuple[ReachabilityFact, ...] = ()
    fidelity: Fidelity = field(default_factory=Fidelity)
    db_built_at: datetime | None = None
    scanned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EpssDay:
    """One day of EPSS: three parallel columns, probabilities and percentiles in 10⁻⁵, ordered by CVE as published."""

    model_version: str
    scored_at: datetime
    cves: tuple[str, ...] = field(repr=False)
    epss: tuple[int, ...] = field(repr=False)
    percentiles: tuple[int, ...] = field(repr=False)

    @property
    def score_date(self) -> date:
        """The day the scores stand for."""
        return self.scored_at.date()

    def __len__(self) -> int:
        return len(self.cves)

    def rows(self) -> Iterator[tuple[str, int, int]]:
        """Yield (cve, epss in 10⁻⁵, percentile in 10⁻⁵)."""
        return zip(self.cves, self.epss, self.percentiles, strict=True)


@dataclass(frozen=True, slots=True, order=True)
class KevEntry:
    """One vulnerability known to be exploited; `ransomware` is None where CISA says "Unknown"."""

    cve: str
    date_added: date
    due_date: date
    ransomware: bool | None
    name: str
    vendor: str = ""
    product: str = ""
    required_action: str = ""
    notes: str = ""
    cwes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KevCatalogue:
    """The CISA catalogue of known exploited vulnerabilities, entries ordered by CVE."""

    version: str
    released_at: datetime
    entries: tuple[KevEntry, ...] = field(repr=False)


Imported = ImportedReport | EpssDay | KevCatalogue
"""Whatever one file can turn into."""
