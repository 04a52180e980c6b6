"""Evidence with a signature, as a tool of the tenant would send it."""

from datetime import datetime

from exceptions.models import ExceptionEvidence, ExceptionTerms, PolicyException
from exceptions.rules.hooks import HookKind
from exceptions.services.evidence import Attached, attach_evidence
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.signing.ports import signer
from stellapolicy.tenancy.scope import tenant_scope
from stellapolicy.trust.intoto import PAYLOAD_TYPE, Statement, Subject
from tests.exceptions.desk import DAY, Desk
from tests.factories import NOON


def sign_a_review(desk: Desk, exception: PolicyException, *, at: datetime = NOON) -> ExceptionEvidence:
    """Attach a security review signed by a key that the installation trusts: its own."""
    envelope = signed_review(exception, at=at)
    attached = Attached(hook=HookKind.SECURITY_REVIEW, envelope=envelope, issued_at=at - DAY)
    return attach_evidence(actor=desk.actor("ada", at=at), pk=exception.pk, attached=attached, at=at)


def signed_review(exception: PolicyException, *, at: datetime = NOON, number: str = "") -> dict[str, JsonValue]:
    """Return a security review of the newest terms in its envelope, signed by a key that the installation trusts.

    number: another exception's, where the statement names that one.
    """
    assert exception.tenant_id is not None
    with tenant_scope(exception.tenant_id):
        asked = ExceptionTerms.objects.filter(exception=exception).latest("version")
    terms = {"sha256": asked.digest.removeprefix("sha256:")}
    claims = {"reviewer": "sam", "outcome": "passed", "reviewed_at": rfc3339(at - DAY)}
    statement = Statement((Subject(number or exception.number, terms),), "https://example.org/review/v1", claims)
    return signer().sign(PAYLOAD_TYPE, statement.payload()).to_json()
