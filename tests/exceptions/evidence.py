"""Evidence with a signature, as a tool of the tenant would send it."""

from datetime import datetime

from exceptions.models import ExceptionEvidence, PolicyException
from exceptions.rules.hooks import HookKind
from exceptions.services.evidence import Attached, attach_evidence
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.signing.ports import signer
from stellapolicy.trust.intoto import PAYLOAD_TYPE, Statement, Subject
from tests.exceptions.desk import DAY, Desk
from tests.factories import NOON


def sign_a_review(desk: Desk, exception: PolicyException, *, at: datetime = NOON) -> ExceptionEvidence:
    """Attach a security review signed by a key that the installation trusts: its own."""
    envelope = signed_review(exception.number, at=at)
    attached = Attached(hook=HookKind.SECURITY_REVIEW, envelope=envelope, issued_at=at - DAY)
    return attach_evidence(actor=desk.actor("ada", at=at), pk=exception.pk, attached=attached, at=at)


def signed_review(number: str, *, at: datetime = NOON) -> dict[str, JsonValue]:
    """Return a security review of an exception in its envelope, signed by a key that the installation trusts."""
    claims = {"reviewer": "sam", "outcome": "passed", "reviewed_at": rfc3339(at - DAY)}
    statement = Statement((Subject(number, {"sha256": "0" * 64}),), "https://example.org/review/v1", claims)
    return signer().sign(PAYLOAD_TYPE, statement.payload()).to_json()
