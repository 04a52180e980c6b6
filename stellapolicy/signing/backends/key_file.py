"""Signs with the key of the setting SIGNING_KEY, best given as a file (SIGNING_KEY_FILE)."""

from functools import cached_property

from stellapolicy.signing.private_keys import PrivateKey, read_private_key
from stellapolicy.trust.dsse import Envelope


class KeyFileSigner:
    """Holds the PEM of one private key; read when it is first used."""

    def __init__(self, pem: str) -> None:
        self._pem = pem

    @property
    def key_id(self) -> str:
        """The id of the key."""
        return self._key.public.key_id

    @property
    def public_key_pem(self) -> str:
        """The public half of the key."""
        return self._key.public.pem

    def sign(self, payload_type: str, payload: bytes) -> Envelope:
        """Return the payload in an envelope with one signature."""
        return self._key.envelope(payload_type, payload)

    @cached_property
    def _key(self) -> PrivateKey:
        return read_private_key(self._pem)
