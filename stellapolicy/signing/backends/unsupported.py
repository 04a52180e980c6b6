"""No key: it says so instead of signing."""

from typing import Final, NoReturn

from stellapolicy.signing.errors import SigningUnsupported

_WHAT_TO_DO: Final = "no key is configured; set SIGNING_KEY (or SIGNING_KEY_FILE), see docs/operations.md"


class UnsupportedSigner:
    """Stands in for a key that nobody configured."""

    @property
    def key_id(self) -> NoReturn:
        """Refuse."""
        raise SigningUnsupported(_WHAT_TO_DO)

    @property
    def public_key_pem(self) -> NoReturn:
        """Refuse."""
        raise SigningUnsupported(_WHAT_TO_DO)

    def sign(self, payload_type: str, payload: bytes) -> NoReturn:  # noqa: ARG002 - the port's signature
        """Refuse."""
        raise SigningUnsupported(_WHAT_TO_DO)
