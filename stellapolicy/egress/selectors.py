"""How the installation is connected now."""

from typing import Final

import structlog
from django.core.cache import cache
from django.db import transaction
from redis.exceptions import RedisError

from stellapolicy.egress.models import ConnectionMode, ConnectionState

CACHE_KEY: Final = "egress.connection_mode"
CACHED_SECONDS: Final = 30

log = structlog.get_logger(__name__)


def connection_mode() -> ConnectionMode:
    """Return the mode in force: from the cache, which a change overwrites as it commits, else from its row.

    INVARIANT: a reader only fills an empty cache, and only with what its transaction committed, so that an old mode
    never replaces a new one.
    """
    try:
        known = cache.get(CACHE_KEY)
    except RedisError as error:
        log.warning("egress.cache_unreachable", reason=str(error))
        return stored_mode()
    if known in ConnectionMode.values:
        return ConnectionMode(known)
    mode = stored_mode()
    transaction.on_commit(lambda: cache.add(CACHE_KEY, mode.value, timeout=CACHED_SECONDS), robust=True)
    return mode


def stored_mode() -> ConnectionMode:
    """Return the mode in force from its row; connected where nobody ever said otherwise."""
    return ConnectionMode(_row_mode() or ConnectionMode.CONNECTED)


def connection_state() -> ConnectionState | None:
    """Return when, by whom and why the mode was last changed; None where nobody ever did."""
    return ConnectionState.objects.first()


def _row_mode() -> str | None:
    return ConnectionState.objects.values_list("mode", flat=True).first()
