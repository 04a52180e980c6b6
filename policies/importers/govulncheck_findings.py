"""What govulncheck reported of one vulnerability in one module: a finding, and a fact of reachability."""

from dataclasses import dataclass, field
from enum import IntEnum

from policies.importers.gathering import Gathering
from policies.importers.osv_ecosystems import osv_component
from policies.importers.osv_records import Entry, fix_of, ratings_of, shown_first
from policies.importers.ratings import choose
from policies.importers.records import (
    Component,
    Finding,
    FindingKind,
    FixState,
    ReachabilityFact,
    ReachabilityState,
)
from stellapolicy.kernel.identity import is_malware

SCANNER = "govulncheck"
_GO = "Go"
_KEPT = 10  # places and symbols of one vulnerability that are kept
_PAGE = "https://pkg.go.dev/vuln/"


class Level(IntEnum):
    """How near the code of the subject comes to the vulnerable code."""

    REQUIRED = 0
    IMPORTED = 1
    CALLED = 2


# How near a scan of that name looks; nearer than that it says nothing.
_DEPTHS = {"module": Level.REQUIRED, "package": Level.IMPORTED, "symbol": Level.CALLED}
_WORDS = {Level.REQUIRED: "module required", Level.IMPORTED: "package imported", Level.CALLED: "symbol called"}


@dataclass(frozen=True, slots=True)
class Call:
    """One trace: its level, the vulnerable symbol it ends in, and the line of our own code it leaves."""

    level: Level
    symbol: str = ""
    left_at: str = ""


@dataclass(slots=True)
class Reported:
    """Every trace to one vulnerability in one module."""

    identifier: str
    module: str
    version: str
    level: Level = Level.REQUIRED
    calls: int = 0
    fixed: set[str] = field(default_factory=set)
    symbols: set[str] = field(default_factory=set)
    places: set[str] = field(default_factory=set)

    def add(self, call: Call, *, fixed: str) -> None:
        """Take one more trace."""
        self.level = max(self.level, call.level)
        self.calls += call.level is Level.CALLED
        self.fixed |= {fixed.removeprefix("v")} - {""}  # as every other database writes them
        self.symbols |= {call.symbol} - {""}
        self.places |= {call.left_at} - {""}


def state_of(level: Level, scan_level: str) -> ReachabilityState:
    """Return what a scan of that level knows of code that it came so near to."""
    if level is Level.CALLED:
        return ReachabilityState.REACHABLE
    depth = _DEPTHS.get(scan_level, Level.REQUIRED)
    return ReachabilityState.UNREACHABLE if level < depth else ReachabilityState.UNKNOWN


def take(reported: Reported, entry: Entry | None, scan_level: str, gathering: Gathering) -> None:
    """Add the finding and the fact of reachability to the report; a record that is missing leaves its id."""
    component = osv_component(_GO, reported.module, reported.version)
    finding = _finding(reported, entry, component)
    gathering.count(FindingKind.VULNERABILITY, "", with_fix=bool(finding.fixed_versions))
    gathering.findings.append(finding)
    gathering.drop("descriptions and references", count=entry is not None)
    gathering.drop("traces", "their number, symbols and places are kept", count=reported.calls)
    gathering.reach(
        ReachabilityFact(
            vulnerability=finding.id,
            purl=component.purl,
            state=state_of(reported.level, scan_level),
            aliases=finding.aliases,
            call_paths=reported.calls if scan_level == "symbol" or reported.calls else -1,
            symbols=tuple(sorted(reported.symbols)[:_KEPT]),
            evidence=f"{SCANNER}: {_WORDS[reported.level]}",
        )
    )


def _finding(reported: Reported, entry: Entry | None, component: Component) -> Finding:
    names = {reported.identifier, *(entry.names if entry else ())}
    shown, aliases = shown_first(names)
    affected = entry.of_package(_GO, reported.module) if entry else ()
    ratings = ratings_of(entry, affected, SCANNER) if entry else ()
    choice = choose(ratings)
    state, known = fix_of(affected)
    fixed = tuple(sorted(reported.fixed)) or known
    detail = {"reached": _WORDS[reported.level], "symbols": "; ".join(sorted(reported.symbols)[:_KEPT])}
    return Finding(
        kind=FindingKind.MALWARE if any(map(is_malware, names)) else FindingKind.VULNERABILITY,
        id=shown,
        component=component,
        aliases=aliases,
        severity=choice.severity,
        severity_source=choice.severity_source,
        ratings=ratings,
        cvss=choice.cvss,
        title=entry.title if entry else "",
        cwes=entry.cwes if entry else (),
        fix_state=FixState.FIXED if fixed else state,
        fixed_versions=fixed,
        advisory_source=entry.author if entry else "",
        published_at=entry.published_at if entry else None,
        withdrawn_at=entry.withdrawn_at if entry else None,
        paths=tuple(sorted(reported.places)[:_KEPT]),
        primary_url=f"{_PAGE}{reported.identifier}" if reported.identifier.startswith("GO-") else "",
        sources=(SCANNER,),
        detail=tuple((name, value) for name, value in sorted(detail.items()) if value),
    )
