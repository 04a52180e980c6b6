"""Sign-in through an identity provider: the whole dance over loopback, and every way it can go wrong."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from stellapolicy.access import keys
from stellapolicy.access import provider as known_provider
from stellapolicy.access.models import ExternalIdentity, GroupMapping, User
from stellapolicy.access.reauthentication import AUTHENTICATED_AT
from stellapolicy.access.roles import Role
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, UserFactory
from tests.issuer import EC, STRANGER, sign
from tests.provider import CLIENT, SECRET, SUBJECT, Provider, provider, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def idp(settings: Settings) -> Iterator[Provider]:
    keys.forget()
    known_provider.forget()
    with provider() as running:
        settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = running.url, CLIENT, SECRET
        settings.EGRESS_INTERNAL_HOSTS = {"oidc": ["127.0.0.1"]}
        yield running


@pytest.fixture
def viewers(tenant: Tenant) -> GroupMapping:
    with tenant_scope(tenant.pk):
        return GroupMapping.objects.create(group="viewers", role=Role.VIEWER, created_by="user:root", created_at=NOON)


def refused_with(answer: Any) -> str:
    """Return the code on the page that says why somebody was not signed in."""
    page = answer.content.decode()
    assert answer.status_code >= 400, page
    assert "You were not signed in" in page
    return str(page.split('<code class="st-code">')[1].split("</code>")[0])


def in_session(browser: Client) -> str:
    """Return who is signed in; empty for nobody."""
    pk = browser.session.get("_auth_user_id")
    return User.objects.get(pk=pk).username if pk else ""


def test_somebody_new_is_known_from_their_first_sign_in(idp: Provider, viewers: GroupMapping) -> None:
    idp.claims = {
        "preferred_username": "alice",
        "name": "Alice Doe",
        "email": "Alice@Example.org",
        "email_verified": True,
        "groups": ["viewers", "others"],
    }
    browser = Client()

    answer = signed_in(browser, idp, next_address="/admin/gates/gate/")

    assert (answer.status_code, answer["Location"]) == (HTTPStatus.FOUND, "/admin/gates/gate/")
    person = User.objects.get(username="alice")
    assert (person.email, person.first_name, person.has_usable_password()) == ("alice@example.org", "Alice Doe", False)
    assert ExternalIdentity.objects.get().subject == SUBJECT
    assert browser.get("/admin/").status_code == HTTPStatus.OK


def test_the_browser_is_sent_with_state_nonce_and_a_challenge(idp: Provider) -> None:
    begun = Client().get("/oidc/authenticate/")

    asked = parse_qs(urlsplit(begun["Location"]).query)
    assert begun["Location"].startswith(f"{idp.url}/authorize?")
    assert asked["client_id"] == [CLIENT]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == ["http://testserver/oidc/callback/"]
    assert min(len(asked[name][0]) for name in ("state", "nonce", "code_challenge")) >= 32


def test_the_secret_goes_to_the_provider_as_it_wants_it(idp: Provider, viewers: GroupMapping) -> None:
    signed_in(Client(), idp)
    known_provider.forget()
    idp.discovery = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}

    signed_in(Client(), idp)

    in_header, in_body = idp.redeemed
    assert "client_secret" not in in_header
    assert in_body["client_secret"] == SECRET


def test_the_sign_in_page_offers_the_provider(idp: Provider) -> None:
    page = Client().get("/admin/login/", {"next": "/admin/gates/gate/"}).content.decode()

    assert 'href="/oidc/authenticate/?next=/admin/gates/gate/"' in page


def test_somebody_without_a_mapped_group_reads_that_they_hold_no_role(idp: Provider, viewers: GroupMapping) -> None:
    idp.claims = {"preferred_username": "alice", "groups": ["others"]}
    browser = Client()

    signed_in(browser, idp)
    page = browser.get("/admin/")

    assert page.status_code == HTTPStatus.FORBIDDEN
    assert "alice holds no role in any tenant" in page.content.decode()


def test_somebody_is_recognised_by_issuer_and_subject_alone(idp: Provider, viewers: GroupMapping) -> None:
    idp.claims = {"preferred_username": "alice", "groups": ["viewers"]}
    signed_in(Client(), idp)
    idp.claims = {"preferred_username": "renamed", "email": "new@example.org", "groups": ["viewers"]}

    signed_in(Client(), idp)

    assert [person.username for person in User.objects.all()] == ["alice"]


@pytest.mark.parametrize("verified", [False, None, True])
def test_an_address_never_leads_to_an_account_that_exists(
    verified: object, idp: Provider, viewers: GroupMapping
) -> None:
    local = UserFactory(username="alice", email="alice@example.org")
    idp.claims = {"preferred_username": "alice", "email": "alice@example.org", "email_verified": verified}
    browser = Client()

    signed_in(browser, idp)

    stranger = User.objects.get(identities__subject=SUBJECT)
    assert stranger != local
    assert stranger.username.startswith("alice-")
    assert stranger.email == ""
    assert in_session(browser) == stranger.username


def test_another_subject_of_the_same_name_is_another_person(idp: Provider) -> None:
    idp.claims = {"preferred_username": "alice"}
    signed_in(Client(), idp)
    idp.claims = {"preferred_username": "alice", "sub": "another"}

    signed_in(Client(), idp)

    assert User.objects.count() == 2


def test_somebody_locked_out_is_not_let_in(idp: Provider) -> None:
    signed_in(Client(), idp)
    User.objects.update(is_active=False)

    assert refused_with(signed_in(Client(), idp)) == "person.disabled"


def test_the_session_of_somebody_locked_out_dies_at_the_next_request(idp: Provider, viewers: GroupMapping) -> None:
    idp.claims = {"groups": ["viewers"]}
    browser = Client()
    signed_in(browser, idp)
    User.objects.update(is_active=False)

    answer = browser.get("/admin/")

    assert answer["Location"].startswith("/admin/login/")


def later(**offset: float) -> int:
    return int((datetime.now(tz=UTC) + timedelta(**offset)).timestamp())


@pytest.mark.parametrize(
    "claims, code",
    [
        ({"iss": "https://evil.example"}, "identity.issuer_unknown"),
        ({"aud": "another-client"}, "identity.audience_refused"),
        ({"aud": [CLIENT, "another-client"]}, "identity.audience_refused"),
        ({"azp": "another-client"}, "identity.audience_refused"),
        ({"nonce": "another"}, "identity.nonce_refused"),
        ({"nonce": None}, "identity.nonce_refused"),
        ({"exp": later(minutes=-5)}, "identity.expired"),
        ({"iat": later(days=2)}, "identity.not_yet_valid"),
        ({"exp": None}, "identity.malformed"),
        ({"sub": None}, "identity.malformed"),
        ({"sub": ""}, "identity.malformed"),
        ({"sub": ["x"]}, "identity.malformed"),
    ],
)
def test_claims_that_prove_nothing_are_refused(claims: dict[str, Any], code: str, idp: Provider) -> None:
    def write(said: dict[str, Any]) -> str:
        token = {**said, **claims}
        return sign({name: value for name, value in token.items() if value is not None} | _none(claims, "exp"))

    idp.write = write
    browser = Client()

    assert refused_with(signed_in(browser, idp)) == code
    assert in_session(browser) == ""
    assert not User.objects.exists()


def _none(claims: dict[str, Any], name: str) -> dict[str, None]:
    return {name: None} if name in claims and claims[name] is None else {}


@pytest.mark.parametrize(
    "write, code",
    [
        (lambda said: sign(said, key=STRANGER), "identity.signature_invalid"),
        (lambda said: sign(said, kid="invented"), "identity.key_unknown"),
        (lambda said: sign(said, alg="RS512"), "identity.algorithm_refused"),
        (lambda _: "eyJhbGciOiJub25lIn0.e30.", "identity.algorithm_refused"),
        (lambda _: "no token", "identity.malformed"),
        (lambda _: None, "identity.malformed"),
    ],
)
def test_a_token_that_is_not_the_providers_is_refused(write: Any, code: str, idp: Provider) -> None:
    idp.write = write

    assert refused_with(signed_in(Client(), idp)) == code


def test_a_provider_may_sign_with_an_elliptic_curve(idp: Provider) -> None:
    idp.write = lambda said: sign(said, key=EC)
    browser = Client()

    signed_in(browser, idp)

    assert in_session(browser)


def test_an_answer_to_a_sign_in_of_another_browser_is_refused(idp: Provider) -> None:
    begun = Client().get("/oidc/authenticate/")
    victim = Client()

    answer = victim.get("/oidc/callback/", idp.let_in(begun["Location"]))

    assert refused_with(answer) == "oidc.state_refused"
    assert in_session(victim) == ""
    assert idp.redeemed == []


def test_an_answer_serves_once(idp: Provider) -> None:
    browser = Client()
    query = idp.let_in(browser.get("/oidc/authenticate/")["Location"])
    browser.get("/oidc/callback/", query)

    assert refused_with(browser.get("/oidc/callback/", query)) == "oidc.state_refused"


def test_a_code_that_was_stolen_is_worth_nothing_without_the_verifier(idp: Provider) -> None:
    stolen = idp.let_in(Client().get("/oidc/authenticate/")["Location"])
    thief = Client()
    own = idp.let_in(thief.get("/oidc/authenticate/")["Location"])

    answer = thief.get("/oidc/callback/", {"code": stolen["code"], "state": own["state"]})

    assert refused_with(answer) == "oidc.unavailable"
    assert in_session(thief) == ""


def test_a_no_of_the_provider_is_said_and_signs_nobody_out(idp: Provider, viewers: GroupMapping) -> None:
    idp.claims = {"groups": ["viewers"]}
    browser = Client()
    signed_in(browser, idp)
    before = in_session(browser)

    answer = browser.get("/oidc/callback/", {"error": "access_denied", "state": "x"})

    assert refused_with(answer) == "oidc.denied"
    assert in_session(browser) == before


@pytest.mark.parametrize("query", [{}, {"code": "x"}, {"state": "x"}, {"code": "x", "state": "x"}])
def test_a_callback_nobody_asked_for_is_refused(query: dict[str, str], idp: Provider) -> None:
    assert refused_with(Client().get("/oidc/callback/", query)) == "oidc.state_refused"


@pytest.mark.parametrize("published", [{"issuer": "https://evil.example"}, {"token_endpoint": None}, {"jwks_uri": 7}])
def test_a_provider_that_describes_itself_wrongly_is_not_used(published: dict[str, Any], idp: Provider) -> None:
    idp.discovery = published

    assert refused_with(Client().get("/oidc/authenticate/")) == "oidc.unavailable"


def test_a_provider_that_is_away_is_said_to_be(idp: Provider, settings: Settings) -> None:
    settings.OIDC_ISSUER = "http://127.0.0.1:1"

    assert refused_with(Client().get("/oidc/authenticate/")) == "oidc.unavailable"


def test_groups_may_come_beside_the_token_of_the_same_person(idp: Provider, viewers: GroupMapping) -> None:
    idp.userinfo = {"sub": SUBJECT, "groups": ["viewers"]}
    browser = Client()
    signed_in(browser, idp)

    idp.userinfo = {"sub": "somebody-else", "groups": ["viewers"]}

    assert browser.get("/admin/").status_code == HTTPStatus.OK
    assert refused_with(signed_in(Client(), idp)) == "oidc.other_person"


def test_without_a_provider_there_is_nothing_to_begin(db: None) -> None:
    assert refused_with(Client().get("/oidc/authenticate/")) == "oidc.refused"


def test_an_old_session_at_the_provider_is_no_fresh_sign_in(idp: Provider) -> None:
    idp.claims = {"auth_time": later(hours=-2)}
    browser = Client()

    signed_in(browser, idp)

    proven = datetime.fromisoformat(browser.session[AUTHENTICATED_AT])
    assert proven < datetime.now(tz=UTC) - timedelta(hours=1)


def test_a_provider_that_does_not_say_when_leaves_the_sign_in_unproven(idp: Provider) -> None:
    idp.write = lambda said: sign({**said, "auth_time": None})
    browser = Client()

    signed_in(browser, idp)

    assert browser.session[AUTHENTICATED_AT] == ""


def again(browser: Client, at: Provider) -> Any:
    page = browser.get("/admin/reauthenticate/", {"through": "provider", "next": "/admin/gates/gate/"})
    begun = browser.get(page["Location"])
    asked = parse_qs(urlsplit(begun["Location"]).query)
    assert (asked["prompt"], asked["max_age"]) == (["login"], ["0"])
    return browser.get("/oidc/callback/", at.let_in(begun["Location"]))


def test_somebody_proves_again_at_the_provider_who_they_are(idp: Provider, viewers: GroupMapping) -> None:
    idp.claims = {"groups": ["viewers"], "auth_time": later(hours=-2)}
    browser = Client()
    signed_in(browser, idp)
    idp.claims = {"groups": ["viewers"]}

    answer = again(browser, idp)

    assert answer["Location"] == "/admin/gates/gate/"
    assert datetime.fromisoformat(browser.session[AUTHENTICATED_AT]) > datetime.now(tz=UTC) - timedelta(minutes=1)


def test_somebody_else_cannot_prove_it_for_them(idp: Provider, viewers: GroupMapping) -> None:
    idp.claims = {"groups": ["viewers"]}
    browser = Client()
    signed_in(browser, idp)
    before = in_session(browser)
    idp.claims = {"sub": "another"}

    assert refused_with(again(browser, idp)) == "oidc.other_person"
    assert in_session(browser) == before


def test_a_provider_that_did_not_ask_again_proves_nothing(idp: Provider, viewers: GroupMapping) -> None:
    idp.claims = {"groups": ["viewers"]}
    browser = Client()
    signed_in(browser, idp)
    idp.claims = {"auth_time": later(minutes=-20)}

    assert refused_with(again(browser, idp)) == "oidc.not_proven_again"
