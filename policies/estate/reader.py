"""Answers what scopes cover in the present evidence of the tenant, and whose policies these are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from exceptions.matching.subject import Subject
from exceptions.ports import MOST_FINDINGS, Coverage, CoveredFinding, Selection
from exceptions.rules.facts import SeenFacts
from policies import selectors
from policies.estate import evidence
from policies.estate.evidence import Found, Holder
from policies.estate.selecting import Selections, depends_on_verdicts, unjudged
from policies.estate.verdicts import Judge, digests_in_force, policies_in_force
from policies.estate.wanted import Wanted
from policies.evidence.content import StoredFinding
from policies.evidence.excepting import feed_facts, names_of, seen_facts, subject_of
from policies.models import PackRevision
from policies.programs import program_by_digest
from stellapolicy.kernel import digest
from stellapolicy.kernel.globs import glob

_PERSON: Final = "user:"


class PresentEstate:
    """Reads the last snapshot of every artifact; whether a scope covers a finding, the one matcher decides."""

    def covered_each(
        self, selections: Sequence[Selection], *, at: datetime, limit: int = MOST_FINDINGS
    ) -> Mapping[str, Coverage]:
        """Return what each scope covers now; eleven reads at most."""
        if not selections:
            return {}
        found = evidence.find(Wanted.by(one.scope for one in selections), limit=limit)
        return _Look(selections, found, at=at).coverages()

    def programs(self) -> Mapping[str, str]:
        """Return the digest of the policy in force in each environment, by its slug; three reads."""
        return digests_in_force()

    def touched_by(self, artifacts: Iterable[str]) -> frozenset[str]:
        """Return every name of a vulnerability in the present evidence of the artifacts of these digests."""
        return evidence.names_in(set(artifacts))

    def authors_of(self, rules: Iterable[str]) -> frozenset[str]:
        """Return the people who wrote the policies in force that hold these rules; what ships with us is nobody's."""
        wanted = [glob(rule) for rule in set(rules)]
        revisions = PackRevision.objects.active().filter(author__startswith=_PERSON)
        return frozenset(
            revision.author
            for revision in revisions.only("author", "digest", "program").order_by("pk")
            if any(matches(name) for name in _rules_of(revision) for matches in wanted)
        )


def _rules_of(revision: PackRevision) -> list[str]:
    program = program_by_digest(revision.digest, lambda: revision.program)
    return [rule.name for rule in (*program.rules, *program.release_rules)]


class _Look:
    """One look at what was found, for all selections."""

    def __init__(self, selections: Sequence[Selection], found: Found, *, at: datetime) -> None:
        self._selections = selections
        self._found = found
        self._asked = Selections(selections)
        self._holders = evidence.holders_of(found.snapshots)
        names = {name for _, stored in found.findings for name in names_of(stored)}
        named = {name for one in selections for name in one.scope.vulnerabilities}
        self._judge = Judge(
            policies=policies_in_force() if any(map(depends_on_verdicts, selections)) else {},
            knowledge=selectors.knowledge_about([*names, *named]),
            claims=evidence.claims_about(names, found.snapshots),
            at=at,
        )

    def coverages(self) -> Mapping[str, Coverage]:
        """Return the coverage of every selection by its key."""
        rows = {one.key: _Covered() for one in self._selections}
        environments = self._asked.environments(self._judge.policies)
        places = {pk: [holder.place(one) for one in environments] for pk, holder in self._holders.items()}
        for snapshot, stored in self._found.findings:
            judged = _Judged(self._judge, snapshot, self._holders[snapshot], stored, names_of(stored))
            keys = self._asked.covering(judged.unjudged, places[snapshot], judged.before)
            if keys:
                seen = judged.seen()
                for key in keys:
                    rows[key].add(judged, seen)
        return {one.key: self._coverage(one, rows[one.key]) for one in self._selections}

    def _coverage(self, selection: Selection, covered: "_Covered") -> Coverage:
        return Coverage(
            findings=tuple(sorted(covered.findings, key=lambda one: (one.artifact.name, one.artifact.digest, one.key))),
            complete=self._found.complete,
            knowledge=tuple(self._knowledge(selection, covered)),
            digests=self._digests(covered),
        )

    def _knowledge(self, selection: Selection, covered: "_Covered") -> Iterable[SeenFacts]:
        """Yield what the feeds say of the vulnerabilities a scope names, each under the name its findings have."""
        spoken = {found for name in selection.scope.vulnerabilities for found in covered.known_as.get(name, {name})}
        for vulnerability in sorted(filter(None, spoken)):
            names = covered.names.get(vulnerability, {vulnerability})
            yield feed_facts(vulnerability, sorted(names), self._judge.knowledge)

    def _digests(self, covered: "_Covered") -> Mapping[str, str]:
        return {
            "snapshots": digest.of_json(sorted(covered.snapshots)),
            **{f"feed_{name}": feed.digest for name, feed in sorted(self._judge.knowledge.feeds.items())},
        }


@dataclass(frozen=True, slots=True)
class _Judged:
    """One finding, and how to find out what the policies say of it."""

    judge: Judge
    snapshot: UUID
    holder: Holder
    stored: StoredFinding
    names: tuple[str, ...]

    @property
    def unjudged(self) -> Subject:
        """The finding before any verdict."""
        return unjudged(self.stored.kind, self.names, self.stored.purl, self.stored.severity)

    def before(self, environment: str) -> Subject | None:
        """Return the finding as the policy of an environment judges it."""
        verdict = self.judge.verdict(self.snapshot, self.holder, self.stored, environment)
        return None if verdict is None else subject_of(self.stored, verdict)

    def seen(self) -> SeenFacts:
        """Return what is known of it today."""
        facts = self.judge.facts(self.snapshot, self.holder, self.stored)
        return seen_facts(self.stored, facts, self.judge.knowledge)


@dataclass(slots=True)
class _Covered:
    """What one selection covers, as it is gathered; an artifact counts once for a vulnerability in a package."""

    findings: list[CoveredFinding] = field(default_factory=list)
    snapshots: set[str] = field(default_factory=set)
    known_as: dict[str, set[str]] = field(default_factory=dict)
    """By every name of a finding, the names its row has: none where it is no vulnerability."""
    names: dict[str, set[str]] = field(default_factory=dict)
    _counted: set[tuple[UUID, str, str]] = field(default_factory=set)

    def add(self, judged: _Judged, seen: SeenFacts) -> None:
        """Add a finding that is covered."""
        artifact, stored = judged.holder.artifact, judged.stored
        counted = (artifact.id, *seen.key)
        row = replace(seen, artifacts=0) if counted in self._counted else seen
        self._counted.add(counted)
        title = str(stored.origin.get("title") or stored.identifier)
        self.findings.append(CoveredFinding(artifact, stored.key, stored.kind, title, row))
        self.snapshots.add(judged.holder.snapshot)
        for name in judged.names:
            self.known_as.setdefault(name, set()).add(seen.vulnerability)
        self.names.setdefault(seen.vulnerability, set()).update(judged.names)
