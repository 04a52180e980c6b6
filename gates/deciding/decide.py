"""Decides: judged and checked raw, settled under the frozen exceptions, and the body that says all of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from exceptions.rules.recheck import Fired
from gates.checks.combine import Combined
from gates.deciding.body import decision_body
from gates.deciding.inputs import FrozenInputs
from gates.deciding.settling import Prepared, Settled, prepare, settle
from policies.evidence.claims import Claim
from policies.evidence.snapshot import StoredFinding
from policies.language.program import Program
from policies.language.verdict import Status
from stellapolicy.kernel.canonical_json import JsonValue


@dataclass(frozen=True, slots=True)
class Applied:
    """A finding that an exception changed: what it was, what it is, and by which effect."""

    exception: str
    finding: str
    raw_status: str
    status: str
    effect: str


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision as values: `body` is the deterministic answer, the same bytes for the same inputs.

    fired: findings by the status that a rule gave them. suppressed: findings left out of account, by who asked.
    applied: what exceptions changed. worsened: by exception, what became so bad that it does not know of it yet.
    """

    combined: Combined
    body: dict[str, JsonValue]
    fired: Mapping[Status, int]
    suppressed: Mapping[str, int]
    applied: tuple[Applied, ...] = ()
    worsened: Mapping[str, tuple[Fired, ...]] = field(default_factory=dict)


def decide(
    inputs: FrozenInputs, program: Program, findings: Sequence[StoredFinding], claims: Sequence[Claim]
) -> Decided:
    """Answer the question that `inputs` freeze; nothing else is read."""
    prepared = prepare(inputs, program, findings, claims)
    settled = settle(prepared, inputs.exceptions or ())
    return Decided(
        combined=settled.ruled.combined,
        body=decision_body(prepared, settled),
        fired=Counter(one.verdict.status for one in prepared.raw.findings if one.verdict.rule),
        suppressed={
            "scanner": sum(1 for stored in findings if stored.origin.get("suppressed_by")),
            "vex": sum(1 for claim in prepared.judgement.claims if claim.is_accepted),
            "exception": sum(settled.release.findings[place].is_out_of_account for place in settled.changed),
        },
        applied=tuple(_applied(prepared, settled, place) for place in sorted(settled.changed)),
        worsened={one.exception.id: one.fired for one in settled.release.standings if one.is_news},
    )


def _applied(prepared: Prepared, settled: Settled, place: int) -> Applied:
    winner = settled.release.findings[place].exception
    if winner is None:
        raise AssertionError("a finding was changed by no exception")
    raw, now = prepared.raw.findings[place], settled.ruled.findings[place]
    return Applied(winner.id, now.key, raw.verdict.status.value, now.verdict.status.value, winner.effect.value)
