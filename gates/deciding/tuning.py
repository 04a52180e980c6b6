"""What every pack and preset says of a set of reports, as if each had been scanned an hour ago; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from gates.checks.combine import Combined
from gates.checks.exit_codes import Decision, GateMode
from gates.checks.presets import PRESETS, Preset
from gates.deciding.decide import decide
from gates.deciding.inputs import FrozenInputs, GateVersion, Place, SnapshotReference, Subject
from policies.evidence.assembly import identifiers
from policies.evidence.claims import Claim
from policies.evidence.knowledge import EpssKnowledge, FeedKnowledge, KevKnowledge, Knowledge
from policies.evidence.snapshot import ComposedSnapshot, Source, compose
from policies.importers.records import EpssDay, ImportedReport, KevCatalogue
from policies.language.program import Program
from stellapolicy.kernel import digest

# A report that does not say when it was made is tried as of this day.
UNDATED = datetime(2026, 1, 31, tzinfo=UTC)
_AGE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Trial:
    """What one pack and one preset say of one report; `why` is the first reason of the check that held it back."""

    report: str
    pack: str
    preset: str
    findings: int
    verdict: str
    held_by: str
    why: str


@dataclass(frozen=True, slots=True)
class Feeds:
    """The intelligence a trial uses, fresh at every instant it is asked about."""

    epss: EpssDay
    kev: KevCatalogue

    def knowledge(self, names: Sequence[str], *, at: datetime) -> Knowledge:
        """Return what these feeds know of some vulnerabilities, as if read at that instant."""
        wanted = set(names)
        return Knowledge(
            epss={
                cve: EpssKnowledge(score, percentile) for cve, score, percentile in self.epss.rows() if cve in wanted
            },
            kev={
                entry.cve: KevKnowledge(entry.due_date, entry.ransomware)
                for entry in self.kev.entries
                if entry.cve in wanted
            },
            feeds={
                "epss": FeedKnowledge(at, at.date(), self.epss.model_version, ""),
                "kev": FeedKnowledge(at, at.date(), self.kev.version, ""),
            },
        )


def try_out(
    reports: Mapping[str, tuple[bytes, ImportedReport]], packs: Mapping[str, Program], feeds: Feeds
) -> list[Trial]:
    """Return a trial for every report, pack and preset, in that order."""
    trials = []
    for name, (content, report) in sorted(reports.items()):
        subject = digest.of_bytes(name.encode())
        composed = compose(subject, [Source(digest.of_bytes(content), report, subject_stated=True)])
        at = (report.scanned_at or UNDATED) + _AGE
        names = [one for stored in composed.findings for one in identifiers(stored.facts)]
        knowledge = feeds.knowledge(names, at=at)
        trials += [
            _trial(name, composed, subject, pack, program, preset, knowledge, at)
            for pack, program in sorted(packs.items())
            for preset in PRESETS.values()
        ]
    return trials


def _trial(  # noqa: PLR0917 - one line of a table
    name: str,
    composed: ComposedSnapshot,
    subject: str,
    pack: str,
    program: Program,
    preset: Preset,
    knowledge: Knowledge,
    at: datetime,
) -> Trial:
    stored = preset.to_json()
    evidence = {**composed.evidence, "scanned_at": composed.evidence.get("scanned_at") or UNDATED.isoformat()}
    inputs = FrozenInputs(
        at=at,
        place=Place(preset.tier.value, preset.tier.value, "internet", "", {}),
        subject=Subject(digest=subject, name=name, labels={}),
        gate=GateVersion("default", 1, preset.mode.value, preset.name.value, stored["chain"], digest.of_json(stored)),
        pack=pack,
        program_digest=program.digest,
        knowledge=knowledge,
        snapshot=SnapshotReference(composed.name, composed.content_digest, evidence),
        exceptions=(),
    )
    claims = [Claim.from_stored(one.vulnerability, one.status, one.claim) for one in composed.claims]
    decided = decide(inputs, program, composed.findings, claims)
    combined = decided.combined
    held_by = combined.blocked_by or combined.warned_by
    return replace(
        Trial(name, pack, preset.name.value, len(composed.findings), _answer(combined), "", ""),
        held_by=held_by.value if held_by else "",
        why=_first_reason(decided.body, held_by.value if held_by else ""),
    )


def _answer(combined: Combined) -> str:
    """Return what the pipeline gets; a gate that observes shows its verdict and stops nobody."""
    if combined.mode is GateMode.OBSERVE and combined.decision is Decision.BLOCK:
        return "observed"
    return combined.decision.value


def _first_reason(body: Mapping[str, object], check: str) -> str:
    checks = body["checks"]
    if not isinstance(checks, list):
        return ""
    weighty = [
        reason["code"]
        for result in checks
        if result["check"] == check
        for reason in result["reasons"]
        if reason["outcome"] == result["outcome"]
    ]
    return str(weighty[0]) if weighty else ""
