"""Whose signatures under evidence this installation believes."""

from collections.abc import Mapping
from types import MappingProxyType

from django.conf import settings

from stellapolicy.trust import ports
from stellapolicy.trust.public_keys import PublicKey, read_public_keys


def trusted_keys() -> Mapping[str, PublicKey]:
    """Return, by key id, the keys of EVIDENCE_KEYS and the installation's own."""
    found = (*read_public_keys(settings.EVIDENCE_KEYS), *ports.own_keys())
    return MappingProxyType({key.key_id: key for key in found})
