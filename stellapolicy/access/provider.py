"""The identity provider of the installation, as it describes itself (OpenID Connect Discovery 1.0), kept an hour."""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from threading import Lock
from typing import Any, Final
from urllib.parse import quote_plus

from django.conf import settings

from stellapolicy.access.identity_errors import ProviderUnavailable
from stellapolicy.access.keys import PURPOSE, KeySource
from stellapolicy.egress.errors import EgressRefused
from stellapolicy.egress.factory import session

FRESH_FOR: Final = timedelta(hours=1)
_LARGEST_ANSWER: Final = 1024 * 1024
_lock = Lock()
_known: dict[str, tuple["Provider", datetime]] = {}


@dataclass(frozen=True, slots=True)
class Provider:
    """Where to send people, where to redeem what they bring back, and whose keys prove it."""

    issuer: str
    authorization_url: str
    token_url: str
    userinfo_url: str
    keys: KeySource
    takes_secret_in_body: bool

    def redeem(self, form: Mapping[str, str]) -> Mapping[str, Any]:  # Any: JSON
        """Return the tokens for a code (RFC 6749 section 4.1.3), proving who we are as the provider wants it."""
        asked, headers = dict(form), dict[str, str]()
        if not self.takes_secret_in_body:
            named = f"{quote_plus(asked['client_id'])}:{quote_plus(asked.pop('client_secret'))}"
            headers["Authorization"] = f"Basic {b64encode(named.encode()).decode()}"
        return _called("POST", self.token_url, data=asked, headers=headers)

    def describe(self, access_token: str) -> Mapping[str, Any]:  # Any: JSON
        """Return what the provider says of the person besides the ID token."""
        return _called("GET", self.userinfo_url, headers={"Authorization": f"Bearer {access_token}"})


def provider(*, at: datetime) -> Provider:
    """Return the provider as it describes itself; refuses with `oidc.unavailable` where it cannot be asked."""
    issuer = settings.OIDC_ISSUER
    with _lock:
        known = _known.get(issuer)
        if known is None or not abs(at - known[1]) < FRESH_FOR:
            known = (_discovered(issuer), at)
            _known[issuer] = known
    return known[0]


def forget() -> None:
    """Forget what the provider said of itself."""
    _known.clear()


def _discovered(issuer: str) -> Provider:
    said = _called("GET", f"{issuer}/.well-known/openid-configuration")
    # INVARIANT: a document that names another issuer is somebody else's (OpenID Connect Discovery 4.3).
    if str(said.get("issuer", "")).rstrip("/") != issuer:
        raise ProviderUnavailable(f"the discovery document of {issuer} is of another issuer")
    addresses = {name: said.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
    if not all(isinstance(address, str) for address in addresses.values()):
        raise ProviderUnavailable(f"the discovery document of {issuer} lacks addresses")
    methods = said.get("token_endpoint_auth_methods_supported")
    return Provider(
        issuer=str(said["issuer"]),
        authorization_url=str(said["authorization_endpoint"]),
        token_url=str(said["token_endpoint"]),
        userinfo_url=str(said.get("userinfo_endpoint") or ""),
        keys=KeySource(issuer, str(said["jwks_uri"])),
        takes_secret_in_body=isinstance(methods, list) and "client_secret_post" in methods,
    )


def _called(method: str, url: str, **options: Any) -> Mapping[str, Any]:  # noqa: ANN401 - of requests
    """Return a JSON object from the provider; what else comes is not told to whoever signs in."""
    try:
        with session(PURPOSE, largest_answer=_LARGEST_ANSWER) as client:
            answer = client.request(method, url, allow_redirects=False, **options)
    except EgressRefused as refused:
        raise ProviderUnavailable(f"the identity provider cannot be asked: {refused.title}") from refused
    return _object(answer.content, answer.status_code)


def _object(content: bytes, status: int) -> Mapping[str, Any]:  # Any: JSON
    try:
        said = json.loads(content) if status == HTTPStatus.OK else None
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise ProviderUnavailable(f"the identity provider answers {status}, and not as it should")
    return said
