"""What trust asks of the room that signs: its public keys, since it never sees a private one."""

from collections.abc import Iterable
from typing import Protocol

from stellapolicy.trust.public_keys import PublicKey


class OwnKeys(Protocol):
    """Tells the public keys of this installation."""

    def __call__(self) -> Iterable[PublicKey]:
        """Return them; none where nothing signs."""
        ...


_wired: list[OwnKeys] = []


def wire(own_keys: OwnKeys) -> None:
    """Let the room that signs tell its public keys, in its `apps.ready`."""
    _wired[:] = [own_keys]


def own_keys() -> tuple[PublicKey, ...]:
    """Return the public keys of this installation."""
    return tuple(key for source in _wired for key in source())
