"""Moving exceptions over HTTP: files in, documents out."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from exceptions.formats.content import MOST_BYTES
from exceptions.models import PolicyException
from exceptions.rules.vocabulary import Reason
from gates.services.evaluation import evaluate_gate
from stellapolicy.tenancy.scope import tenant_scope
from stellapolicy.trust.dsse import Envelope
from tests.clients import client_of
from tests.exceptions.desk import Desk, make_desk
from tests.gates.conftest import Shop, make_shop
from tests.reports import HARMLESS, digest_of, trivy
from tests.signing_keys import pem_of

IMPORT = "/api/v1/exceptions/import"
EXPORT = "/api/v1/exceptions/export"
NOW = datetime.now(tz=UTC)


@pytest.fixture
def shop(db: None) -> Shop:
    """Return a shop of today, with an image that holds something harmless."""
    shop = make_shop(at=NOW)
    with tenant_scope(shop.tenant.pk):
        report = trivy("shop/api", [HARMLESS], scanned_at=NOW - timedelta(hours=1))
        evaluate_gate(actor=shop.actor, request=shop.request("shop/api", report), at=NOW)
    return shop


@pytest.fixture
def desk(shop: Shop) -> Desk:
    """Return the people of the shop."""
    return make_desk(shop.tenant)


@pytest.fixture
def writer(shop: Shop) -> APIClient:
    """Return a client that may ask for exceptions."""
    return client_of(shop.tenant, "exception:read", "exception:write")


@pytest.fixture
def held(shop: Shop, desk: Desk) -> PolicyException:
    """Let a false positive be in force."""
    with tenant_scope(shop.tenant.pk):
        return desk.in_force(vulnerability=HARMLESS.id, reason=Reason.FALSE_POSITIVE, at=NOW)


def kept(shop: Shop) -> list[PolicyException]:
    with tenant_scope(shop.tenant.pk):
        return list(PolicyException.objects.with_terms().order_by("number"))


def codes(answer: Any) -> set[str]:
    return {error["code"] for error in answer.json()["errors"]}


def test_a_form_brings_a_file_and_what_is_said_beside_it(shop: Shop, writer: APIClient) -> None:
    file = SimpleUploadedFile(".trivyignore", HARMLESS.id.encode())

    answer = writer.post(IMPORT, {"file": file, "ticket": "SEC-7", "environments": "production, staging"})

    assert answer.status_code == 201
    body = answer.json()
    assert (body["format"], body["filename"], body["counts"]["proposed"]) == ("trivyignore", ".trivyignore", 1)
    [row] = kept(shop)
    assert (row.state, row.ticket, row.environments) == ("proposed", "SEC-7", ["production", "staging"])
    assert body["entries"][0]["link"] == f"/api/v1/exceptions/{row.number}"
    assert {loss["member"] for loss in body["entries"][0]["losses"]} >= {"reason", "expires_at", "rationale"}


@pytest.mark.parametrize("media_type", ["application/octet-stream", "application/json", "text/plain"])
def test_a_bare_body_is_the_file_whatever_it_calls_itself(shop: Shop, writer: APIClient, media_type: str) -> None:
    content = json.dumps({"vulnerabilities": [{"id": HARMLESS.id}]})

    answer = writer.post(f"{IMPORT}?filename=ours.json&ticket=SEC-7", data=content, content_type=media_type)

    assert answer.status_code == 201
    assert answer.json()["format"] == "trivyignore_yaml"
    assert "ours.json" in kept(shop)[0].asked.rationale  # type: ignore[union-attr]  # terms that were proposed


def test_a_dry_run_keeps_nothing(shop: Shop, writer: APIClient) -> None:
    answer = writer.post(f"{IMPORT}?dry_run=true", data=HARMLESS.id, content_type="text/plain")

    assert (answer.status_code, answer.json()["dry_run"], answer.json()["counts"]["proposed"]) == (200, True, 1)
    assert kept(shop) == []


def test_the_same_file_again_proposes_nothing(shop: Shop, writer: APIClient) -> None:
    first = writer.post(IMPORT, data=HARMLESS.id, content_type="text/plain")
    again = writer.post(IMPORT, data=HARMLESS.id, content_type="text/plain")

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["entries"][0]["outcome"] == "known"


def test_what_is_in_force_is_linked(writer: APIClient, held: PolicyException) -> None:
    answer = writer.post(
        f"{IMPORT}?expires_at={(NOW + timedelta(days=2)).date()}T00:00:00Z", data=HARMLESS.id, content_type="text/plain"
    )

    [entry] = answer.json()["entries"]
    assert (entry["outcome"], entry["link"]) == ("already_covered", f"/api/v1/exceptions/{held.number}")


def test_a_file_with_mistakes_is_refused_with_all_of_them(shop: Shop, writer: APIClient) -> None:
    answer = writer.post(IMPORT, data="CVE-2021-0001 exp:soon\nCVE-2021-0002 exp:later", content_type="text/plain")

    assert (answer.status_code, answer.json()["code"]) == (422, "exception.import_refused")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["line 1", "line 2"]
    assert kept(shop) == []


def test_a_form_without_a_file_and_words_nobody_knows_are_refused(writer: APIClient) -> None:
    nothing = writer.post(IMPORT, {"ticket": "SEC-7"})
    misspelt = writer.post(f"{IMPORT}?dryrun=true&reason=because", data="CVE-2021-1", content_type="text/plain")

    assert nothing.status_code in {400, 422}
    assert misspelt.status_code in {400, 422}
    assert {"/dryrun", "/reason"} <= {error["pointer"] for error in misspelt.json()["errors"]}


def test_a_file_too_large_to_be_read_is_refused(writer: APIClient) -> None:
    announced = writer.post(IMPORT, data="x" * (MOST_BYTES + 2**20 + 1), content_type="text/plain")
    read = writer.post(IMPORT, data="x" * (MOST_BYTES + 1), content_type="text/plain")

    assert (announced.status_code, read.status_code) == (413, 422)


def test_importing_needs_the_scope_to_write_and_exporting_the_one_to_read(shop: Shop) -> None:
    reader, stranger = client_of(shop.tenant, "exception:read"), client_of(shop.tenant, "gate:read")

    assert reader.post(IMPORT, data="CVE-2021-1", content_type="text/plain").status_code == 403
    assert stranger.get(EXPORT).status_code == 403
    assert APIClient().get(EXPORT).status_code == 401


def test_the_answer_holds_the_document_beside_its_losses(writer: APIClient, held: PolicyException) -> None:
    answer = writer.get(EXPORT, {"format": "openvex"})

    body = answer.json()
    assert (body["format"], body["exceptions"], body["envelope"]) == ("openvex", 1, None)
    assert body["document"]["statements"][0]["status"] == "not_affected"
    assert {loss["member"] for loss in body["loss"]} >= {"approvals", "recheck"}


def test_the_bare_document_comes_as_what_it_is(writer: APIClient, held: PolicyException) -> None:
    answer = writer.get(EXPORT, {"raw": "true"})

    assert answer["Content-Type"] == "application/x-ndjson"
    assert json.loads(answer.content)["origin"]["number"] == held.number


def test_an_envelope_signs_the_document(writer: APIClient, held: PolicyException, settings: Settings) -> None:
    settings.SIGNING_KEY = pem_of(Ed25519PrivateKey.generate())

    body = writer.get(EXPORT, {"format": "csaf", "envelope": "dsse"}).json()
    bare = writer.get(EXPORT, {"format": "csaf", "envelope": "dsse", "raw": "true"})

    assert json.loads(Envelope.from_json(body["envelope"]).payload) == body["document"]
    assert body["key_id"] == body["envelope"]["signatures"][0]["keyid"]
    assert bare["Content-Type"] == "application/vnd.dsse.envelope.v1+json"
    assert set(bare.json()) == {"payload", "payloadType", "signatures"}


def test_without_a_key_the_answer_says_unsigned_and_no_bare_envelope_is_given(
    writer: APIClient, held: PolicyException, settings: Settings
) -> None:
    settings.SIGNING_KEY, settings.LAPTOP = "", False

    told = writer.get(EXPORT, {"envelope": "dsse"}).json()
    bare = writer.get(EXPORT, {"envelope": "dsse", "raw": "true"})

    assert (told["envelope"], bool(told["unsigned_because"])) == (None, True)
    assert (bare.status_code, bare.json()["code"]) == (409, "signing.unsupported")


def test_nothing_to_say_is_told_with_its_reasons(shop: Shop, writer: APIClient) -> None:
    answer = writer.get(EXPORT, {"format": "openvex"})

    assert (answer.status_code, answer.json()["code"]) == (404, "exception.nothing_to_export")


@pytest.mark.parametrize(
    "query,count",
    [
        ({}, 1),
        ({"vulnerability": HARMLESS.id}, 1),
        ({"reason": "accepted_risk"}, 0),
        ({"artifact": digest_of("shop/api")}, 1),
        ({"artifact": digest_of("shop/web")}, 0),
    ],
)
def test_a_query_narrows_what_is_meant(
    writer: APIClient, held: PolicyException, query: dict[str, str], count: int
) -> None:
    assert writer.get(EXPORT, query).json()["exceptions"] == count


@pytest.mark.parametrize("query", [{"format": "pdf"}, {"artifact": "latest"}, {"purl": "quiet"}, {"severity": "high"}])
def test_a_query_that_means_nothing_is_refused(writer: APIClient, query: dict[str, str]) -> None:
    assert writer.get(EXPORT, query).status_code in {400, 422}


def test_the_command_proposes_in_the_name_of_somebody_who_may_ask(
    shop: Shop, desk: Desk, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / ".trivyignore"
    file.write_text(HARMLESS.id)

    call_command("exceptions", "import", str(file), "--person", desk.users["ada"].username, "--tenant", "shop")

    [row] = kept(shop)
    assert (row.person, row.state) == (desk.users["ada"].subject, "proposed")
    assert f"line 1: {HARMLESS.id}: proposed {row.number} A1" in capsys.readouterr().out


def test_the_command_ends_with_a_failure_where_somebody_may_not_ask(shop: Shop, desk: Desk, tmp_path: Any) -> None:
    file = tmp_path / ".trivyignore"
    file.write_text(HARMLESS.id)

    with pytest.raises(CommandError, match="nobody called"):
        call_command("exceptions", "import", str(file), "--person", "ghost", "--tenant", "shop")
    with pytest.raises(CommandError, match=r"scope\.missing") as refused:
        call_command("exceptions", "import", str(file), "--person", desk.users["kit"].username, "--tenant", "shop")
    assert f"{desk.users['kit'].username} does not hold exception:write in shop" in str(refused.value)
    assert f"--person may be {desk.users['ada'].username}" in str(refused.value)


def test_the_command_writes_a_document_and_tells_its_losses(
    held: PolicyException, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "vex.json"

    call_command("exceptions", "export", "--format", "openvex", "--tenant", "shop", "--output", str(output))

    assert json.loads(output.read_text())["statements"][0]["vulnerability"]["name"] == HARMLESS.id
    assert "approvals" in capsys.readouterr().err
