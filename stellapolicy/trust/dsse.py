"""Signed envelopes (DSSE 1.0): what was signed, by which keys, and nothing believed before that is known. Pure.

INVARIANT: signatures cover the pre-authentication encoding (PAE) of payload type and payload, so neither can be
exchanged; a payload is parsed only after `verify`. A signature's `keyid` is a remark and proves nothing.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.refusals import Fault
from stellapolicy.trust import strict_json
from stellapolicy.trust.errors import (
    EnvelopeMalformed,
    EnvelopeTooLarge,
    KeyMissing,
    PayloadTypeRefused,
    SignatureInvalid,
    SignatureMissing,
    ThresholdMissed,
)
from stellapolicy.trust.public_keys import PublicKey

MOST_BYTES: Final = 8 * 1024 * 1024
MOST_SIGNATURES: Final = 32


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature, and the name its signer gave the key; the name is never trusted."""

    signature: bytes
    key_id: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload, what kind of payload it is, and who signed both."""

    payload_type: str
    payload: bytes
    signatures: tuple[Signature, ...] = ()

    def to_json(self) -> dict[str, JsonValue]:
        """Return the envelope in the JSON form of DSSE."""
        return {
            "payload": _encoded(self.payload),
            "payloadType": self.payload_type,
            "signatures": [
                {"keyid": one.key_id, "sig": _encoded(one.signature)}
                if one.key_id
                else {"sig": _encoded(one.signature)}
                for one in self.signatures
            ],
        }

    @classmethod
    def from_json(cls, document: JsonValue) -> "Envelope":
        """Return the envelope of a parsed JSON form; unknown members are ignored, every mistake is refused at once."""
        faults: list[Fault] = []
        envelope = _envelope(document, faults)
        if faults or envelope is None:
            raise EnvelopeMalformed(f"mistakes in the envelope: {len(faults)}", faults=tuple(faults))
        return envelope


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the bytes that are signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def read_envelope(content: bytes) -> Envelope:
    """Return the envelope that bytes of JSON hold, or refuse with every mistake."""
    if len(content) > MOST_BYTES:
        raise EnvelopeTooLarge(f"{len(content)} bytes; at most {MOST_BYTES} are read")
    try:
        document = strict_json.loads(content)
    except strict_json.NotJson as failure:
        fault = Fault("", "envelope.not_json", str(failure))
        raise EnvelopeMalformed("it is no JSON", faults=(fault,)) from None
    return Envelope.from_json(document)


def verify(
    envelope: Envelope, keys: Mapping[str, PublicKey], *, payload_type: str, threshold: int = 1
) -> tuple[str, ...]:
    """Return the ids of the trusted keys that signed the envelope, sorted, or refuse.

    `keys` by whatever name; each counts once, by its material. At least `threshold` distinct ones must have signed.
    """
    if threshold < 1:
        raise ValueError("at least one key must have signed")
    if envelope.payload_type != payload_type:
        raise PayloadTypeRefused(f"{payload_type} is asked for, this is {envelope.payload_type!r:.200}")
    if not envelope.signatures:
        raise SignatureMissing("the list of signatures is empty")
    if not keys:
        raise KeyMissing("no public key was given to verify with")
    message = pae(envelope.payload_type, envelope.payload)
    distinct = {key.key_id: key for key in keys.values()}
    verified = sorted(name for name, key in distinct.items() if _has_signed(key, envelope, message))
    if not verified:
        raise SignatureInvalid(f"none of {len(distinct)} trusted keys signed this payload")
    if len(verified) < threshold:
        raise ThresholdMissed(f"{len(verified)} of {threshold} distinct trusted keys signed this payload")
    return tuple(verified)


def _has_signed(key: PublicKey, envelope: Envelope, message: bytes) -> bool:
    return any(key.made(one.signature, message) for one in envelope.signatures)


def _envelope(document: JsonValue, faults: list[Fault]) -> Envelope | None:
    if not isinstance(document, Mapping):
        faults.append(Fault("", "envelope.not_an_object", "an envelope is an object"))
        return None
    payload_type = document.get("payloadType")
    if not isinstance(payload_type, str) or not payload_type:
        faults.append(Fault("/payloadType", "envelope.payload_type_missing", "say what the payload is"))
        payload_type = ""
    payload = _decoded(document.get("payload"), "/payload", "payload", faults)
    return Envelope(payload_type, payload, _signatures(document.get("signatures"), faults))


def _signatures(stated: JsonValue, faults: list[Fault]) -> tuple[Signature, ...]:
    if not isinstance(stated, Sequence) or isinstance(stated, str):
        faults.append(Fault("/signatures", "envelope.signatures_missing", "signatures are a list"))
        return ()
    if len(stated) > MOST_SIGNATURES:
        message = f"at most {MOST_SIGNATURES} signatures are looked at"
        faults.append(Fault("/signatures", "envelope.too_many_signatures", message))
        return ()
    return tuple(_signature(one, f"/signatures/{place}", faults) for place, one in enumerate(stated))


def _signature(stated: JsonValue, pointer: str, faults: list[Fault]) -> Signature:
    if not isinstance(stated, Mapping):
        faults.append(Fault(pointer, "envelope.signature_not_an_object", "a signature is an object"))
        return Signature(b"")
    key_id = stated.get("keyid")
    if key_id is not None and not isinstance(key_id, str):
        faults.append(Fault(f"{pointer}/keyid", "envelope.keyid_not_text", "a key id is text, or absent"))
        key_id = ""
    return Signature(_decoded(stated.get("sig"), f"{pointer}/sig", "signature", faults), key_id or "")


def _decoded(stated: JsonValue, pointer: str, what: str, faults: list[Fault]) -> bytes:
    if not isinstance(stated, str):
        faults.append(Fault(pointer, f"envelope.{what}_missing", f"the {what} is text in base64"))
        return b""
    for altchars in (b"+/", b"-_"):
        try:
            return base64.b64decode(stated, altchars, validate=True)
        except (binascii.Error, ValueError):
            continue
    faults.append(Fault(pointer, f"envelope.{what}_not_base64", "neither standard nor URL-safe base64"))
    return b""


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()
