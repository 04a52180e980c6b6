"""Secrets of others: made by chance, kept encrypted under a key of SECRET_KEY, bound to the row that owns them."""

import secrets
from base64 import b64decode, b64encode
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from stellapolicy.outbox.errors import SecretUnreadable
from stellapolicy.outbox.message import SECRET_PREFIX

_PURPOSE: Final = b"stellapolicy.outbox.secrets_at_rest.1"
_SECRET_BYTES: Final = 32
_NONCE_BYTES: Final = 12


def new_webhook_secret() -> str:
    """Return a fresh signing secret: `whsec_` and the base64 of 32 random bytes (Standard Webhooks)."""
    return SECRET_PREFIX + b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def seal(plain: str, *, owner: object) -> str:
    """Return a secret encrypted (AES-256-GCM), readable only as the secret of the same owner."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    closed = AESGCM(_key(settings.SECRET_KEY)).encrypt(nonce, plain.encode(), str(owner).encode())
    return b64encode(nonce + closed).decode()


def unseal(sealed: str, *, owner: object) -> str:
    """Return a secret that was sealed for the owner under the present SECRET_KEY or an earlier one, or refuse."""
    whole = b64decode(sealed)
    for secret_key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        try:
            opened = AESGCM(_key(secret_key)).decrypt(whole[:_NONCE_BYTES], whole[_NONCE_BYTES:], str(owner).encode())
        except InvalidTag:
            continue
        return opened.decode()
    raise SecretUnreadable("it was kept under another SECRET_KEY; make a new one")


def _key(secret_key: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret_key.encode())
