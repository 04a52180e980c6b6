"""What an importer collects while it reads, and the report it makes of it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from policies.importers.limits import STANDARD, ImportLimits
from policies.importers.merge import merge_claims, merge_found
from policies.importers.records import (
    Component,
    Dropped,
    Fidelity,
    Finding,
    FindingKind,
    ImportedReport,
    ReachabilityFact,
    ReportSubject,
    RowCount,
    SourceType,
    VexClaim,
)
from policies.importers.refusals import TooLarge

PROSE = "prose for people; the stored file keeps it"


@dataclass(slots=True)
class Gathering:
    """Collects rows, components, findings and claims of one report, and counts what is left out."""

    limits: ImportLimits = STANDARD
    components: list[Component] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    claims: list[VexClaim] = field(default_factory=list)
    reachability: list[ReachabilityFact] = field(default_factory=list)
    _rows: int = 0
    _counts: Counter[tuple[FindingKind, str]] = field(default_factory=Counter)
    _with_fix: Counter[tuple[FindingKind, str]] = field(default_factory=Counter)
    _suppressed: Counter[tuple[FindingKind, str]] = field(default_factory=Counter)
    _dropped: Counter[tuple[str, str]] = field(default_factory=Counter)
    _partial: set[str] = field(default_factory=set)
    _notes: set[str] = field(default_factory=set)

    def count(self, kind: FindingKind, label: str, *, with_fix: bool = False, suppressed: bool = False) -> None:
        """Count one row as it stands in the report; raises TooLarge beyond the limit."""
        self._rows += 1
        if self._rows > self.limits.findings:
            raise TooLarge(f"the report has more than {self.limits.findings} findings")
        row = (kind, label)
        self._counts[row] += not suppressed
        self._with_fix[row] += with_fix and not suppressed
        self._suppressed[row] += suppressed

    def claim(self, claim: VexClaim) -> None:
        """Take a claim; raises TooLarge beyond the limit."""
        if len(self.claims) >= self.limits.findings:
            raise TooLarge(f"the report has more than {self.limits.findings} claims")
        self.claims.append(claim)

    def reach(self, fact: ReachabilityFact) -> None:
        """Take what an analysis says of reachability; raises TooLarge beyond the limit."""
        if len(self.reachability) >= self.limits.findings:
            raise TooLarge(f"the report has more than {self.limits.findings} facts of reachability")
        self.reachability.append(fact)

    def drop(self, what: str, why: str = PROSE, *, count: int = 1) -> None:
        """Say that something was read and not kept."""
        if count:
            self._dropped[what, why] += count

    def admit_filter(self, reason: str) -> None:
        """Say that the report shows only a part of what the scanner saw."""
        self._partial.add(reason)

    def note(self, sentence: str) -> None:
        """Say something a reader of the evidence should know."""
        self._notes.add(sentence)

    def report(
        self,
        *,
        report_format: str,
        tool: str,
        tool_version: str,
        source_type: SourceType,
        subject: ReportSubject,
        scanned_at: datetime | None = None,
        db_built_at: datetime | None = None,
    ) -> ImportedReport:
        """Return everything gathered, duplicates merged, in a total order."""
        components, findings = merge_found([*self.components, *self._components_of_findings()], self.findings)
        return ImportedReport(
            format=report_format,
            tool=tool,
            tool_version=tool_version,
            source_type=source_type,
            subject=subject,
            components=components,
            findings=findings,
            claims=merge_claims(self.claims),
            reachability=tuple(sorted(set(self.reachability))),
            fidelity=self._fidelity(len(self.findings) - len(findings)),
            db_built_at=db_built_at,
            scanned_at=scanned_at,
        )

    def _components_of_findings(self) -> Iterable[Component]:
        kinds = (FindingKind.SECRET, FindingKind.MISCONFIGURATION)  # they concern files, which are no components
        return (one.component for one in self.findings if one.kind not in kinds and one.component.key)

    def _fidelity(self, merged_rows: int) -> Fidelity:
        rows = [
            RowCount(kind, label, count, self._with_fix[kind, label], self._suppressed[kind, label])
            for (kind, label), count in self._counts.items()
        ]
        dropped = [Dropped(what, count, why) for (what, why), count in self._dropped.items()]
        return Fidelity(
            rows=tuple(sorted(rows)),
            dropped=tuple(sorted(dropped)),
            partial_reasons=tuple(sorted(self._partial)),
            notes=tuple(sorted(self._notes)),
            merged_rows=merged_rows,
        )
