"""An issuer of ID tokens on loopback: keys of its own, a set of them over HTTP, and tokens signed with any of them."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from joserfc import jwk, jws

from tests.loopback import Answer, Asked, Loopback, loopback

RSA = jwk.RSAKey.generate_key(2048, parameters={"kid": "rsa-1"}, private=True)
EC = jwk.ECKey.generate_key("P-256", parameters={"kid": "ec-1"}, private=True)
STRANGER = jwk.RSAKey.generate_key(2048, parameters={"kid": "rsa-1"}, private=True)


@dataclass(slots=True)
class Issuer:
    """Where it runs, and which public keys it shows."""

    server: Loopback
    keys: list[Any] = field(default_factory=lambda: [RSA, EC])

    @property
    def url(self) -> str:
        """The issuer's name."""
        return self.server.url("")

    @property
    def times_asked_for_keys(self) -> int:
        """How often somebody read the keys."""
        return sum(asked.path == "/keys" for asked in self.server.asked)

    def sign(self, claims: Mapping[str, Any], *, key: Any = RSA, **header: Any) -> str:
        """Return a token with these claims beside the usual ones, as of now."""
        return sign({"iss": self.url, **claims}, key=key, **header)


def sign(claims: Mapping[str, Any], *, key: Any = RSA, **header: Any) -> str:
    """Return a signed token; `jti`, `iat` and `exp` (ten minutes) are added where they are not given."""
    at = datetime.now(tz=UTC)
    usual = {
        "jti": uuid4().hex,
        "iat": int(at.timestamp()),
        "exp": int((at + timedelta(minutes=10)).timestamp()),
    }
    named = {"alg": "ES256" if key.key_type == "EC" else "RS256", "kid": key.kid, **header}
    whole = {name: value for name, value in {**usual, **claims}.items() if value is not None}
    algorithms = ["RS256", "ES256", "RS512", "HS256"]
    return jws.serialize_compact(named, json.dumps(whole).encode(), key, algorithms=algorithms)


def key_set(*keys: Any) -> bytes:
    """Return the public halves of keys as a set."""
    return json.dumps({"keys": [{**key.as_dict(private=False), "use": "sig"} for key in keys]}).encode()


@contextmanager
def issuer() -> Iterator[Issuer]:
    """Run an issuer until the block ends."""
    shown: list[Issuer] = []

    def script(asked: Asked) -> Answer:
        if asked.path != "/keys":
            return Answer(status=404)
        return Answer(body=key_set(*shown[0].keys), headers={"Content-Type": "application/json"})

    with loopback(script) as server:
        shown.append(Issuer(server))
        yield shown[0]
