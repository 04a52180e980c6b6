"""Which text is public keys, and what they are called."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from stellapolicy.trust.errors import KeysUnreadable
from stellapolicy.trust.public_keys import PublicKey, read_public_keys
from tests.signing_keys import pem_of, public_pem_of

ADA = Ed25519PrivateKey.generate()
BEN = ec.generate_private_key(ec.SECP256R1())


def mistakes(text: str) -> list[str]:
    with pytest.raises(KeysUnreadable) as refused:
        read_public_keys(text)
    return [f"{fault.pointer} {fault.message}" for fault in refused.value.faults]


def test_a_key_is_called_by_the_digest_of_its_spki() -> None:
    spki = ADA.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    assert PublicKey.of(ADA.public_key()).key_id == f"sha256:{hashlib.sha256(spki).hexdigest()}"


def test_keys_stand_one_after_another_with_remarks_and_each_counts_once() -> None:
    text = f"# ada\n{public_pem_of(ADA)}\n{public_pem_of(BEN)}# again\n{public_pem_of(ADA)}"

    assert read_public_keys(text) == (PublicKey.of(ADA.public_key()), PublicKey.of(BEN.public_key()))


def test_no_text_is_no_keys() -> None:
    assert read_public_keys(" \n# nobody yet\n") == ()


def test_a_key_survives_its_pem() -> None:
    (key,) = read_public_keys(public_pem_of(BEN))

    assert read_public_keys(key.pem) == (key,)


@pytest.mark.parametrize(
    "text,found",
    [
        (public_pem_of(rsa.generate_private_key(65537, 2048)), "/0 only Ed25519 and ECDSA"),
        (public_pem_of(ec.generate_private_key(ec.SECP521R1())), "/0 only Ed25519 and ECDSA"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "/0 this public key cannot be read"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "/0 this is a certificate"),
        ("ada", " line 1 is no part of a public key"),
        ("-----BEGIN PUBLIC KEY-----", " line 1 is no part of a public key"),
    ],
    ids=["rsa", "other curve", "rubbish", "certificate", "words", "cut"],
)
def test_what_is_no_key_we_verify_with_is_named(text: str, found: str) -> None:
    (mistake,) = mistakes(text)

    assert mistake.startswith(found)


def test_a_private_key_among_public_ones_is_refused_without_being_repeated() -> None:
    private = pem_of(ADA)

    told = mistakes(f"{public_pem_of(BEN)}{private}")

    assert told == ["/1 this is a private key; only public keys belong here"]
    assert private.splitlines()[1] not in str(told)


def test_every_mistake_is_told_at_once() -> None:
    assert len(mistakes(f"{pem_of(ADA)}stray\n{pem_of(BEN)}")) == 3


def test_a_stray_line_is_told_by_its_number_since_it_may_be_a_piece_of_a_secret() -> None:
    assert mistakes(f"# ada\n{public_pem_of(ADA)}\nMC4CAQAwBQ\n") == [" line 6 is no part of a public key"]
