"""Whose ID tokens pipelines may exchange here: named by whoever runs the installation, not by a tenant.

`WORKLOAD_ISSUERS` is a JSON list of objects: name, provider, and for other than the public services of GitHub and
GitLab also issuer; audience, jwks_url and keys_file where the usual ones do not fit.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from stellapolicy.access.claims import Provider
from stellapolicy.access.identity_errors import IssuerNotConfigured
from stellapolicy.access.keys import KeySource
from stellapolicy.env import ConfigurationError

# Issuer and the path of its keys, as both services publish them in their discovery documents.
_KNOWN: Final = {
    Provider.GITHUB: ("https://token.actions.githubusercontent.com", "/.well-known/jwks"),
    Provider.GITLAB: ("https://gitlab.com", "/oauth/discovery/keys"),
    Provider.GENERIC: ("", ""),
}
_MEMBERS: Final = frozenset({"name", "provider", "issuer", "audience", "jwks_url", "keys_file"})


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """One issuer that is believed, for tokens with exactly this audience."""

    name: str
    provider: Provider
    issuer: str
    audience: str
    keys: KeySource


def configured() -> tuple[TrustedIssuer, ...]:
    """Return the issuers of the installation; raises ConfigurationError where the setting is not a list of them."""
    return _read(settings.WORKLOAD_ISSUERS, settings.PUBLIC_URL)


def named(name: str) -> TrustedIssuer:
    """Return the issuer of a name; refuses one that is not configured."""
    for issuer in configured():
        if issuer.name == name:
            return issuer
    known = ", ".join(issuer.name for issuer in configured()) or "none"
    raise IssuerNotConfigured(f"there is no issuer {name}; configured are: {known}")


@lru_cache(maxsize=8)
def _read(text: str, public_url: str) -> tuple[TrustedIssuer, ...]:
    try:
        listed = json.loads(text or "[]")
    except ValueError as error:
        raise ConfigurationError(f"WORKLOAD_ISSUERS is no JSON: {error}") from None
    if not isinstance(listed, list):
        raise ConfigurationError("WORKLOAD_ISSUERS is a JSON list of objects")
    found = tuple(_issuer(said, public_url) for said in listed)
    for names in ([each.name for each in found], [each.issuer for each in found]):
        if len(set(names)) < len(names):
            raise ConfigurationError(f"WORKLOAD_ISSUERS names something twice: {', '.join(names)}")
    return found


def _issuer(said: Any, public_url: str) -> TrustedIssuer:  # noqa: ANN401 - any JSON value
    if not isinstance(said, dict) or not all(isinstance(value, str) for value in said.values()):
        raise ConfigurationError("WORKLOAD_ISSUERS is a JSON list of objects whose members are texts")
    if unknown := sorted(said.keys() - _MEMBERS):
        raise ConfigurationError(f"WORKLOAD_ISSUERS: {', '.join(unknown)} is not one of {', '.join(sorted(_MEMBERS))}")
    try:
        provider = Provider(said.get("provider", ""))
    except ValueError:
        raise ConfigurationError(f"WORKLOAD_ISSUERS: the provider is one of {', '.join(Provider)}") from None
    usual, path = _KNOWN[provider]
    issuer = said.get("issuer", usual).rstrip("/")
    url, file = said.get("jwks_url", ""), said.get("keys_file", "")
    if path and not url and not file:
        url = f"{issuer}{path}"
    if not issuer or not (url or file):
        raise ConfigurationError(f"WORKLOAD_ISSUERS: {provider} needs issuer, and jwks_url or keys_file")
    return TrustedIssuer(
        name=said.get("name", provider.value),
        provider=provider,
        issuer=issuer,
        audience=said.get("audience", public_url),
        keys=KeySource(issuer, url, Path(file) if file else None),
    )
