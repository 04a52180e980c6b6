"""Who signs: asked by every room that states something, filled by one of the backends."""

from collections.abc import Callable
from typing import Protocol

from stellapolicy.signing.backends.unsupported import UnsupportedSigner
from stellapolicy.trust.dsse import Envelope


class Signer(Protocol):
    """Signs with one key. Asking for a signer touches no key yet, using it does; each use may refuse."""

    @property
    def key_id(self) -> str:
        """The id of the key: the digest of its SPKI."""
        ...

    @property
    def public_key_pem(self) -> str:
        """The public half of the key, for whoever verifies."""
        ...

    def sign(self, payload_type: str, payload: bytes) -> Envelope:
        """Return the payload in an envelope with one signature."""
        ...


_wired: list[Callable[[], Signer]] = []


def register(choose: Callable[[], Signer]) -> None:
    """Let signers come from `choose` from now on, in `apps.ready`."""
    _wired[:] = [choose]


def signer() -> Signer:
    """Return who signs in this installation: `signer().sign(PAYLOAD_TYPE, statement.payload())`."""
    return _wired[0]() if _wired else UnsupportedSigner()
