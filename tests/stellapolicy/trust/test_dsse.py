"""Envelopes: what is signed, whose signature counts, and every mistake refused by its code."""

import base64
import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from stellapolicy.trust import dsse
from stellapolicy.trust.dsse import MOST_BYTES, MOST_SIGNATURES, Envelope, Signature, pae, read_envelope, verify
from stellapolicy.trust.errors import (
    EnvelopeMalformed,
    EnvelopeTooLarge,
    KeyMissing,
    PayloadTypeRefused,
    SignatureInvalid,
    SignatureMissing,
    ThresholdMissed,
)
from tests.signing_keys import new_key, signed_by, trusting

TYPE = "application/vnd.example+json"
ADA, BEN = new_key(), new_key(ec.generate_private_key(ec.SECP256R1()))


def envelope(**changes: object) -> dict[str, Any]:
    sound = {"payload": "aGVsbG8=", "payloadType": TYPE, "signatures": [{"keyid": "ada", "sig": "c2ln"}]}
    return {name: value for name, value in {**sound, **changes}.items() if value is not ...}


def codes(document: object) -> list[str]:
    with pytest.raises(EnvelopeMalformed) as refused:
        read_envelope(json.dumps(document).encode())
    return [f"{fault.pointer} {fault.code}" for fault in refused.value.faults]


def test_the_payload_and_its_type_are_signed_with_their_lengths() -> None:
    assert pae("http://example.com/é", b"a b") == "DSSEv1 21 http://example.com/é 3 a b".encode()


@pytest.mark.parametrize("key", [ADA, BEN, new_key(ec.generate_private_key(ec.SECP384R1()))])
def test_what_a_key_signed_is_verified_by_that_key_alone(key: Any) -> None:
    signed = key.envelope(TYPE, b"hello")

    assert verify(signed, trusting(key), payload_type=TYPE) == (key.public.key_id,)
    with pytest.raises(SignatureInvalid):
        verify(signed, trusting(new_key()), payload_type=TYPE)


def test_an_envelope_survives_its_json_form() -> None:
    signed = signed_by(TYPE, b"\x00\xff", ADA, BEN)

    assert read_envelope(json.dumps(signed.to_json()).encode()) == signed


@given(payload=st.binary(max_size=40), place=st.integers(0, 39), bit=st.integers(0, 7))
def test_one_flipped_bit_of_the_payload_voids_the_signature(payload: bytes, place: int, bit: int) -> None:
    signed = ADA.envelope(TYPE, payload)
    tampered = bytearray(payload or b"\x00")
    tampered[place % len(tampered)] ^= 1 << bit

    with pytest.raises(SignatureInvalid):
        verify(replace(signed, payload=bytes(tampered)), trusting(ADA), payload_type=TYPE)


def test_another_payload_type_is_refused_before_anything_else() -> None:
    with pytest.raises(PayloadTypeRefused):
        verify(Envelope("text/html", b"hello"), {}, payload_type=TYPE)


def test_a_payload_signed_as_one_type_is_not_another() -> None:
    signed = replace(ADA.envelope("text/html", b"hello"), payload_type=TYPE)

    with pytest.raises(SignatureInvalid):
        verify(signed, trusting(ADA), payload_type=TYPE)


def test_an_envelope_without_signatures_is_refused() -> None:
    with pytest.raises(SignatureMissing):
        verify(Envelope(TYPE, b"hello"), trusting(ADA), payload_type=TYPE)


def test_nobody_is_believed_where_no_key_is_trusted() -> None:
    with pytest.raises(KeyMissing):
        verify(ADA.envelope(TYPE, b"hello"), {}, payload_type=TYPE)


def test_the_name_a_signer_gives_the_key_proves_nothing_and_need_not_be_there() -> None:
    signed = ADA.envelope(TYPE, b"hello")
    (signature,) = signed.signatures
    misnamed = replace(signed, signatures=(replace(signature, key_id=BEN.public.key_id),))
    unnamed = replace(signed, signatures=(replace(signature, key_id=""),))

    assert verify(misnamed, trusting(ADA, BEN), payload_type=TYPE) == (ADA.public.key_id,)
    assert verify(unnamed, trusting(ADA, BEN), payload_type=TYPE) == (ADA.public.key_id,)


def test_a_bad_signature_beside_a_good_one_hinders_nobody() -> None:
    signed = ADA.envelope(TYPE, b"hello")
    with_rubbish = replace(signed, signatures=(Signature(b"rubbish"), *signed.signatures))

    assert verify(with_rubbish, trusting(ADA), payload_type=TYPE) == (ADA.public.key_id,)


def test_two_keys_make_a_threshold_of_two() -> None:
    signed = signed_by(TYPE, b"hello", ADA, BEN)

    assert set(verify(signed, trusting(ADA, BEN), payload_type=TYPE, threshold=2)) == set(trusting(ADA, BEN))


def test_one_key_under_two_names_and_two_signatures_counts_once() -> None:
    signed = signed_by(TYPE, b"hello", BEN, BEN)

    with pytest.raises(ThresholdMissed):
        verify(signed, {"ben": BEN.public, "benjamin": BEN.public}, payload_type=TYPE, threshold=2)


def test_a_threshold_of_nobody_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="at least one"):
        verify(ADA.envelope(TYPE, b"hello"), trusting(ADA), payload_type=TYPE, threshold=0)


def test_url_safe_base64_is_read_too() -> None:
    payload = b"\xfb\xff\xfe"

    found = read_envelope(json.dumps(envelope(payload=base64.urlsafe_b64encode(payload).decode())).encode())

    assert found.payload == payload


def test_members_we_do_not_know_are_ignored() -> None:
    document = envelope(extra=[1, {}], signatures=[{"sig": "c2ln", "cert": "…"}])

    assert read_envelope(json.dumps(document).encode()).signatures == (Signature(b"sig"),)


@pytest.mark.parametrize(
    "changes,found",
    [
        ({"payload": ...}, "/payload envelope.payload_missing"),
        ({"payload": "not base64!"}, "/payload envelope.payload_not_base64"),
        ({"payload": "aGVsbG8"}, "/payload envelope.payload_not_base64"),
        ({"payloadType": ...}, "/payloadType envelope.payload_type_missing"),
        ({"payloadType": 3}, "/payloadType envelope.payload_type_missing"),
        ({"signatures": ...}, "/signatures envelope.signatures_missing"),
        ({"signatures": "none"}, "/signatures envelope.signatures_missing"),
        ({"signatures": [{"sig": "cw=="}] * (MOST_SIGNATURES + 1)}, "/signatures envelope.too_many_signatures"),
        ({"signatures": ["cw=="]}, "/signatures/0 envelope.signature_not_an_object"),
        ({"signatures": [{"keyid": "a"}]}, "/signatures/0/sig envelope.signature_missing"),
        ({"signatures": [{"sig": "é"}]}, "/signatures/0/sig envelope.signature_not_base64"),
        ({"signatures": [{"sig": "cw==", "keyid": 3}]}, "/signatures/0/keyid envelope.keyid_not_text"),
    ],
)
def test_each_mistake_has_its_code_and_its_place(changes: dict[str, object], found: str) -> None:
    assert codes(envelope(**changes)) == [found]


def test_every_mistake_is_told_at_once() -> None:
    assert len(codes({"signatures": [{}, 1]})) == 4


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b"[1, NaN]",
        b'{"payload": "YQ==", "payload": "Yg=="}',
        b'{"payloadType": "\\ud800"}',
        b"[" * 100_000,
    ],
    ids=["empty", "binary", "cut", "nan", "twice", "half a character", "bottomless"],
)
def test_what_has_no_single_reading_is_no_envelope(content: bytes) -> None:
    with pytest.raises(EnvelopeMalformed) as refused:
        read_envelope(content)

    assert [fault.code for fault in refused.value.faults] == ["envelope.not_json"]


def test_a_list_is_no_envelope() -> None:
    assert codes([]) == [" envelope.not_an_object"]


def test_an_envelope_too_large_is_not_even_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dsse, "MOST_BYTES", 10)

    with pytest.raises(EnvelopeTooLarge):
        read_envelope(b" " * 11)
    assert MOST_BYTES > 1024 * 1024


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with suppress(EnvelopeMalformed):
        read_envelope(content)
