"""Public keys as we count them: by what they are (SHA-256 of the SPKI), never by what somebody calls them. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from stellapolicy.kernel import digest
from stellapolicy.kernel.refusals import Fault
from stellapolicy.trust.errors import KeysUnreadable

Material: TypeAlias = Ed25519PublicKey | ec.EllipticCurvePublicKey

CURVE_HASHES: Final[Mapping[str, type[hashes.HashAlgorithm]]] = {"secp256r1": hashes.SHA256, "secp384r1": hashes.SHA384}
"""The curves we know, each with the hash that goes with it."""
_PEM = re.compile(r"-----BEGIN (?P<label>[A-Z0-9 ]+)-----.*?-----END (?P=label)-----", re.DOTALL)
_LABEL: Final = "PUBLIC KEY"
_BITS_PER_BYTE: Final = 8


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that may vouch for something; `key_id` is the digest of its SPKI, so one key has one id."""

    key_id: str
    material: Material = field(repr=False, compare=False)

    @classmethod
    def of(cls, material: object) -> "PublicKey":
        """Return a key of the library as ours; raises ValueError for an algorithm we do not verify."""
        if not isinstance(material, Ed25519PublicKey | ec.EllipticCurvePublicKey) or (
            isinstance(material, ec.EllipticCurvePublicKey) and material.curve.name not in CURVE_HASHES
        ):
            raise ValueError("only Ed25519 and ECDSA over P-256 or P-384 are verified here")
        spki = material.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return cls(digest.of_bytes(spki), material)

    @property
    def pem(self) -> str:
        """The key as PEM."""
        return self.material.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def made(self, signature: bytes, message: bytes) -> bool:
        """Whether this key made the signature of exactly this message; ECDSA as DER or as raw r‖s."""
        match self.material:
            case Ed25519PublicKey() as key:
                return _is_valid(key, signature, message)
            case key:
                return any(_is_valid_ecdsa(key, form, message) for form in _ecdsa_forms(key, signature))


def read_public_keys(text: str) -> tuple[PublicKey, ...]:
    """Return the keys of PEM blocks that stand one after another, each once; lines with `#` are remarks.

    Whatever is not a public key we can verify with is refused, with the place of every mistake.
    """
    faults: list[Fault] = []
    found: dict[str, PublicKey] = {}
    for number, block in enumerate(_PEM.finditer(text)):
        try:
            key = _read(block)
        except ValueError as failure:
            faults.append(Fault(f"/{number}", KeysUnreadable.code, str(failure)))
            continue
        found.setdefault(key.key_id, key)
    faults += [Fault("", KeysUnreadable.code, f"line {line} is no part of a public key") for line in _stray_lines(text)]
    if faults:
        raise KeysUnreadable("give public keys in PEM, one after another", faults=tuple(faults))
    return tuple(found.values())


def _read(block: "re.Match[str]") -> PublicKey:
    if block["label"] != _LABEL:
        raise ValueError(f"this is a {block['label'].lower()}; only public keys belong here")
    try:
        material = load_pem_public_key(block[0].encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("this public key cannot be read") from None
    return PublicKey.of(material)


def _stray_lines(text: str) -> Iterator[int]:
    """Yield the numbers of lines outside every block; never the lines, which may be pieces of a secret."""
    outside = _PEM.sub(lambda block: "\n" * block[0].count("\n"), text)
    for number, line in enumerate(outside.splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number


def _is_valid(key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _is_valid_ecdsa(key: ec.EllipticCurvePublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message, ec.ECDSA(CURVE_HASHES[key.curve.name]()))
    except InvalidSignature:
        return False
    return True


def _ecdsa_forms(key: ec.EllipticCurvePublicKey, signature: bytes) -> Iterator[bytes]:
    """Yield the signature as DER: itself, and what it is if it is two raw numbers of the curve's size."""
    yield signature
    size = (key.curve.key_size + _BITS_PER_BYTE - 1) // _BITS_PER_BYTE
    if len(signature) == 2 * size:
        yield encode_dss_signature(int.from_bytes(signature[:size]), int.from_bytes(signature[size:]))
