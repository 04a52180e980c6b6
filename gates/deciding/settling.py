"""A release without and with exceptions: judged and checked raw once, then settled under any set of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from exceptions.matching.standing import StandingException
from exceptions.matching.subject import Place
from gates.checks.base import CheckKind, CheckResult, JudgedFinding, Outcome, Tier
from gates.checks.chain import ChainStep, chain_from_json, run_chain, step
from gates.checks.combine import Combined, combine
from gates.checks.exit_codes import GateMode
from gates.deciding.asking import check_input
from gates.deciding.excusing import excused, for_release, states
from gates.deciding.inputs import FrozenInputs
from gates.deciding.judging import Judgement, judge
from policies.evidence.claims import Claim
from policies.evidence.snapshot import StoredFinding
from policies.excepting import ExceptedRelease, RawFinding, except_release
from policies.language.program import Program
from policies.language.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Ruled:
    """What the chain says of findings; `weights` is the most that a reason about each makes of it."""

    findings: tuple[JudgedFinding, ...]
    results: tuple[CheckResult, ...]
    combined: Combined
    weights: Mapping[str, Outcome]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A release judged and checked without any exception."""

    inputs: FrozenInputs
    program: Program
    stored: Sequence[StoredFinding]
    judgement: Judgement
    chain: tuple[ChainStep, ...]
    raw: Ruled


@dataclass(frozen=True, slots=True)
class Settled:
    """The same release under exceptions; `changed` are the places of the findings that they changed.

    `release` is empty where none of them covers anything.
    """

    ruled: Ruled
    release: ExceptedRelease
    changed: frozenset[int] = frozenset()


_NOTHING: Final = ExceptedRelease(())


def prepare(
    inputs: FrozenInputs, program: Program, findings: Sequence[StoredFinding], claims: Sequence[Claim]
) -> Prepared:
    """Judge and check a release as if there were no exceptions."""
    judgement = judge(inputs, program, findings, claims)
    chain = _chain(inputs)
    release = program.evaluate_release([(one.facts, one.verdict) for one in judgement.findings])
    results = run_chain(chain, check_input(inputs, judgement.findings, release))
    combined = combine(results, mode=GateMode(inputs.gate.mode))
    raw = Ruled(judgement.findings, results, combined, _weights(results))
    return Prepared(inputs, program, findings, judgement, chain, raw)


def settle(prepared: Prepared, exceptions: Sequence[StandingException]) -> Settled:
    """Return what becomes of a release under these exceptions.

    INVARIANT: no check says more than it did raw, but for the one about exceptions themselves.
    """
    inputs, raw = prepared.inputs, prepared.raw
    release = _excepted(prepared, exceptions) if exceptions else _NOTHING
    if not release.standings:
        return Settled(raw, _NOTHING)
    findings = tuple(map(excused, raw.findings, release.findings))
    verdict = prepared.program.evaluate_release([for_release(one) for one in release.findings])
    standing = states(release, [one.key for one in findings], raw.weights)
    results = run_chain(prepared.chain, check_input(inputs, findings, verdict, standing))
    results = tuple(map(_no_worse, raw.results, results))
    ruled = Ruled(findings, results, raw.combined, _weights(results))
    changed = frozenset(place for place, one in enumerate(findings) if _is_changed(raw, ruled, place))
    combined = combine(results, mode=GateMode(inputs.gate.mode), with_exceptions=bool(changed))
    return Settled(replace(ruled, combined=combined), release, changed)


def _chain(inputs: FrozenInputs) -> tuple[ChainStep, ...]:
    """Return the chain of the gate; one from before there was a check of exceptions gets it where there are any."""
    tier = Tier(inputs.place.tier)
    chain = chain_from_json(inputs.gate.chain, tier=tier)
    if inputs.exceptions and all(one.kind is not CheckKind.EXCEPTION_RECHECK for one in chain):
        return (*chain, step(CheckKind.EXCEPTION_RECHECK, tier))
    return chain


def _excepted(prepared: Prepared, exceptions: Sequence[StandingException]) -> ExceptedRelease:
    inputs = prepared.inputs
    raw = [
        RawFinding(stored, one.facts, one.verdict)
        for stored, one in zip(prepared.stored, prepared.raw.findings, strict=True)
    ]
    subject = inputs.subject
    place = Place(
        artifact_digest=subject.digest,
        artifact_name=subject.name,
        labels=tuple(sorted(subject.labels.items())),
        service=subject.service,
        environment=inputs.place.name,
    )
    return except_release(
        raw, exceptions, program=prepared.program, knowledge=inputs.knowledge, place=place, at=inputs.at
    )


def _weights(results: Sequence[CheckResult]) -> dict[str, Outcome]:
    """Return the most that any reason makes of each finding; what is said of exceptions is no weight of findings."""
    heaviest: dict[str, Outcome] = {}
    counted = (result for result in results if result.check is not CheckKind.EXCEPTION_RECHECK)
    for reason in (reason for result in counted for reason in result.reasons):
        for key in reason.concerns:
            if reason.outcome.rank > heaviest.get(key, Outcome.SKIP).rank:
                heaviest[key] = reason.outcome
    return heaviest


def _no_worse(raw: CheckResult, result: CheckResult) -> CheckResult:
    """Return what a check says, or what it said raw where leaving findings out made it say more."""
    if result.check is CheckKind.EXCEPTION_RECHECK:
        return result
    return raw if result.outcome.rank > raw.outcome.rank else result


def _is_changed(raw: Ruled, ruled: Ruled, place: int) -> bool:
    before, now = raw.findings[place], ruled.findings[place]
    if now.excuse is None:
        return False
    return _said(before.verdict) != _said(now.verdict) or raw.weights.get(now.key) != ruled.weights.get(now.key)


def _said(verdict: Verdict) -> tuple[object, ...]:
    return verdict.status, verdict.undecided, verdict.severity
