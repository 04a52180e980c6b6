"""Envelopes that others made: the vector DSSE publishes, a real VSA, what Sigstore's conformance suite signs."""

import base64
import json
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from stellapolicy.trust.dsse import Envelope, pae, read_envelope, verify
from stellapolicy.trust.errors import KeysUnreadable, SignatureInvalid
from stellapolicy.trust.intoto import PAYLOAD_TYPE, read_statement
from stellapolicy.trust.public_keys import PublicKey, read_public_keys
from tests.real_data import real_data
from tests.signing_keys import new_key, trusting

VSA = "attest/vsa/gke-gce-pre.bcid-vsa.jsonl"
VSA_KEY = "attest/vsa/vsa_signing_public_key.pem"


def test_the_vector_of_dsse_verifies() -> None:
    vector = json.loads(real_data("attest/dsse/dsse-protocol-vector.json").read_bytes())
    numbers = ec.EllipticCurvePublicNumbers(int(vector["public_key_x"]), int(vector["public_key_y"]), ec.SECP256R1())
    key = PublicKey.of(numbers.public_key())
    envelope = read_envelope(json.dumps(vector["envelope"]).encode())

    assert pae(envelope.payload_type, envelope.payload) == vector["pae"].encode()
    assert verify(envelope, {"": key}, payload_type=vector["payloadType"]) == (key.key_id,)


def test_the_key_of_the_vector_signs_what_its_public_half_verifies() -> None:
    vector = json.loads(real_data("attest/dsse/dsse-protocol-vector.json").read_bytes())
    key = new_key(ec.derive_private_key(int(vector["private_key_d"]), ec.SECP256R1()))

    signed = key.envelope(vector["payloadType"], vector["payload_utf8"].encode())

    assert verify(signed, trusting(key), payload_type=vector["payloadType"]) == (key.public.key_id,)


def vsa() -> tuple[Envelope, dict[str, PublicKey]]:
    (key,) = read_public_keys(real_data(VSA_KEY).read_text(encoding="utf-8"))
    return read_envelope(real_data(VSA).read_bytes()), {key.key_id: key}


def test_a_real_vsa_with_a_raw_signature_verifies_and_says_what_it_should() -> None:
    # Two further cases of that suite want another key id refused: here a key id is a remark and proves nothing.
    (case,) = (
        one for one in json.loads(real_data("attest/vsa/cases.json").read_bytes())["cases"] if one["name"] == "accept"
    )
    envelope, keys = vsa()

    verified = verify(envelope, keys, payload_type=PAYLOAD_TYPE)
    statement = read_statement(envelope.payload)

    assert verified == tuple(keys)
    assert statement.predicate_type == "https://slsa.dev/verification_summary/v1"
    assert {f"{name}:{value}" for name, value in statement.subjects[0].digests.items()} == {case["subject_digest"]}
    assert statement.predicate["verificationResult"] == "PASSED"
    assert statement.predicate["resourceUri"] == case["resource_uri"]


@pytest.mark.parametrize("place", range(0, 64, 7))
def test_a_raw_signature_with_a_changed_byte_does_not_verify(place: int) -> None:
    envelope, keys = vsa()
    changed = bytearray(envelope.signatures[0].signature)
    changed[place] ^= 1
    document = envelope.to_json() | {"signatures": [{"sig": base64.b64encode(changed).decode()}]}

    with pytest.raises(SignatureInvalid):
        verify(Envelope.from_json(document), keys, payload_type=PAYLOAD_TYPE)


def sigstore(name: str) -> tuple[Envelope, PublicKey]:
    """Return the envelope of a bundle and the key of its certificate; whom the certificate names is not judged."""
    bundle: Any = json.loads(real_data(f"attest/sigstore-bundles/{name}/bundle.sigstore.json").read_bytes())
    certificate = x509.load_der_x509_certificate(
        base64.b64decode(bundle["verificationMaterial"]["certificate"]["rawBytes"])
    )
    return Envelope.from_json(bundle["dsseEnvelope"]), PublicKey.of(certificate.public_key())


# An envelope that does not match the log is sound by itself: comparing it with a log is not the part of this.
@pytest.mark.parametrize(
    "name", ["happy-path-intoto-in-dsse-v3", "rekor2-dsse-happy-path", "rekor2-dsse-mismatch-envelope_fail"]
)
def test_the_envelope_of_a_sigstore_bundle_verifies_by_its_certificate(name: str) -> None:
    envelope, key = sigstore(name)

    assert verify(envelope, {"": key}, payload_type=PAYLOAD_TYPE) == (key.key_id,)
    assert read_statement(envelope.payload).predicate_type == "https://slsa.dev/provenance/v1"


@pytest.mark.parametrize("name", ["dsse-invalid-sig_fail", "rekor2-dsse-invalid-sig_fail"])
def test_a_sigstore_bundle_with_an_invalid_signature_is_refused(name: str) -> None:
    envelope, key = sigstore(name)

    with pytest.raises(SignatureInvalid):
        verify(envelope, {"": key}, payload_type=PAYLOAD_TYPE)


def test_an_ed25519_key_of_others_is_read_and_their_rsa_key_is_refused() -> None:
    carol = real_data("attest/in-toto/carol.pub").read_text(encoding="utf-8")
    alice = real_data("attest/in-toto/alice.pub").read_text(encoding="utf-8")

    assert len(read_public_keys(carol)) == 1
    with pytest.raises(KeysUnreadable) as refused:
        read_public_keys(alice)
    assert "Ed25519" in refused.value.faults[0].message
