"""The public keys of issuers (RFC 7517 sets): fetched through egress and kept by the process, or pinned in a file.

An unknown key id makes the process look again, once a minute at most: whoever sends invented ids cannot make it call.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any, Final

from stellapolicy.access.id_tokens import Key, Unverified, matching_key
from stellapolicy.access.identity_errors import KeysUnavailable
from stellapolicy.egress.errors import EgressRefused
from stellapolicy.egress.factory import session
from stellapolicy.egress.models import ConnectionMode
from stellapolicy.egress.selectors import connection_mode

PURPOSE: Final = "oidc"
FRESH_FOR: Final = timedelta(hours=1)
# Keys that could not be read again serve this long: an issuer that is away for an hour stops no pipeline.
USABLE_FOR: Final = timedelta(hours=24)
PAUSE: Final = timedelta(minutes=1)
_LARGEST_SET: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class KeySource:
    """Where the keys of an issuer are: an address, a file beside the installation, or both."""

    issuer: str
    url: str = ""
    file: Path | None = None


@dataclass(slots=True)
class _Shelf:
    """What is kept of one address."""

    keys: tuple[Key, ...] = ()
    read_at: datetime | None = None
    tried_at: datetime | None = None
    lock: Lock = field(default_factory=Lock)


_shelves: dict[str, _Shelf] = {}


def key_for(source: KeySource, token: Unverified, *, at: datetime) -> Key | None:
    """Return the key a token names, looking again where it is not known yet; None where the issuer has none such.

    Sealed, the pinned file alone is read; refuses with `identity.keys_unavailable` where keys cannot be had.
    """
    if not source.url or connection_mode() is ConnectionMode.SEALED:
        return matching_key(_pinned(source), token)
    shelf = _shelves.setdefault(source.url, _Shelf())
    with shelf.lock:
        key = matching_key(shelf.keys, token)
        if (key is None or not _is_within(shelf.read_at, FRESH_FOR, at)) and not _is_within(shelf.tried_at, PAUSE, at):
            shelf.tried_at = at
            _read_again(shelf, source, at=at)
            key = matching_key(shelf.keys, token)
        if not _is_within(shelf.read_at, USABLE_FOR, at):
            raise KeysUnavailable(f"the keys of {source.issuer} could not be read")
    return key


def forget() -> None:
    """Forget every key that was fetched."""
    _shelves.clear()


def key_set(content: bytes, *, of: str) -> tuple[Key, ...]:
    """Return the keys of a JSON web key set; refuses what is none."""
    try:
        listed: Any = json.loads(content)["keys"]  # Any: whatever the issuer says
    except (ValueError, KeyError, TypeError, RecursionError):
        listed = None
    if not isinstance(listed, list) or not all(isinstance(key, dict) for key in listed):
        raise KeysUnavailable(f"{of} holds no set of keys")
    return tuple(listed)


def _read_again(shelf: _Shelf, source: KeySource, *, at: datetime) -> None:
    try:
        with session(PURPOSE, largest_answer=_LARGEST_SET) as client:
            answer = client.get(source.url)
        # An answer that is no success holds no keys either, and is refused as such.
        shelf.keys = key_set(answer.content if answer.ok else b"", of=source.url)
    except (EgressRefused, KeysUnavailable):
        if not _is_within(shelf.read_at, USABLE_FOR, at):
            raise
        return
    shelf.read_at = at


def _pinned(source: KeySource) -> tuple[Key, ...]:
    if source.file is None:
        raise KeysUnavailable(f"sealed, and no keys of {source.issuer} are pinned in a file")
    try:
        content = source.file.read_bytes()
    except OSError as error:
        raise KeysUnavailable(f"the pinned keys of {source.issuer} cannot be read: {error.strerror}") from None
    return key_set(content, of=f"the pinned file of {source.issuer}")


def _is_within(instant: datetime | None, period: timedelta, at: datetime) -> bool:
    return instant is not None and abs(at - instant) < period
