"""An OpenID Connect provider on loopback: discovery, codes bound to PKCE, tokens, userinfo; honest unless told."""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from django.test import Client

from tests.issuer import EC, RSA, key_set, sign
from tests.loopback import Answer, Asked, Loopback, loopback

CLIENT, SECRET, SUBJECT = "stella", "the-secret-of-the-client", "248289761001"


@dataclass(slots=True)
class Provider:
    """Who signs in next, and what the provider says of them.

    claims: what the ID token says besides the usual; None takes a usual claim out.
    write: makes the ID token of the claims.
    """

    server: Loopback
    claims: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    discovery: dict[str, Any] = field(default_factory=dict)
    write: Callable[[dict[str, Any]], str] = sign
    redeemed: list[dict[str, str]] = field(default_factory=list)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The issuer's name."""
        return self.server.url("")

    def let_in(self, address: str) -> dict[str, str]:
        """Do what the provider's own page does: return the query that the browser brings back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        code = uuid4().hex
        self._codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def answer(self, asked: Asked) -> Answer:
        """Answer one request of the product."""
        match asked.path:
            case "/.well-known/openid-configuration":
                return _json({**self._published(), **self.discovery})
            case "/keys":
                return Answer(body=key_set(RSA, EC))
            case "/token":
                return self._redeem({name: values[0] for name, values in parse_qs(asked.body.decode()).items()}, asked)
            case "/userinfo":
                return _json({"sub": self.claims.get("sub", SUBJECT), **self.userinfo})
        return Answer(status=404)

    def _published(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "jwks_uri": f"{self.url}/keys",
        }

    def _redeem(self, form: dict[str, str], asked: Asked) -> Answer:
        self.redeemed.append(form)
        begun = self._codes.pop(form.get("code", ""), None)
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        is_client = asked.headers.get("Authorization") == f"Basic {basic}" or form.get("client_secret") == SECRET
        if begun is None or not is_client or form["redirect_uri"] != begun["redirect_uri"]:
            return _json({"error": "invalid_grant"}, status=400)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        if (begun["code_challenge_method"], begun["code_challenge"]) != ("S256", challenge.decode()):
            return _json({"error": "invalid_grant"}, status=400)
        usual = {
            "iss": self.url,
            "aud": CLIENT,
            "sub": SUBJECT,
            "nonce": begun["nonce"],
            "auth_time": int(datetime.now(tz=UTC).timestamp()),
        }
        token = self.write({**usual, **self.claims})
        return _json({"access_token": "opaque", "token_type": "Bearer", "id_token": token})


def _json(said: dict[str, Any], *, status: int = 200) -> Answer:
    return Answer(status=status, body=json.dumps(said).encode(), headers={"Content-Type": "application/json"})


@contextmanager
def provider() -> Iterator[Provider]:
    """Run a provider until the block ends."""
    running: list[Provider] = []
    with loopback(lambda asked: running[0].answer(asked)) as server:  # noqa: PLW0108 - it runs before there is one
        running.append(Provider(server))
        yield running[0]


def signed_in(browser: Client, at: Provider, *, next_address: str = "") -> Any:
    """Drive the whole dance of redirects, and return the answer of the callback."""
    begun = browser.get("/oidc/authenticate/", {"next": next_address} if next_address else {})
    assert begun.status_code == 302, begun.content
    return browser.get("/oidc/callback/", at.let_in(begun["Location"]))
