"""What is shown and said about an exception: statements, files and lines of the thread, and how they are read again."""

import json
from base64 import b64decode
from http import HTTPStatus

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from exceptions.models import ExceptionAttestation, ExceptionComment, ExceptionEvidence
from exceptions.rules.vocabulary import Reason
from stellapolicy.access.roles import Role
from stellapolicy.signing.ports import signer
from stellapolicy.trust.intoto import PAYLOAD_TYPE
from tests.exceptions.admin.office import HIGH, Office, address
from tests.exceptions.desk import DAY
from tests.exceptions.evidence import signed_review
from tests.factories import person_with
from tests.signing_keys import new_key, signed_by

HOOK = "?hook=compensating_control"
STATED = {"control": "waf-rule-1042", "verified_by": "sam", "verified_at": "2026-01-02T10:00"}


def test_a_statement_for_a_hook_is_written_into_plain_fields(office: Office) -> None:
    row = office.ask(reason=Reason.COMPENSATING_CONTROL, controls=("WAF",))
    said = {**STATED, "verified_at": f"{office.at - DAY:%Y-%m-%dT%H:%M}"}

    shown = office.sign_in("ada").get(address(row, "attach") + HOOK).content.decode()
    office.sign_in("ada").post(address(row, "attach") + HOOK, said)

    kept = ExceptionEvidence.objects.get()
    assert "Verified by" in shown
    assert (kept.hook, kept.claims["control"], kept.signature) == ("compensating_control", "waf-rule-1042", "unsigned")
    assert kept.claims["verified_at"].endswith("Z")
    page = office.page("sam", row)
    assert "waf-rule-1042" in page


def test_a_signed_statement_takes_the_place_of_the_fields(office: Office) -> None:
    row = office.ask()
    said = {"envelope": json.dumps(signed_review(row, at=office.at)), "note": "signed by a tool"}

    office.sign_in("ada").post(address(row, "attach") + "?hook=security_review", said)

    assert ExceptionEvidence.objects.get().signature == "verified"


def test_a_bad_signature_is_a_warning_that_says_why_and_what_to_do(office: Office) -> None:
    row, ada, good = office.ask(), office.sign_in("ada"), signer()
    envelope = signed_review(row, at=office.at)
    payload = b64decode(str(envelope["payload"]))
    strange = signed_by(PAYLOAD_TYPE, payload, new_key()).to_json()
    forged = {**envelope, "signatures": good.sign("text/plain", payload).to_json()["signatures"]}

    told = [
        ada.post(address(row, "attach") + "?hook=security_review", {"envelope": json.dumps(bad)}, follow=True)
        for bad in (strange, forged)
    ]

    said = [[(one.level_tag, str(one)) for one in answer.context["messages"]] for answer in told]
    assert [[level for level, _words in one] for one in said] == [["warning"], ["warning"]]
    assert "not trusted here. Let an operator add the public key to EVIDENCE_KEYS" in said[0][0][1]
    assert "The signature does not fit" in said[1][0][1]
    assert {one.signature for one in ExceptionEvidence.objects.all()} == {"bad"}


@pytest.mark.parametrize(
    "said, words",
    [
        ({"envelope": "{"}, "the envelope is no JSON"),
        ({"envelope": "[]"}, "the envelope is no JSON object"),
        ({"control": "", "verified_by": "", "verified_at": ""}, "This field is required."),
        ({**STATED, "verified_at": "yesterday"}, "Enter a valid date/time."),
    ],
)
def test_a_statement_that_is_none_is_refused(office: Office, said: dict[str, str], words: str) -> None:
    row = office.ask()

    answer = office.sign_in("ada").post(address(row, "attach") + HOOK, said)

    assert words in answer.content.decode()
    assert not ExceptionEvidence.objects.exists()


def test_a_file_comes_back_byte_for_byte_and_never_as_a_page(office: Office) -> None:
    row, content = office.ask(), b"<script>alert(1)</script>"
    file = SimpleUploadedFile("plan.md", content, content_type="application/octet-stream")

    office.sign_in("ada").post(address(row, "attach"), {"file": file, "note": "the plan"})
    kept = ExceptionEvidence.objects.get()
    answer = office.sign_in("riley").get(address(row, "attachment"), {"of": str(kept.pk)})

    assert (kept.content_type, kept.note) == ("text/markdown", "the plan")
    assert (answer.content, answer["Content-Type"]) == (content, "application/octet-stream")
    assert answer["Content-Disposition"].startswith('attachment; filename="plan.md"')
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("of", ["", "nonsense", "00000000-0000-0000-0000-000000000000"])
def test_an_attachment_that_is_not_there_is_not_found(office: Office, of: str) -> None:
    row = office.ask()

    assert office.sign_in("ada").get(address(row, "attachment"), {"of": of}).status_code == HTTPStatus.NOT_FOUND


def test_an_attachment_of_another_exception_is_not_found(office: Office) -> None:
    row, other = office.ask(), office.ask("CVE-2022-0001")
    file = SimpleUploadedFile("plan.txt", b"plan", content_type="text/plain")
    office.sign_in("ada").post(address(row, "attach"), {"file": file})
    kept = ExceptionEvidence.objects.get()

    answer = office.sign_in("ada").get(address(other, "attachment"), {"of": str(kept.pk)})

    assert answer.status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("name, type_", [("run.html", "text/html"), ("run.sh", "application/x-sh")])
def test_a_file_of_a_kind_that_is_not_kept_is_refused(office: Office, name: str, type_: str) -> None:
    row = office.ask()

    answer = office.sign_in("ada").post(
        address(row, "attach"), {"file": SimpleUploadedFile(name, b"x", content_type=type_)}
    )

    assert "Not an attachment that is kept" in answer.content.decode()


def test_whoever_may_not_attach_is_led_back(office: Office) -> None:
    row = office.ask()

    answer = office.sign_in("kit").get(address(row, "attach"), follow=True)

    assert answer.redirect_chain[-1][0] == address(row)


def test_a_question_is_asked_and_answered(office: Office) -> None:
    row = office.ask()

    office.sign_in("sam").post(address(row, "say"), {"kind": "question", "text": "which release?"})
    answer = office.sign_in("ada").post(address(row, "say"), {"kind": "answer", "text": "2.3"}, follow=True)

    said = list(ExceptionComment.objects.order_by("at", "id").values_list("kind", "text"))
    assert said == [("question", "which release?"), ("answer", "2.3")]
    assert answer.redirect_chain[-1][0] == f"{address(row)}#thread"


@pytest.mark.parametrize("who, kind", [("ada", "question"), ("sam", "answer"), ("sam", "nonsense")])
def test_whoever_asked_answers_and_the_others_ask(office: Office, who: str, kind: str) -> None:
    row = office.ask()

    office.sign_in(who).post(address(row, "say"), {"kind": kind, "text": "hello"})

    assert not ExceptionComment.objects.exists()


def test_a_viewer_may_comment(office: Office) -> None:
    row = office.ask()
    viewer = office.sign_in(person_with(office.shop.tenant, Role.VIEWER))

    viewer.post(address(row, "say"), {"kind": "comment", "text": "we saw this too"})

    assert ExceptionComment.objects.get().text == "we saw this too"


def test_the_signed_approval_is_downloaded(office: Office) -> None:
    row = office.in_force(HIGH.id)
    assert row.terms is not None
    envelope = signer().sign("application/json", b"{}").to_json()
    ExceptionAttestation.objects.create(
        exception=row, terms=row.terms, envelope=envelope, key_id="sha256:abc", digest="sha256:def", at=office.at
    )

    answer = office.sign_in("riley").get(address(row, "envelope"))

    assert json.loads(answer.content) == envelope
    assert answer["Content-Disposition"] == f'attachment; filename="{row.number}.dsse.json"'
    assert f"python -m exceptions.verify {row.number}.dsse.json" in office.page("riley", row)


def test_what_is_not_signed_has_no_envelope(office: Office) -> None:
    for row in (office.ask(), office.in_force("CVE-2022-0001")):
        assert office.sign_in("riley").get(address(row, "envelope")).status_code == HTTPStatus.NOT_FOUND


def test_what_must_be_signed_asks_for_the_envelope_first_and_takes_it_as_a_file(office: Office) -> None:
    row, ada = office.ask(), office.sign_in("ada")
    where = address(row, "attach") + "?hook=security_review"
    file = SimpleUploadedFile("evidence.json", json.dumps(signed_review(row, at=office.at)).encode())

    shown = ada.get(where).content.decode()
    ada.post(where, {"envelope_file": file})

    assert shown.index('id="id_envelope"') < shown.index('id="id_envelope_file"') < shown.index('id="id_reviewer"')
    assert 'for="id_reviewer">Reviewer <span class="st-subtle">(optional)' in shown
    assert "without a signature, it does not count" in shown
    assert ExceptionEvidence.objects.get().signature == "verified"


@pytest.mark.parametrize("content, words", [(b"\xff\xfe", "It is no text."), (b"x" * 200_001, "It is too long")])
def test_a_file_that_is_no_envelope_is_refused(office: Office, content: bytes, words: str) -> None:
    row = office.ask()

    answer = office.sign_in("ada").post(
        address(row, "attach") + HOOK, {"envelope_file": SimpleUploadedFile("evidence.json", content)}
    )

    assert words in answer.content.decode()
    assert not ExceptionEvidence.objects.exists()


def test_nobody_is_offered_to_answer_what_nobody_asked(office: Office) -> None:
    row, answer = office.ask(), 'value="answer"'

    before = office.page("ada", row)
    office.sign_in("sam").post(address(row, "say"), {"kind": "question", "text": "which release?"})
    after = office.page("ada", row)

    assert (answer in before, answer in after) == (False, True)
    assert 'value="comment"' in before
