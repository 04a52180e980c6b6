"""Exporting what is in force: which exceptions, as what, and signed by whom."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from exceptions.errors import ExceptionInvalid, NothingToExport
from exceptions.formats.writing import Format
from exceptions.models import PolicyException
from exceptions.rules.vocabulary import Reason
from exceptions.services.exporting import Exported, Only, export_exceptions
from exceptions.services.importing import Outcome, import_exceptions
from stellapolicy.signing.selectors import own_keys
from stellapolicy.tenancy.models import Service
from stellapolicy.trust.dsse import Envelope, verify
from tests.exceptions.desk import DAY, Desk
from tests.factories import NOON, ServiceFactory
from tests.gates.conftest import Shop
from tests.reports import HARMLESS, Vuln, digest_of, trivy
from tests.signing_keys import pem_of

HOUR = timedelta(hours=1)
API = digest_of("shop/api")
API_PURL = f"pkg:oci/api@{API}?repository_url=shop/api"
WEB_PURL = f"pkg:oci/web@{digest_of('shop/web')}?repository_url=shop/web"
MEDIUM = Vuln("CVE-2021-20231", "gnutls")
LOWS = [HARMLESS, *(Vuln(f"CVE-2020-2000{number}", f"quiet-{number}", severity="LOW") for number in range(5))]
QUIET = "pkg:npm/quiet@1.0.0"


@pytest.fixture
def scanned(in_shop: Shop) -> Shop:
    """Return the shop with two images that hold something of a medium severity, and much that is low."""
    for image in ("shop/api", "shop/web"):
        in_shop.ask(image, trivy(image, [MEDIUM, *LOWS], scanned_at=NOON - HOUR))
    return in_shop


def exported(desk: Desk, wanted: Format = Format.NDJSON, *, by: str = "riley", **said: Any) -> Exported:
    """Export at noon."""
    sign, actor, at = said.pop("sign", False), said.pop("actor", None), said.pop("at", NOON)
    return export_exceptions(actor=actor or desk.actor(by), wanted=wanted, only=Only(**said), sign=sign, at=at)


def numbers(done: Exported) -> list[str]:
    """Return the exceptions of an NDJSON document."""
    return [json.loads(line)["origin"]["number"] for line in done.written.content.splitlines()]


def document(done: Exported) -> Any:
    return json.loads(done.written.content)


def a_fact(desk: Desk, **said: Any) -> PolicyException:
    """Let a false positive come into force."""
    return desk.in_force(**{"vulnerability": HARMLESS.id, "reason": Reason.FALSE_POSITIVE, **said})


def test_only_what_is_in_force_is_written_to_the_instant(scanned: Shop, desk: Desk) -> None:
    held = a_fact(desk)
    desk.ask(vulnerability=MEDIUM.id)

    assert numbers(exported(desk)) == [held.number]
    assert numbers(exported(desk, at=NOON + 5 * DAY - timedelta(microseconds=1))) == [held.number]
    assert numbers(exported(desk, at=NOON + 5 * DAY)) == []


def test_what_is_written_is_read_again_as_covered_by_what_it_came_from(scanned: Shop, desk: Desk) -> None:
    held = a_fact(desk)

    result = import_exceptions(
        actor=desk.actor("ada"), content=exported(desk).written.content, filename="exceptions.ndjson", at=NOON + HOUR
    )

    assert [(entry.outcome, entry.number) for entry in result.entries] == [(Outcome.ALREADY_COVERED, held.number)]


def test_a_false_positive_of_one_artifact_is_not_affected_there(scanned: Shop, desk: Desk) -> None:
    a_fact(desk, digest=API)

    [statement] = document(exported(desk, Format.OPENVEX))["statements"]

    assert (statement["status"], statement["vulnerability"]["name"]) == ("not_affected", HARMLESS.id)
    assert [product["@id"] for product in statement["products"]] == [API_PURL]
    assert [part["@id"] for part in statement["products"][0]["subcomponents"]] == [QUIET]


def test_an_accepted_risk_is_affected_in_every_format(scanned: Shop, desk: Desk) -> None:
    desk.in_force(vulnerability=MEDIUM.id)

    [openvex] = document(exported(desk, Format.OPENVEX))["statements"]
    [csaf] = document(exported(desk, Format.CSAF))["vulnerabilities"]
    [cyclonedx] = document(exported(desk, Format.CYCLONEDX))["vulnerabilities"]

    assert openvex["status"] == "affected"
    assert set(csaf["product_status"]) == {"known_affected"}
    assert cyclonedx["analysis"]["state"] == "exploitable"


@pytest.fixture
def worse_elsewhere(scanned: Shop, desk: Desk) -> PolicyException:
    """Let something low be a false positive in every version of a package; then another image has it as critical."""
    held = a_fact(desk, package="pkg:npm/quiet")
    worse = replace(HARMLESS, version="2.0.0", severity="CRITICAL")
    scanned.ask("shop/late", trivy("shop/late", [worse], scanned_at=NOON - HOUR))
    return held


def test_what_the_gate_refuses_is_not_called_harmless_in_openvex(worse_elsewhere: PolicyException, desk: Desk) -> None:
    done = exported(desk, Format.OPENVEX)

    products = [one["@id"] for statement in document(done)["statements"] for one in statement["products"]]
    assert sorted(products) == [API_PURL, WEB_PURL]
    assert (worse_elsewhere.number, "severity") in {(loss.about, loss.member) for loss in done.written.losses}


def test_what_the_gate_refuses_is_not_called_harmless_in_csaf(worse_elsewhere: PolicyException, desk: Desk) -> None:
    done = exported(desk, Format.CSAF)

    [vulnerability] = document(done)["vulnerabilities"]
    assert vulnerability["product_status"] == {
        "known_not_affected": [f"{QUIET} in {API_PURL}", f"{QUIET} in {WEB_PURL}"]
    }
    assert (worse_elsewhere.number, "severity") in {(loss.about, loss.member) for loss in done.written.losses}


def test_what_the_gate_refuses_is_not_called_harmless_in_cyclonedx(
    worse_elsewhere: PolicyException, desk: Desk
) -> None:
    done = exported(desk, Format.CYCLONEDX)

    assert document(done)["vulnerabilities"] == []
    assert (worse_elsewhere.number, "severity") in {(loss.about, loss.member) for loss in done.written.losses}


@pytest.mark.parametrize("wanted", [Format.OPENVEX, Format.CSAF])
def test_of_an_artifact_where_it_is_worse_nothing_is_said(
    worse_elsewhere: PolicyException, desk: Desk, wanted: Format
) -> None:
    with pytest.raises(NothingToExport):
        exported(desk, wanted, artifact=digest_of("shop/late"))


def test_beside_something_worse_of_the_same_name_nothing_is_said(scanned: Shop, desk: Desk) -> None:
    a_fact(desk, package="pkg:npm/quiet")
    worse = replace(HARMLESS, version="2.0.0", severity="CRITICAL")
    scanned.ask("shop/api", trivy("shop/api", [HARMLESS, worse], scanned_at=NOON - HOUR / 2))

    [statement] = document(exported(desk, Format.OPENVEX))["statements"]

    assert [product["@id"] for product in statement["products"]] == [WEB_PURL]


def test_a_document_about_one_artifact_holds_what_is_in_force_there(scanned: Shop, desk: Desk) -> None:
    here = a_fact(desk, digest=API)
    a_fact(desk, digest=digest_of("shop/web"))

    about = exported(desk, Format.CYCLONEDX, artifact=API)

    assert about.written.exceptions == 1
    assert document(about)["metadata"]["component"]["purl"] == API_PURL
    assert here.number in document(about)["vulnerabilities"][0]["analysis"]["detail"]
    assert numbers(exported(desk, artifact=API)) == [here.number]


def test_a_list_is_narrowed_by_what_exceptions_are_about(scanned: Shop, desk: Desk) -> None:
    fact = a_fact(desk, package=QUIET)
    risk = desk.in_force(vulnerability=MEDIUM.id, environment="production")

    assert numbers(exported(desk)) == [fact.number, risk.number]
    assert numbers(exported(desk, vulnerability=HARMLESS.id.lower())) == [fact.number]
    assert numbers(exported(desk, package=QUIET)) == [fact.number]
    assert numbers(exported(desk, environment="production")) == [risk.number]
    assert numbers(exported(desk, reason=Reason.ACCEPTED_RISK)) == [risk.number]
    assert numbers(exported(desk, service="nobody")) == []


def test_a_package_that_is_none_is_refused(in_shop: Shop, desk: Desk) -> None:
    with pytest.raises(ExceptionInvalid):
        exported(desk, package="quiet")


def test_whoever_reads_one_service_exports_what_is_within_it(in_shop: Shop, desk: Desk) -> None:
    service: Service = ServiceFactory(slug="checkout", repositories=["shop/api"])
    in_shop.ask("shop/api", trivy("shop/api", [HARMLESS, MEDIUM], scanned_at=NOON - HOUR))
    within = a_fact(desk, service="checkout")
    a_fact(desk, vulnerability=MEDIUM.id)

    reader = desk.actor("riley", services=[service.pk])

    assert numbers(exported(desk, actor=reader)) == [within.number]


def test_the_envelope_signs_the_very_bytes(scanned: Shop, desk: Desk, settings: Settings) -> None:
    settings.SIGNING_KEY = pem_of(Ed25519PrivateKey.generate())
    a_fact(desk)

    done = exported(desk, Format.OPENVEX, sign=True)

    assert done.envelope is not None
    envelope = Envelope.from_json(done.envelope)
    keys = {key.key_id: key for key in own_keys()}
    assert verify(envelope, keys, payload_type=done.written.media_type) == (done.key_id,)
    assert envelope.payload == done.written.content


def test_without_a_key_the_document_goes_out_unsigned_and_says_so(
    scanned: Shop, desk: Desk, settings: Settings
) -> None:
    settings.SIGNING_KEY, settings.LAPTOP = "", False
    a_fact(desk)

    done = exported(desk, sign=True)

    assert (done.envelope, done.key_id) == (None, "")
    assert "no key is configured" in done.unsigned_because
    assert numbers(done)


def test_nothing_to_say_is_refused_where_a_format_has_no_form_for_it(in_shop: Shop, desk: Desk) -> None:
    with pytest.raises(NothingToExport):
        exported(desk, Format.OPENVEX)

    assert exported(desk).written.content == b""
    assert document(exported(desk, Format.CYCLONEDX))["vulnerabilities"] == []


def test_six_exceptions_take_as_many_queries_as_one(scanned: Shop, desk: Desk) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            exported(desk, Format.OPENVEX)
        return len([one for one in caught.captured_queries if "SAVEPOINT" not in one["sql"]])

    a_fact(desk)
    queries()
    one = queries()
    for low in LOWS[1:]:
        a_fact(desk, vulnerability=low.id)

    assert exported(desk).written.exceptions == len(LOWS)
    assert queries() == one
