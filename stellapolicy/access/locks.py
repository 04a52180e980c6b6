"""From where a name is locked after wrong passwords: beside the counts of axes, which cannot be listed."""

import hashlib
from typing import Final

from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

_INDEX: Final = "access.locked"


def locked_addresses(username: str) -> tuple[str, ...]:
    """Return the addresses from which this name is locked now; none where the cache cannot be asked."""
    try:
        return tuple(cache.get(_key(username)) or ())
    except RedisError:
        return ()


def unlock(username: str) -> tuple[str, ...]:
    """Let this name be tried again from everywhere, and return from where it was locked."""
    addresses = locked_addresses(username)
    for address in addresses:
        AxesProxyHandler.reset_attempts(username=username, ip_address=address)
    cache.delete(_key(username))
    return addresses


def remember(username: str, address: str) -> None:
    """Note that a name is locked from an address, for as long as it is."""
    known = {*locked_addresses(username), address}
    cache.set(_key(username), sorted(known), timeout=int(settings.AXES_COOLOFF_TIME.total_seconds()))


def _key(username: str) -> str:
    return f"{_INDEX}.{hashlib.sha256(username.encode()).hexdigest()}"
