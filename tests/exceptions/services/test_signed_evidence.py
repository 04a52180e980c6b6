"""What a signature is worth: it is about all that is asked for, and by a key that is trusted still."""

import pytest
from pytest_django.fixtures import Settings

from exceptions.asking import TermsChange
from exceptions.errors import EvidenceMissing, EvidenceRefused
from exceptions.matching.scope import Scope
from exceptions.models import ExceptionEvidence, PolicyException
from exceptions.rules.hooks import HookKind, HookState
from exceptions.rules.vocabulary import Reason
from exceptions.services.evidence import Attached, attach_evidence
from exceptions.services.hooks import evidence_report, signed_evidence_is_missing, submitted_to
from exceptions.services.request import change_terms
from exceptions.sign import evidence_statement
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.signing.ports import signer
from stellapolicy.signing.private_keys import PrivateKey
from stellapolicy.trust.intoto import PAYLOAD_TYPE, Subject
from tests.exceptions.desk import DAY, Desk, fresh
from tests.exceptions.services.test_request import scanned
from tests.factories import NOON
from tests.gates.conftest import Shop
from tests.reports import LOG4SHELL, digest_of
from tests.signing_keys import new_key

API, WEB = digest_of("shop/api"), digest_of("shop/web")
CLAIMS = {"reviewer": "sam", "outcome": "passed", "reviewed_at": rfc3339(NOON - DAY)}


@pytest.fixture
def both(in_shop: Shop, desk: Desk) -> PolicyException:
    """Ask at A4 for an exception of two artifacts."""
    scanned(in_shop, "shop/api", "shop/web")
    exception = desk.ask(scope=Scope((LOG4SHELL,), digests=(API, WEB)), reason=Reason.FALSE_POSITIVE, days=30)
    assert exception.level == "a4"
    return exception


def reviewed(
    desk: Desk, exception: PolicyException, *about: Subject, key: PrivateKey | None = None
) -> ExceptionEvidence:
    """Attach a review of subjects that the installation signed, or another key."""
    payload = evidence_statement(HookKind.SECURITY_REVIEW, about, CLAIMS).payload()
    envelope = key.envelope(PAYLOAD_TYPE, payload) if key else signer().sign(PAYLOAD_TYPE, payload)
    attached = Attached(hook=HookKind.SECURITY_REVIEW, envelope=envelope.to_json())
    return attach_evidence(actor=desk.actor("ada"), pk=exception.pk, attached=attached, at=NOON)


def of(digest: str, name: str = "") -> Subject:
    return Subject(name or digest, {"sha256": digest.removeprefix("sha256:")})


def test_a_review_of_one_of_two_artifacts_is_no_evidence_for_both(both: PolicyException, desk: Desk) -> None:
    with pytest.raises(EvidenceRefused, match="every artifact"):
        reviewed(desk, both, of(API), of(digest_of("another")))

    with pytest.raises(EvidenceMissing):
        desk.approve(both)


def test_a_review_of_every_artifact_is(both: PolicyException, desk: Desk) -> None:
    row = reviewed(desk, both, of(WEB), of(API))

    assert row.subjects == sorted([API, WEB])
    assert desk.approve(both).state == "active"


def test_a_review_of_one_artifact_counts_no_more_once_another_is_asked_for(both: PolicyException, desk: Desk) -> None:
    one = desk.ask(scope=Scope((LOG4SHELL,), digests=(API,)), reason=Reason.FALSE_POSITIVE, days=29)
    reviewed(desk, one, of(API))
    alone = signed_evidence_is_missing(fresh(one), at=NOON)

    more = TermsChange(scope=Scope((LOG4SHELL,), digests=(API, WEB)))
    change_terms(actor=desk.actor("ada"), pk=one.pk, change=more, at=NOON)

    assert (alone, signed_evidence_is_missing(fresh(one), at=NOON)) == (False, True)


def test_a_review_of_artifacts_says_nothing_of_terms_that_name_none(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    exception = desk.ask(vulnerability=LOG4SHELL, reason=Reason.FALSE_POSITIVE, days=30)

    with pytest.raises(EvidenceRefused):
        reviewed(desk, exception, of(API))

    assert submitted_to(exception) == []


def test_the_digest_of_terms_under_another_number_is_left_out(both: PolicyException, desk: Desk) -> None:
    assert both.asked is not None

    row = reviewed(desk, both, of(WEB), of(API), of(both.asked.digest, "EXC-2026-9999"))

    assert row.subjects == sorted([API, WEB])


def test_a_key_that_is_trusted_no_more_vouches_for_nothing(
    both: PolicyException, desk: Desk, settings: Settings
) -> None:
    lost, kept = new_key(), new_key()
    settings.EVIDENCE_KEYS = lost.public.pem + kept.public.pem
    assert reviewed(desk, both, of(WEB), of(API), key=lost).signature == "verified"
    settings.EVIDENCE_KEYS = kept.public.pem

    with pytest.raises(EvidenceMissing):
        desk.approve(both)

    assert both.asked is not None
    (report,) = evidence_report(both, both.asked, at=NOON)
    assert (report.state, report.why) == (
        HookState.BAD_SIGNATURE,
        "its signature does not verify with any key that is trusted now",
    )
    reviewed(desk, both, of(WEB), of(API), key=kept)
    assert desk.approve(both).state == "active"
