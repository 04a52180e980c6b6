"""Who signs: the key of the setting, a laptop's own, or nobody, who says so."""

import stat
import subprocess
import sys
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pytest_django.fixtures import Settings

from stellapolicy.signing.backends.development import DevelopmentSigner
from stellapolicy.signing.backends.key_file import KeyFileSigner
from stellapolicy.signing.backends.unsupported import UnsupportedSigner
from stellapolicy.signing.errors import SigningKeyUnreadable, SigningUnsupported
from stellapolicy.signing.ports import Signer, signer
from stellapolicy.signing.private_keys import Material
from stellapolicy.signing.selectors import own_keys
from stellapolicy.trust.dsse import verify
from stellapolicy.trust.public_keys import read_public_keys
from tests.processes import ROOT
from tests.signing_keys import pem_of

TYPE = "application/vnd.example+json"
RACE = """
import django, sys
django.setup()
from pathlib import Path
from stellapolicy.signing.backends.development import DevelopmentSigner
sys.stdin.readline()
print(DevelopmentSigner(Path(sys.argv[1])).key_id)
"""


def test_a_laptop_signs_with_a_key_of_its_own() -> None:
    assert isinstance(signer(), DevelopmentSigner)


def test_a_configured_key_signs_on_a_laptop_too(settings: Settings) -> None:
    settings.SIGNING_KEY = pem_of(Ed25519PrivateKey.generate())

    assert isinstance(signer(), KeyFileSigner)


@pytest.mark.parametrize(
    "use",
    [lambda nobody: nobody.sign(TYPE, b"hello"), attrgetter("key_id"), attrgetter("public_key_pem")],
    ids=["sign", "key_id", "public_key_pem"],
)
def test_production_without_a_key_signs_nothing_and_says_so(
    use: Callable[[Signer], object], settings: Settings
) -> None:
    settings.LAPTOP = False

    nobody = signer()

    assert isinstance(nobody, UnsupportedSigner)
    assert own_keys() == ()
    with pytest.raises(SigningUnsupported) as refused:
        use(nobody)
    assert refused.value.code == "signing.unsupported"


@pytest.mark.parametrize(
    "material",
    [
        Ed25519PrivateKey.generate(),
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
    ],
    ids=["ed25519", "p256", "p384"],
)
def test_what_a_key_file_signs_its_public_half_verifies(material: Material) -> None:
    signing = KeyFileSigner(pem_of(material))

    envelope = signing.sign(TYPE, b"hello")
    verified = verify(envelope, {"": read_public_keys(signing.public_key_pem)[0]}, payload_type=TYPE)

    assert verified == (signing.key_id,) == (envelope.signatures[0].key_id,)


@pytest.mark.parametrize(
    "pem",
    [
        "rubbish",
        pem_of(rsa.generate_private_key(65537, 2048)),
        pem_of(ec.generate_private_key(ec.SECP521R1())),
        pem_of(Ed25519PrivateKey.generate(), passphrase=b"shy"),
    ],
    ids=["rubbish", "rsa", "other curve", "encrypted"],
)
def test_a_key_we_cannot_sign_with_is_refused_without_being_repeated(pem: str) -> None:
    with pytest.raises(SigningKeyUnreadable) as refused:
        KeyFileSigner(pem).sign(TYPE, b"hello")

    assert not [line for line in pem.splitlines() if line in refused.value.detail]
    assert refused.value.__cause__ is None


def test_asking_for_a_signer_makes_no_key(tmp_path: Path) -> None:
    DevelopmentSigner(tmp_path / "keys")

    assert not (tmp_path / "keys").exists()


def test_a_development_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    first = DevelopmentSigner(tmp_path / "keys").key_id
    (file,) = (tmp_path / "keys").iterdir()

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert DevelopmentSigner(tmp_path / "keys").key_id == first


def test_processes_that_race_for_a_development_key_use_the_same(tmp_path: Path) -> None:
    racing = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, str(tmp_path / "keys")],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]

    told = {process.communicate("go\n", timeout=120)[0] for process in racing}

    assert {process.returncode for process in racing} == {0}
    assert told == {f"{DevelopmentSigner(tmp_path / 'keys').key_id}\n"}
    assert [file.name for file in (tmp_path / "keys").iterdir()] == ["development.pem"]


def test_a_development_key_never_signs_in_production(settings: Settings, tmp_path: Path) -> None:
    settings.LAPTOP = False

    with pytest.raises(SigningUnsupported):
        DevelopmentSigner(tmp_path)
