"""Whose evidence is believed."""

import pytest
from pytest_django.fixtures import Settings

from stellapolicy.signing.ports import signer
from stellapolicy.trust.errors import KeysUnreadable
from stellapolicy.trust.keys import trusted_keys
from tests.signing_keys import new_key, trusting

ADA, BEN = new_key(), new_key()


def test_the_keys_of_the_installation_and_its_own_are_believed(settings: Settings) -> None:
    settings.EVIDENCE_KEYS = ADA.public.pem + BEN.public.pem

    assert set(trusted_keys()) == {*trusting(ADA, BEN), signer().key_id}


def test_an_installation_that_signs_nothing_believes_those_it_was_told(settings: Settings) -> None:
    settings.LAPTOP, settings.EVIDENCE_KEYS = False, ADA.public.pem

    assert trusted_keys() == trusting(ADA)


def test_keys_that_cannot_be_read_are_not_left_out_silently(settings: Settings) -> None:
    settings.EVIDENCE_KEYS = f"{ADA.public.pem}\nrubbish"

    with pytest.raises(KeysUnreadable):
        trusted_keys()
