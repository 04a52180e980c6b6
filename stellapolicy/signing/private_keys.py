"""A private key in memory: Ed25519, or ECDSA over P-256 or P-384; its PEM is never part of a message or a repr."""

from dataclasses import dataclass, field
from typing import TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from stellapolicy.signing.errors import SigningKeyUnreadable
from stellapolicy.trust.dsse import Envelope, Signature, pae
from stellapolicy.trust.public_keys import CURVE_HASHES, PublicKey

Material: TypeAlias = Ed25519PrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A key that signs."""

    public: PublicKey
    material: Material = field(repr=False, compare=False)

    def envelope(self, payload_type: str, payload: bytes) -> Envelope:
        """Return the payload in an envelope with this key's signature."""
        signature = self._signature(pae(payload_type, payload))
        return Envelope(payload_type, payload, (Signature(signature, self.public.key_id),))

    def _signature(self, message: bytes) -> bytes:
        match self.material:
            case Ed25519PrivateKey() as key:
                return key.sign(message)
            case key:
                return key.sign(message, ec.ECDSA(CURVE_HASHES[key.curve.name]()))


def read_private_key(pem: str) -> PrivateKey:
    """Return the key of an unencrypted PEM, or refuse without repeating any of it."""
    try:
        material = load_pem_private_key(pem.encode(), password=None)
    except (TypeError, ValueError, UnsupportedAlgorithm):
        raise SigningKeyUnreadable("it must be one private key in PEM, without a passphrase") from None
    if not isinstance(material, Ed25519PrivateKey | ec.EllipticCurvePrivateKey):
        raise SigningKeyUnreadable("it must be Ed25519 or ECDSA over P-256 or P-384")
    try:
        public = PublicKey.of(material.public_key())
    except ValueError as failure:
        raise SigningKeyUnreadable(str(failure)) from None
    return PrivateKey(public, material)
