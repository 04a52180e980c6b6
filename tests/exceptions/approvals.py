"""An approved exception, as its signed statement says it."""

from datetime import timedelta
from typing import Final

from exceptions.rules.attestation import Approver, Decided, approval_statement
from exceptions.rules.vocabulary import Level
from stellapolicy.governance.quorum import QuorumRule, Seat
from stellapolicy.kernel import digest
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.trust.intoto import Statement
from tests.factories import NOON

TERMS: Final[dict[str, JsonValue]] = {
    "exception": "EXC-2026-0001",
    "level": "a3",
    "starts_at": "2026-03-02T12:05:00Z",
    "expires_at": "2026-03-16T12:00:00Z",
    "scope": {"vulnerabilities": ["CVE-2021-44228"], "environments": ["production"]},
    "effect": "defer",
    "rationale": "The fix is scheduled for the release after next; until then the façade filters it.",
    "seen": [{"vulnerability": "CVE-2021-44228", "severity": "critical", "epss": 94_000}],
}
RULE: Final = QuorumRule((Seat("security", roles=("security",)), Seat("release captain", roles=("release_captain",))))
DECIDED: Final = Decided(
    requester="user:ada",
    approvers=(
        Approver("user:ben", "security", NOON),
        Approver("user:cleo", "release captain", NOON + timedelta(minutes=5), on_behalf_of="user:dev"),
    ),
    level=Level.A3,
    rule=RULE.to_json(),
    reason="the release of Thursday",
    approved_at=NOON + timedelta(minutes=5),
    valid_from=NOON + timedelta(minutes=5),
    valid_until=NOON + timedelta(days=14),
    payload_hash=digest.of_json("what the votes were over"),
)


def statement(
    *, number: str = "EXC-2026-0001", terms: dict[str, JsonValue] | None = None, decided: Decided = DECIDED
) -> Statement:
    """Return the statement of an approval."""
    agreed = TERMS if terms is None else terms
    return approval_statement(number=number, terms=agreed, terms_digest=digest.of_json(agreed), decided=decided)
