"""What an ID token must prove before anybody asks whose it is: issuer, key, signature, audience, times."""

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from stellapolicy.access.services.exchange import Exchange, exchange_identity
from stellapolicy.egress.models import ConnectionMode
from stellapolicy.egress.services.connection import set_mode
from stellapolicy.kernel.refusals import Refusal
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import almighty
from tests.issuer import EC, RSA, STRANGER, Issuer, issuer, key_set
from tests.stellapolicy.access.workloads import AUDIENCE, GITHUB_RUN, believe, code_of, sent, trust

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.stellapolicy.floor_urls")]


def test_an_issuer_nobody_configured_is_refused_without_a_call(github: Issuer, tenant: Tenant) -> None:
    trust(tenant)

    code = code_of(github.sign({**GITHUB_RUN, "iss": "https://evil.example"}))

    assert code == "identity.issuer_unknown"
    assert github.times_asked_for_keys == 0


@pytest.mark.parametrize(
    "audience", ["https://other.example.org", f"{AUDIENCE}/", [AUDIENCE, "https://other.example.org"], [], None]
)
def test_a_token_for_another_reader_is_refused(audience: object, github: Issuer, tenant: Tenant) -> None:
    trust(tenant)

    assert code_of(github.sign({**GITHUB_RUN, "aud": audience})) == "identity.audience_refused"


def test_an_audience_of_one_in_a_list_is_the_same_audience(github: Issuer, tenant: Tenant) -> None:
    trust(tenant)

    assert code_of(github.sign({**GITHUB_RUN, "aud": [AUDIENCE]})) == ""


def test_a_sender_who_expects_another_audience_is_told(github: Issuer, tenant: Tenant) -> None:
    trust(tenant)

    assert code_of(github.sign(GITHUB_RUN), audience="https://other.example.org") == "identity.audience_refused"


def instant(**offset: float) -> int:
    return int((datetime.now(tz=UTC) + timedelta(**offset)).timestamp())


@pytest.mark.parametrize(
    "times, code",
    [
        ({"exp": instant(seconds=-40)}, "identity.expired"),
        ({"exp": instant(days=-1)}, "identity.expired"),
        ({"exp": None}, "identity.malformed"),
        ({"exp": "soon"}, "identity.malformed"),
        ({"exp": 1e300}, "identity.malformed"),
        ({"nbf": instant(hours=1)}, "identity.not_yet_valid"),
        ({"iat": instant(hours=1)}, "identity.not_yet_valid"),
    ],
)
def test_a_token_that_ended_or_has_not_begun_is_refused(
    times: dict[str, Any], code: str, github: Issuer, tenant: Tenant
) -> None:
    trust(tenant)

    assert code_of(github.sign({**GITHUB_RUN, **times})) == code


def test_two_clocks_may_differ_by_half_a_minute(github: Issuer, tenant: Tenant) -> None:
    trust(tenant)
    at = datetime.now(tz=UTC)
    early = github.sign({**GITHUB_RUN, "nbf": int(at.timestamp()) + 29})
    late = github.sign({**GITHUB_RUN, "exp": int(at.timestamp()) - 29})

    assert exchange_identity(asked=Exchange(early, tenant.slug), at=at).secret
    assert exchange_identity(asked=Exchange(late, tenant.slug), at=at).secret


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def signed_with_nothing(algorithm: str) -> str:
    return f"{part({'alg': algorithm})}.{part({'iss': 'x', **GITHUB_RUN})}."


def signed_with_the_public_key(claims: dict[str, str]) -> str:
    """Return what a naive verifier accepts that takes the public key for the secret of HS256."""
    message = f"{part({'alg': 'HS256', 'kid': 'rsa-1'})}.{part(claims)}"
    mac = hmac.digest(RSA.as_pem(private=False), message.encode(), "sha256")
    return f"{message}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def test_other_algorithms_are_refused(github: Issuer, tenant: Tenant) -> None:
    trust(tenant)
    claims = {"iss": github.url, **GITHUB_RUN}

    codes = {
        code_of(signed_with_nothing("none")),
        code_of(signed_with_nothing("None")),
        code_of(signed_with_the_public_key(claims)),
        code_of(github.sign(GITHUB_RUN, alg="RS512")),
    }

    assert codes == {"identity.algorithm_refused"}


def test_a_key_of_another_kind_is_no_key(github: Issuer, tenant: Tenant) -> None:
    trust(tenant)

    assert code_of(github.sign(GITHUB_RUN, kid="ec-1")) == "identity.key_unknown"


def test_a_signature_of_somebody_else_is_refused(github: Issuer, tenant: Tenant) -> None:
    trust(tenant)

    assert code_of(github.sign(GITHUB_RUN, key=STRANGER)) == "identity.signature_invalid"


def test_changed_claims_are_refused(github: Issuer, tenant: Tenant) -> None:
    trust(tenant)
    header, _, signature = github.sign({**GITHUB_RUN, "repository_id": "7"}).split(".")
    _, claims, _ = github.sign(GITHUB_RUN).split(".")

    assert code_of(f"{header}.{claims}.{signature}") == "identity.signature_invalid"


def test_an_unknown_key_is_looked_for_once_a_minute(github: Issuer, tenant: Tenant) -> None:
    trust(tenant)
    invented = [github.sign(GITHUB_RUN, kid=f"invented-{number}") for number in range(5)]

    codes = {code_of(token) for token in invented}

    assert codes == {"identity.key_unknown"}
    assert github.times_asked_for_keys == 1


def test_a_new_key_of_the_issuer_is_found_after_the_pause(github: Issuer, tenant: Tenant) -> None:
    trust(tenant)
    at = datetime.now(tz=UTC)
    github.keys = [RSA]
    exchange_identity(asked=Exchange(github.sign(GITHUB_RUN), tenant.slug), at=at)
    github.keys = [RSA, EC]

    with pytest.raises(Refusal) as early:
        exchange_identity(asked=Exchange(github.sign(GITHUB_RUN, key=EC), tenant.slug), at=at)
    later = exchange_identity(
        asked=Exchange(github.sign(GITHUB_RUN, key=EC), tenant.slug), at=at + timedelta(seconds=61)
    )

    assert early.value.code == "identity.key_unknown"
    assert later.token.acts_as


def test_keys_are_read_once_for_many_tokens(github: Issuer, tenant: Tenant) -> None:
    trust(tenant)

    for _ in range(3):
        assert code_of(github.sign(GITHUB_RUN)) == ""

    assert github.times_asked_for_keys == 1


def test_keys_once_read_outlive_an_issuer_that_is_away(github: Issuer, tenant: Tenant) -> None:
    trust(tenant)
    at = datetime.now(tz=UTC)
    exchange_identity(asked=Exchange(github.sign(GITHUB_RUN), tenant.slug), at=at)
    github.keys = []
    github.server.asked.clear()

    token = github.sign({**GITHUB_RUN, "exp": instant(days=3)})
    still = exchange_identity(asked=Exchange(token, tenant.slug), at=at + timedelta(minutes=59))

    assert still.token.acts_as
    assert github.times_asked_for_keys == 0


def test_an_issuer_without_keys_is_unavailable(settings: Settings, tenant: Tenant) -> None:
    with issuer() as running:
        believe(settings, running, jwks_url=f"{running.url}/nowhere")
        trust(tenant)

        answer = sent(running.sign(GITHUB_RUN))

    assert (answer.status_code, answer.json()["code"]) == (503, "identity.keys_unavailable")


def test_sealed_only_the_pinned_file_is_read(
    github: Issuer, tenant: Tenant, settings: Settings, tmp_path: Path, sealed: None
) -> None:
    trust(tenant)
    unpinned = code_of(github.sign(GITHUB_RUN))
    pinned = tmp_path / "keys.json"
    pinned.write_bytes(key_set(RSA))
    believe(settings, github, keys_file=str(pinned))

    codes = [code_of(github.sign(GITHUB_RUN)), code_of(github.sign(GITHUB_RUN, key=EC))]

    assert unpinned == "identity.keys_unavailable"
    assert codes == ["", "identity.key_unknown"]
    assert github.times_asked_for_keys == 0


@pytest.fixture
def sealed(tenant: Tenant) -> None:
    with tenant_scope(tenant.pk):
        set_mode(actor=almighty(tenant), mode=ConnectionMode.SEALED, reason="a test", at=datetime.now(tz=UTC))


@pytest.mark.parametrize(
    "token",
    ["", "x", "a.b", "a.b.c", "é.é.é", "..", "e30.e30.e30", "W10.W10.W10", "x" * 20_000, "bnVsbA.bnVsbA.bnVsbA"],
)
def test_what_is_no_token_is_refused_with_a_code(token: str, github: Issuer) -> None:
    answer = sent(token)

    assert 400 <= answer.status_code < 500
    assert answer.json()["code"] in {"body.invalid", "identity.malformed", "identity.algorithm_refused"}
