"""Evidence and signed approvals over HTTP."""

import base64
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from exceptions.services.evidence import LARGEST
from stellapolicy.kernel.clock import now, rfc3339
from stellapolicy.outbox.services import dispatching
from stellapolicy.signing.selectors import own_keys
from stellapolicy.trust.dsse import Envelope, verify
from stellapolicy.trust.intoto import PAYLOAD_TYPE
from stellapolicy.trust.keys import trusted_keys
from stellapolicy.trust.public_keys import read_public_keys
from tests.exceptions.api.office import EXCEPTIONS, Answer, Office, at, post, refused
from tests.exceptions.evidence import signed_review
from tests.reports import HARMLESS
from tests.signing_keys import new_key, signed_by

pytestmark = pytest.mark.django_db

QUIET = HARMLESS.id
PICTURE = b"\x89PNG picture"


def claims() -> dict[str, Any]:
    return {"control": "waf-rule-1042", "verified_by": "sam", "verified_at": rfc3339(now() - timedelta(days=1))}


def attach(office: Office, address: str, **said: Any) -> Answer:
    return post(office.session("ada"), address, said)


def test_a_statement_and_its_file_are_attached_listed_and_handed_out_as_they_came(office: Office) -> None:
    exception = office.ask(vulnerability=QUIET)
    content = base64.b64encode(PICTURE).decode()

    answer = attach(
        office,
        at(exception, ":attach-evidence"),
        hook="compensating_control",
        claims=claims(),
        filename="rule é.png",
        content_type="image/png",
        content_base64=content,
        note="the rule",
    )

    told = answer.json()
    assert answer.status_code == 201
    assert (told["hook"], told["signature"], told["trust"], told["size_bytes"]) == (
        "compensating_control",
        "unsigned",
        5000,
        len(PICTURE),
    )
    sam = office.session("sam")
    assert [row["id"] for row in sam.get(at(exception, "/evidence")).json()["items"]] == [told["id"]]
    file = sam.get(told["content_url"])
    assert (file.content, file["Content-Type"]) == (PICTURE, "application/octet-stream")
    assert file["Content-Disposition"].startswith("attachment; filename*=utf-8''rule%20")
    assert sam.get(at(exception)).json()["hooks"][0]["state"] == "met"


def test_a_form_attaches_the_same(office: Office) -> None:
    exception, picture = office.ask(vulnerability=QUIET), io.BytesIO(PICTURE)
    picture.name = "rule.png"

    answer = office.session("ada").post(
        at(exception, ":attach-evidence"),
        {"file": picture, "hook": "compensating_control", "claims": json.dumps(claims())},
        format="multipart",
    )

    assert answer.status_code == 201
    assert (answer.json()["filename"], answer.json()["content_type"]) == ("rule.png", "image/png")
    assert answer.json()["claims"]["control"] == "waf-rule-1042"


def test_a_signature_we_trust_is_told_as_verified_and_another_as_bad(office: Office) -> None:
    exception = office.ask(vulnerability=QUIET)
    ours = signed_review(exception, at=now())
    payload = Envelope.from_json(ours).payload
    theirs = signed_by(PAYLOAD_TYPE, payload, new_key()).to_json()

    told = [
        attach(office, at(exception, ":attach-evidence"), hook="security_review", envelope=envelope).json()
        for envelope in (ours, theirs)
    ]

    assert [(one["signature"], one["trust"]) for one in told] == [("verified", 9000), ("bad", 5000)]


def test_what_was_signed_for_another_exception_proves_nothing_here(office: Office) -> None:
    exception = office.ask(vulnerability=QUIET)
    envelope = signed_review(exception, at=now(), number="EXC-1999-0001")

    answer = attach(office, at(exception, ":attach-evidence"), hook="security_review", envelope=envelope)

    assert refused(answer) == (422, "exception.evidence_refused")


@pytest.mark.parametrize(
    "said,code",
    [
        ({}, "exception.attachment_refused"),
        ({"content_base64": "%%%", "content_type": "text/plain"}, "exception.attachment_refused"),
        ({"content_base64": "QQ==", "content_type": "text/html"}, "exception.attachment_refused"),
        ({"hook": "compensating_control", "claims": {"control": 7}}, "exception.evidence_refused"),
        ({"hook": "security_review", "envelope": {"payload": "x"}}, "envelope.malformed"),
        (
            {"hook": "security_review", "envelope": {"payload": "QQ==", "payloadType": "x", "signatures": []}},
            "statement.malformed",
        ),
        ({"hook": "good_will"}, "body.invalid"),
        ({"hooks": "compensating_control"}, "body.invalid"),
    ],
)
def test_what_is_no_evidence_is_refused(office: Office, said: dict[str, Any], code: str) -> None:
    exception = office.ask(vulnerability=QUIET)

    assert refused(attach(office, at(exception, ":attach-evidence"), **said)) == (422, code)


def test_evidence_of_tomorrow_is_refused(office: Office) -> None:
    exception = office.ask(vulnerability=QUIET)
    tomorrow = rfc3339(now() + timedelta(days=1))
    said = {"hook": "compensating_control", "claims": claims(), "issued_at": tomorrow}

    answer = attach(office, at(exception, ":attach-evidence"), **said)

    assert refused(answer) == (422, "exception.evidence_refused")
    assert answer.json()["errors"][0]["pointer"] == "/issued_at"


def test_a_file_too_large_is_refused(office: Office) -> None:
    exception = office.ask(vulnerability=QUIET)
    content = base64.b64encode(b"x" * (LARGEST + 1)).decode()

    answer = attach(office, at(exception, ":attach-evidence"), content_base64=content, content_type="text/plain")

    assert refused(answer) == (422, "exception.attachment_refused")


def test_evidence_is_not_attached_by_strangers_nor_to_what_has_ended(office: Office) -> None:
    exception, said = office.ask(vulnerability=QUIET), {"hook": "compensating_control", "claims": claims()}

    stranger = post(office.session("kit"), at(exception, ":attach-evidence"), said)
    post(office.session("ada"), at(exception, ":withdraw"))
    ended = attach(office, at(exception, ":attach-evidence"), **said)

    assert refused(stranger) == (403, "scope.missing")
    assert refused(ended) == (409, "exception.illegal_transition")


def test_a_statement_without_a_file_has_no_content(office: Office) -> None:
    one, other = office.ask(vulnerability=QUIET), office.ask(vulnerability="CVE-2031-0001")
    bare = attach(office, at(one, ":attach-evidence"), hook="compensating_control", claims=claims()).json()
    file = attach(office, at(one, ":attach-evidence"), content_base64="QQ==", content_type="text/plain").json()

    for exception, evidence in ((one, bare), (other, file)):
        answer = office.session("sam").get(at(exception, f"/evidence/{evidence['id']}/content"))
        assert refused(answer) == (404, "exception.evidence_not_found")
    assert bare["content_url"] is None


def test_a_signed_approval_verifies_elsewhere(office: Office) -> None:
    exception, sam = office.in_force(vulnerability=QUIET), office.session("sam")
    assert refused(sam.get(at(exception, "/attestation"))) == (404, "exception.attestation_not_found")
    dispatching.dispatch(clock=now)

    envelope = sam.get(at(exception, "/attestation")).json()
    statement = sam.get(at(exception, "/attestation/statement")).json()

    assert verify(Envelope.from_json(envelope), trusted_keys(), payload_type=PAYLOAD_TYPE)
    assert statement["subject"][0]["name"] == exception.number
    assert statement["predicateType"].endswith("/human-approval/v1")
    assert sam.get(at(exception)).json()["attestation"] == f"{EXCEPTIONS}/{exception.number}/attestation"


def test_what_nobody_approved_carries_no_signed_approval(office: Office) -> None:
    exception = office.ask(vulnerability=QUIET)

    for below in ("/attestation", "/attestation/statement"):
        assert refused(office.session("sam").get(at(exception, below))) == (404, "exception.attestation_not_found")
    assert office.session("sam").get(at(exception)).json()["attestation"] is None


@pytest.mark.parametrize("accepted", ["*/*", "text/plain", "application/json"])
def test_the_public_key_verifies_what_is_signed_here(office: Office, accepted: str) -> None:
    answer = office.token("exception:read").get(f"{EXCEPTIONS}/public-key", headers={"accept": accepted})

    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain")
    assert answer["Content-Disposition"] == 'attachment; filename="public.pem"'
    assert read_public_keys(answer.content.decode()) == own_keys()


def test_there_is_no_public_key_where_nothing_signs(office: Office, settings: Settings) -> None:
    settings.SIGNING_KEY, settings.LAPTOP = "", False

    assert refused(office.session("sam").get(f"{EXCEPTIONS}/public-key")) == (409, "signing.unsupported")


def test_the_public_key_is_for_whoever_reads_exceptions(office: Office) -> None:
    answer = office.token("gate:read").get(f"{EXCEPTIONS}/public-key")

    assert refused(answer) == (403, "scope.missing")
