"""Worked examples of the check of exceptions, and of what exceptions take out of account elsewhere."""

from dataclasses import replace
from datetime import timedelta

from gates.checks.base import CheckInput, CheckKind, ExceptionState, Excuse, JudgedFinding, Outcome
from policies.excepting import Held
from policies.language.verdict import Status
from tests.gates.checks.examples import BLOCK, NOTE, PASS, WARN, Example
from tests.gates.checks.releases import NOON, finding, release

APPLYING = ExceptionState(
    "EXC-2026-0001",
    findings=("one",),
    relying=("one",),
    weight=Outcome.BLOCK,
    expires_at=NOON + timedelta(days=5),
)
_RISEN = ("EPSS of CVE-2026-0001 rose to 0.6 (0.1 when approved)",)
_LISTED = ("CVE-2026-0001 is now known to be exploited",)


def _of(sentence: str, state: ExceptionState, outcome: Outcome, *codes: str) -> Example:
    return Example(sentence, CheckKind.EXCEPTION_RECHECK, release(finding(), exceptions=(state,)), outcome, codes)


RECHECK = (
    Example("a release without exceptions passes", CheckKind.EXCEPTION_RECHECK, release(finding()), PASS),
    _of("an exception that nothing speaks against passes", APPLYING, PASS),
    _of(
        "one that must be approved anew warns while its grace lasts",
        replace(APPLYING, grace_until=NOON + timedelta(hours=1), changes=_RISEN), WARN, "exception.in_grace",
    ),
    _of(
        "one whose grace is over warns that it covers nothing",
        replace(APPLYING, held=Held.GRACE_OVER, grace_until=NOON), WARN, "exception.grace_over",
    ),
    _of(
        "one that has no grace warns likewise",
        replace(APPLYING, held=Held.REAPPROVAL, changes=_RISEN), WARN, "exception.reapproval",
    ),
    _of("one that is revoked by a fact warns", replace(APPLYING, held=Held.REVOKED, changes=_RISEN), WARN,
        "exception.revoked"),
    _of("one whose approvers asked for a block blocks", replace(APPLYING, held=Held.BLOCKED, changes=_LISTED), BLOCK,
        "exception.blocks"),
    _of("it blocks also what would ship without it",
        replace(APPLYING, held=Held.BLOCKED, changes=_LISTED, weight=PASS, relying=()), BLOCK, "exception.blocks"),
    _of("a warning warns", replace(APPLYING, warnings=_RISEN), WARN, "exception.warning"),
    _of("a warning about what only warns without the exception warns",
        replace(APPLYING, warnings=_RISEN, weight=WARN), WARN, "exception.warning"),
    _of("what nothing needs is merely noted", replace(APPLYING, warnings=_RISEN, weight=PASS), NOTE,
        "exception.warning"),
    _of("a void one that nothing relies on is merely noted",
        replace(APPLYING, held=Held.GRACE_OVER, weight=PASS, relying=()), NOTE, "exception.grace_over"),
    _of("what is worse than what was approved is noted", replace(APPLYING, beyond=("one",), relying=()), NOTE,
        "exception.beyond"),
    _of("its end is announced as a note", replace(APPLYING, is_ending=True), NOTE, "exception.ending"),
    _of("one that has not begun is a note", replace(APPLYING, held=Held.NOT_BEGUN), NOTE, "exception.not_begun"),
)  # fmt: skip


def excused(one: JudgedFinding, *, is_out_of_account: bool = True) -> JudgedFinding:
    """Return a finding that an exception covers."""
    words = "EXC-2026-0001 (accepted risk) until 2026-06-20T12:00:00Z"
    return replace(one, excuse=Excuse("EXC-2026-0001", words, is_out_of_account))


def _released(one: JudgedFinding) -> CheckInput:
    return release(excused(one))


EXCUSED = (
    Example(
        "a listed finding that is deferred does not count",
        CheckKind.KEV_BLOCKER,
        _released(finding(status=Status.DEFERRED, facts={"kev.listed": True})),
        PASS,
    ),
    Example(
        "a listed finding that is merely downgraded counts",
        CheckKind.KEV_BLOCKER,
        release(excused(finding(facts={"kev.listed": True}), is_out_of_account=False)),
        BLOCK,
        ("kev.listed",),
    ),
    Example(
        "a likely exploited finding under a control does not count",
        CheckKind.EPSS_THRESHOLD,
        _released(finding(status=Status.GUARDED_PASS, facts={"epss.score": 0.9})),
        PASS,
    ),
    Example(
        "a finding deferred by an exception warns as any deferral",
        CheckKind.POLICY_VERDICT,
        _released(finding(status=Status.DEFERRED)),
        WARN,
        ("policy.deferred",),
    ),
)
