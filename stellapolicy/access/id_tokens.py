"""Reads JSON web tokens that others signed: nothing in one is believed before its signature, audience and time are.

RFC 7515 (JWS), RFC 7519 (claims), OpenID Connect Core 3.1.3.7. Pure: keys and the instant are arguments.
"""

import json
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from joserfc import jwk, jws
from joserfc.errors import JoseError

from stellapolicy.access.identity_errors import (
    AlgorithmRefused,
    AudienceRefused,
    IdentityExpired,
    IdentityMalformed,
    IdentityNotYetValid,
    IssuerUnknown,
    KeyUnknown,
    SignatureInvalid,
)

SKEW: Final = timedelta(seconds=30)
LONGEST_TOKEN: Final = 16 * 1024  # characters
# INVARIANT: asymmetric only. A key that everybody may read must never be taken for a shared secret, and `none` for a
# signature.
ALGORITHMS: Final[Mapping[str, str]] = {"RS256": "RSA", "ES256": "EC"}  # with the type of their keys
_PARTS = 3

Claims = Mapping[str, Any]  # Any: whatever the issuer says; every use looks before it believes
Key = Mapping[str, Any]  # Any: a JSON web key (RFC 7517)


@dataclass(frozen=True, slots=True)
class Unverified:
    """What a token says of itself: enough to find the key that proves it, and believed for nothing else."""

    text: str
    algorithm: str
    key_id: str
    issuer: str


def read(text: str) -> Unverified:
    """Return what a token says of itself; refuses what is no token, or signed with anything but RS256 or ES256."""
    parts = text.split(".")
    if len(text) > LONGEST_TOKEN or len(parts) != _PARTS:
        raise IdentityMalformed("this is no signed JSON web token")
    header, claims = _member(parts[0]), _member(parts[1])
    algorithm, key_id, issuer = header.get("alg"), header.get("kid", ""), claims.get("iss")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise AlgorithmRefused(f"a token is signed with {' or '.join(ALGORITHMS)}, this one says {algorithm!r:.40}")
    if "crit" in header or not isinstance(key_id, str) or not isinstance(issuer, str):
        raise IdentityMalformed("its header or its issuer cannot be understood")
    return Unverified(text, algorithm, key_id, issuer)


def matching_key(keys: Iterable[Key], token: Unverified) -> Key | None:
    """Return the key that the token names: of its id, of the type of its algorithm, and meant for signatures."""
    for key in keys:
        is_named = key.get("kid") == token.key_id if token.key_id else "kid" not in key
        is_fit = key.get("kty") == ALGORITHMS[token.algorithm] and key.get("use", "sig") == "sig"
        if is_named and is_fit and key.get("alg", token.algorithm) == token.algorithm:
            return key
    return None


def verify(token: Unverified, key: Key | None, *, issuer: str, audience: str, at: datetime) -> Claims:
    """Return the claims of a token whose signature, issuer, audience and times hold at the instant (± 30 s).

    The audience must be exactly the one expected, alone: a token for several readers is one that another may replay.
    """
    if key is None:
        raise KeyUnknown(f"{issuer} has no key {token.key_id!r:.100} for {token.algorithm}")
    try:
        public = {name: value for name, value in key.items() if name not in {"alg", "use", "key_ops", "x5c"}}
        signed = jws.deserialize_compact(token.text, jwk.import_key(public), algorithms=[token.algorithm])
    except (JoseError, ValueError, TypeError, KeyError):
        raise SignatureInvalid(f"this is not signed by the key {token.key_id!r:.100} of {issuer}") from None
    claims = _object(signed.payload)
    if claims.get("iss") != issuer:
        raise IssuerUnknown(f"the token is not of {issuer}")
    if claims.get("aud") not in (audience, [audience]):
        raise AudienceRefused(f"the token must be for {audience} and for nobody else")
    _judge_times(claims, at=at)
    return claims


def text_of(claims: Claims, name: str) -> str:
    """Return a claim that must be a text (or a number, as ids sometimes are); empty where it is missing."""
    value = claims.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int) or "\x00" in str(value):
        raise IdentityMalformed(f"the claim {name} cannot be understood")
    return str(value)


def instant_of(claims: Claims, name: str) -> datetime | None:
    """Return a claim that is an instant in seconds since 1970; None where it is missing."""
    value = claims.get(name)
    if value is None:
        return None
    try:
        return datetime.fromtimestamp(float(value), tz=UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        raise IdentityMalformed(f"the claim {name} is no instant") from None


def _judge_times(claims: Claims, *, at: datetime) -> None:
    ends = instant_of(claims, "exp")
    if ends is None:
        raise IdentityMalformed("the token does not say when it ends")
    if ends + SKEW <= at:
        raise IdentityExpired("the token has ended")
    for name in ("nbf", "iat"):
        begins = instant_of(claims, name)
        if begins is not None and begins - SKEW > at:
            raise IdentityNotYetValid("the token begins later; are both clocks right?")


def _member(part: str) -> Claims:
    try:
        return _object(urlsafe_b64decode(part.encode("ascii") + b"=" * (-len(part) % 4)))
    except (UnicodeEncodeError, Base64Error, ValueError):
        raise IdentityMalformed("this is no signed JSON web token") from None


def _object(content: bytes) -> Claims:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise IdentityMalformed("the parts of the token are no JSON objects")
    return found
