"""A laptop's own key: made on first use, kept in a file, worth as much as the laptop. Never in production."""

import os
import tempfile
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings

from stellapolicy.signing.errors import SigningUnsupported
from stellapolicy.signing.private_keys import PrivateKey, read_private_key
from stellapolicy.trust.dsse import Envelope


class DevelopmentSigner:
    """Signs with an Ed25519 key that lies in a folder; the first who needs one makes it."""

    def __init__(self, folder: Path) -> None:
        if not settings.LAPTOP:
            raise SigningUnsupported("a development key proves nothing in production; set SIGNING_KEY")
        self._file = folder / "development.pem"

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
        if not self._file.exists():
            _make(self._file)
        return read_private_key(self._file.read_text(encoding="ascii"))


def _make(file: Path) -> None:
    """Write a new key, unless somebody else was faster.

    INVARIANT: the file appears whole, readable by its owner alone, and is never replaced: all who raced use one key.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    descriptor, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as written:
            written.write(pem)
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        Path(draft).unlink()
