"""Keys that tests sign with, made anew in each run."""

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from stellapolicy.signing.private_keys import Material, PrivateKey, read_private_key
from stellapolicy.trust.dsse import Envelope
from stellapolicy.trust.public_keys import PublicKey


def pem_of(material: "Material | rsa.RSAPrivateKey", *, passphrase: bytes = b"") -> str:
    """Return a private key as PEM."""
    encryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return material.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


def public_pem_of(material: "Material | rsa.RSAPrivateKey") -> str:
    """Return the public half of a private key as PEM."""
    return material.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def new_key(material: Material | None = None) -> PrivateKey:
    """Return a fresh Ed25519 key, or the given one."""
    return read_private_key(pem_of(material or Ed25519PrivateKey.generate()))


def trusting(*keys: PrivateKey) -> dict[str, PublicKey]:
    """Return the public halves by key id."""
    return {key.public.key_id: key.public for key in keys}


def signed_by(payload_type: str, payload: bytes, *keys: PrivateKey) -> Envelope:
    """Return one envelope with a signature of each key."""
    signatures = tuple(key.envelope(payload_type, payload).signatures[0] for key in keys)
    return Envelope(payload_type, payload, signatures)
