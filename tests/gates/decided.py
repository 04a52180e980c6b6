"""Decisions made by the real parts (importer, policy, checks, body), without a database."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from exceptions.matching.standing import StandingException
from gates.checks.exit_codes import GateMode
from gates.checks.presets import PRESETS, PresetName
from gates.deciding.decide import Decided, decide
from gates.deciding.inputs import FrozenInputs, GateVersion, Place, SnapshotReference, Subject
from policies.evidence.claims import Claim
from policies.evidence.knowledge import EpssKnowledge, FeedKnowledge, KevKnowledge, Knowledge
from policies.evidence.snapshot import ComposedSnapshot, Source, StoredFinding, compose
from policies.importers.registry import import_report
from policies.language.compilation import compile_pack
from policies.language.program import Program
from policies.language.source import Source as PolicySource
from stellapolicy.kernel import digest
from stellapolicy.kernel.canonical_json import JsonValue
from tests.reports import digest_of

IMAGE = "registry.example/shop"
_POLICY = """
policy "shop" syntax "stella-dsl@1" {
  rule dismissed priority 10 {
    when vex.status in ["not_affected", "fixed"]
    then ignore
    because "an accepted statement says so"
  }
  rule critical {
    when severity.normalized == "critical"
    then block
    because "critical findings do not ship"
  }
  rule high {
    when severity.normalized == "high"
    then warn
    because "high findings need a look"
  }
}
"""


def program_of(text: str = _POLICY) -> Program:
    """Return the program of a policy that compiles."""
    compiled = compile_pack([PolicySource("shop.stella", text)])
    assert compiled.program is not None, compiled.diagnostics
    return compiled.program


def nothing_known() -> Knowledge:
    """Return what an installation knows that never connected a feed."""
    return Knowledge(epss={}, kev={}, feeds={})


def knowing(
    at: datetime, *, epss: Mapping[str, int] | None = None, kev: Mapping[str, KevKnowledge] | None = None
) -> Knowledge:
    """Return what fresh feeds say: EPSS in 10⁻⁵ and KEV entries by CVE."""
    feed = FeedKnowledge(at - timedelta(hours=2), (at - timedelta(hours=2)).date(), "1", "sha256:" + "f" * 64)
    return Knowledge(
        epss={cve: EpssKnowledge(score, score) for cve, score in (epss or {}).items()},
        kev=dict(kev or {}),
        feeds={"epss": feed, "kev": feed},
    )


def decide_report(
    content: bytes | Path,
    *,
    at: datetime,
    preset: PresetName = PresetName.PRODUCTION,
    mode: GateMode = GateMode.ENFORCE,
    knowledge: Knowledge | None = None,
    program: Program | None = None,
    artifact: str = "",
    exceptions: Sequence[StandingException] | None = None,
    chain: JsonValue = None,
) -> Decided:
    """Decide about one report as the product does once it has gathered what it needs.

    exceptions: None asks as it was done before there were any. chain: another than that of the preset.
    """
    frozen = frozen_question(
        content,
        at=at,
        preset=preset,
        mode=mode,
        knowledge=knowledge,
        program=program,
        artifact=artifact,
        exceptions=exceptions,
        chain=chain,
    )
    return decide(*frozen)


def frozen_question(
    content: bytes | Path,
    *,
    at: datetime,
    preset: PresetName = PresetName.PRODUCTION,
    mode: GateMode = GateMode.ENFORCE,
    knowledge: Knowledge | None = None,
    program: Program | None = None,
    artifact: str = "",
    exceptions: Sequence[StandingException] | None = None,
    chain: JsonValue = None,
) -> tuple[FrozenInputs, Program, tuple[StoredFinding, ...], list[Claim]]:
    """Return what a decision about one report is made of."""
    raw = content if isinstance(content, bytes) else content.read_bytes()
    report = import_report(raw)
    about = artifact or digest_of(IMAGE)
    composed = compose(about, [Source(digest.of_bytes(raw), report, subject_stated=True)])
    judged_by = program or program_of()
    chosen = PRESETS[preset]
    chain = chain or [one.to_json() for one in chosen.chain]
    inputs = FrozenInputs(
        at=at,
        place=Place(chosen.tier.value, chosen.tier.value, "internet", "kubernetes", {}),
        subject=Subject(about, report.subject.name or IMAGE, {}),
        gate=GateVersion("default", 1, mode.value, preset.value, chain, digest.of_json(chain)),
        pack="shop 1",
        program_digest=judged_by.digest,
        knowledge=knowledge or nothing_known(),
        snapshot=_reference(composed),
        exceptions=None if exceptions is None else tuple(sorted(exceptions, key=lambda one: one.id)),
    )
    return FrozenInputs.from_json(inputs.to_json()), judged_by, composed.findings, _claims(composed)


def _reference(composed: ComposedSnapshot) -> SnapshotReference:
    return SnapshotReference(composed.name, composed.content_digest, composed.evidence)


def _claims(composed: ComposedSnapshot) -> list[Claim]:
    return [Claim.from_stored(one.vulnerability, one.status, one.claim) for one in composed.claims]


def stored_body(decided: Decided, *, number: int = 1) -> dict[str, JsonValue]:
    """Return a body as the API answers with it: the decision, and beside it what names and dates its row."""
    pk = f"0192f0c4-0000-7000-8000-{number:012}"
    own = f"/api/v1/gates/decisions/{pk}"
    return {
        **decided.body,
        "id": pk,
        "created_at": "2026-06-15T12:00:01Z",
        "actor": "token:pipeline",
        "build": {"ci": "gitlab", "commit": "c0ffee"},
        "body_digest": digest.of_json(decided.body),
        "links": {name: f"{own}{tail}" for name, tail in _LINKS.items()},
    }


_LINKS = {"self": "", "replay": ":replay", "report": "/report", "explain": "/explain", "page": "/page"}
