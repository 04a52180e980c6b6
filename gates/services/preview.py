"""What would flip with an exception in force, or without it: answered by deciding, twice; nothing is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from exceptions import ports
from exceptions.matching.scope import Scope
from exceptions.matching.standing import StandingException
from exceptions.models import PolicyException
from exceptions.ports import ChangedFinding, CoveredArtifact, Flip, Previewed, Selection
from exceptions.rules.vocabulary import ExceptionType
from gates.deciding.settling import Ruled, prepare, settle
from gates.models import Gate, GateDecision
from gates.selectors import READ_SCOPE
from gates.services.excepting import frozen_form, standing_exceptions
from gates.services.freezing import Evidence, freeze, knowledge_of
from gates.services.reevaluation import latest_answers
from policies import selectors
from policies.evidence.content import StoredFinding
from policies.evidence.knowledge import Knowledge
from policies.models import Artifact, PackRevision
from policies.programs import program_by_digest
from stellapolicy.access.roles import Scope as Held
from stellapolicy.kernel.actor import Actor
from stellapolicy.tenancy.models import Environment

MOST_TARGETS: Final = 200
MOST_FINDINGS: Final = 200_000
MOST_SAMPLES: Final = 50
_MAY_SEE: Final = f"{READ_SCOPE}|{Held.EXCEPTION_READ}"


@dataclass(frozen=True, slots=True)
class _Supposed:
    """What is supposed of the exceptions, and as of when everything is judged."""

    added: StandingException | None
    removed: frozenset[str]
    at: datetime

    def change(self, today: Sequence[StandingException]) -> tuple[StandingException, ...]:
        """Return the exceptions there would be; the one that is added takes the place of its older terms."""
        gone = self.removed | ({self.added.id} if self.added else frozenset())
        kept = [one for one in today if one.id not in gone]
        return (*kept, self.added) if self.added else tuple(kept)


@dataclass(frozen=True, slots=True)
class _Target:
    gate: Gate
    artifact: Artifact


@dataclass(frozen=True, slots=True)
class _Three:
    """What a gate says without any exception, as things stand, and as supposed."""

    raw: Ruled
    before: Ruled
    after: Ruled


class GatePreview:
    """Decides about all that an exception covers, with today's evidence, feeds and packs, as it is and as supposed."""

    def preview(
        self,
        *,
        actor: Actor,
        scope: Scope,
        added: StandingException | None,
        removed: frozenset[str],
        at: datetime,
    ) -> Previewed:
        """Return what becomes of what the scope covers with `added` in force, and `removed` (numbers) not.

        Every gate that answered about a covered artifact is asked; about one that none ever answered about, all are.
        An actor is shown the artifacts of services they may look into alone.
        """
        scopes = [scope, *_scopes_of(removed)]
        selections = [Selection(str(number), one, ExceptionType.POLICY) for number, one in enumerate(scopes)]
        coverages = ports.estate().covered_each(selections, at=at)
        covered = {one.id: one for coverage in coverages.values() for one in coverage.artifacts}
        visible = Artifact.objects.visible_to(actor, _MAY_SEE).filter(pk__in=list(covered))
        artifacts = {one.pk: one for one in visible.select_related("service__team").order_by("name", "digest")}
        targets = _targets(artifacts, _environments(scopes))
        found = _Deciding(_Supposed(added, removed, at))
        found.about(targets[:MOST_TARGETS], covered)
        is_whole = len(artifacts) == len(covered) and all(one.complete for one in coverages.values())
        return Previewed(
            flips=tuple(sorted(found.flips, key=_order)),
            samples=tuple(found.samples),
            targets=len(targets),
            complete=is_whole and not found.is_cut and len(targets) <= MOST_TARGETS,
        )


def _scopes_of(removed: frozenset[str]) -> list[Scope]:
    """Return what exceptions cover that would be gone: under new terms they may cover less."""
    rows = PolicyException.objects.filter(number__in=removed).select_related("terms").order_by("number")
    return [row.terms.selector() for row in rows if row.terms is not None]


def _environments(scopes: Sequence[Scope]) -> list[str]:
    """Return the environments any of the scopes names; none where one of them holds everywhere."""
    if not all(scope.environments for scope in scopes):
        return []
    return sorted({slug for scope in scopes for slug in scope.environments})


def _targets(artifacts: Mapping[UUID, Artifact], environments: Sequence[str]) -> list[_Target]:
    """Return whom to ask about what, the newest answers first, then what nobody ever asked about."""
    gates = Gate.objects.in_force().select_related("environment").order_by("environment__slug", "name")
    by_name = {(gate.environment_id, gate.name): gate for gate in gates}
    answers = latest_answers(artifacts, environments).select_related("gate").defer("body", "inputs", "build")
    known = [(by_name[one.environment_id, one.gate.name], artifacts[one.artifact_id]) for one in answers]
    answered = set(
        GateDecision.objects.filter(artifact__in=list(artifacts))
        .order_by()
        .values_list("artifact", flat=True)
        .distinct()
    )
    new = [
        (gate, artifact)
        for pk, artifact in artifacts.items()
        if pk not in answered
        for gate in by_name.values()
        if not environments or gate.environment.slug in environments
    ]
    return [_Target(gate, artifact) for gate, artifact in (*known, *new)]


class _Deciding:
    """Decides about one target after the other, twice each, and gathers what is different."""

    def __init__(self, supposed: _Supposed) -> None:
        self._supposed = supposed
        self._revisions: dict[UUID, PackRevision] = {}
        self._findings = 0
        self.flips: list[Flip] = []
        self.samples: list[ChangedFinding] = []
        self.is_cut = False

    def about(self, targets: Sequence[_Target], covered: Mapping[UUID, CoveredArtifact]) -> None:
        """Decide artifact by artifact, so that evidence is read once and let go; stop where there is too much of it."""
        for pk in dict.fromkeys(target.artifact.pk for target in targets):
            gates = [target.gate for target in targets if target.artifact.pk == pk]
            evidence = _evidence(next(target.artifact for target in targets if target.artifact.pk == pk))
            self._findings += len(evidence.findings) * len(gates)
            if self._findings > MOST_FINDINGS:
                self.is_cut = True
                return
            knowledge = knowledge_of(evidence)
            for gate in gates:
                self._compare(gate, evidence, knowledge, covered[pk])

    def _compare(self, gate: Gate, evidence: Evidence, knowledge: Knowledge, covered: CoveredArtifact) -> None:
        at, environment = self._supposed.at, gate.environment
        revision = self._revision(environment)
        rows = standing_exceptions(
            evidence.findings, environment=environment.slug, service=evidence.service, at=at, now=at
        )
        today = frozen_form(rows, evidence.findings, at=at, now=at)
        then = self._supposed.change(today)
        inputs = freeze(gate, evidence, revision, exceptions=(*today, *then), at=at, knowledge=knowledge)
        program = program_by_digest(revision.digest, lambda: revision.program)
        prepared = prepare(inputs, program, evidence.findings, evidence.claims)
        before, after = settle(prepared, today), settle(prepared, then)
        changed = [place for place in range(len(evidence.findings)) if _differs(before.ruled, after.ruled, place)]
        three = _Three(prepared.raw, before.ruled, after.ruled)
        self.flips.append(_flip(gate, covered, three, changed=len(changed)))
        self.samples += [
            _sample(gate, covered, evidence.findings[place], three, place)
            for place in changed[: MOST_SAMPLES - len(self.samples)]
        ]

    def _revision(self, environment: Environment) -> PackRevision:
        if environment.pk not in self._revisions:
            self._revisions[environment.pk] = selectors.active_revision(environment)
        return self._revisions[environment.pk]


def _evidence(artifact: Artifact) -> Evidence:
    snapshot = selectors.latest_snapshot(artifact.pk)
    if snapshot is None:
        return Evidence(artifact, None, (), [])
    findings, claims = selectors.checked_content(snapshot)
    return Evidence(artifact, snapshot, findings, selectors.as_claims(claims))


def _differs(before: Ruled, after: Ruled, place: int) -> bool:
    """Whether something else becomes of a finding, or it weighs something else."""
    one, other = before.findings[place], after.findings[place]
    if one is other:
        return False
    said = [(each.verdict.status, each.verdict.severity, each.verdict.undecided) for each in (one, other)]
    return said[0] != said[1] or before.weights.get(one.key) != after.weights.get(one.key)


def _sample(gate: Gate, covered: CoveredArtifact, stored: StoredFinding, three: _Three, place: int) -> ChangedFinding:
    return ChangedFinding(
        artifact=covered.name or covered.digest,
        environment=gate.environment.slug,
        key=stored.key,
        identifier=stored.identifier,
        purl=stored.purl,
        before=three.before.findings[place].verdict.status.value,
        after=three.after.findings[place].verdict.status.value,
    )


def _flip(gate: Gate, covered: CoveredArtifact, three: _Three, *, changed: int) -> Flip:
    raw, before, after = three.raw, three.before, three.after
    return Flip(
        gate=gate.name,
        environment=gate.environment.slug,
        artifact=covered,
        before=before.combined.decision.value,
        after=after.combined.decision.value,
        raw=raw.combined.decision.value,
        blocked_by_before=before.combined.blocked_by or "",
        blocked_by_after=after.combined.blocked_by or "",
        changed_findings=changed,
        first_reason=_first_reason(after) or _first_reason(before),
    )


def _first_reason(ruled: Ruled) -> str:
    """Return the first reason of the check that holds it back, or of the first that warns."""
    held_by = ruled.combined.blocked_by or ruled.combined.warned_by
    return next((one.reasons[0].text for one in ruled.results if one.check is held_by and one.reasons), "")


def _order(flip: Flip) -> tuple[bool, str, str, str, str]:
    return not flip.is_flip, flip.environment, flip.gate, flip.artifact.name, flip.artifact.digest
