"""Changing how the installation is connected."""

from datetime import datetime

from django.core.cache import cache
from django.db import transaction

from stellapolicy.audit import services as audit
from stellapolicy.egress.models import ConnectionMode, ConnectionState
from stellapolicy.egress.selectors import CACHE_KEY, CACHED_SECONDS
from stellapolicy.kernel.actor import Actor


@transaction.atomic
def set_mode(*, actor: Actor, mode: ConnectionMode, reason: str, at: datetime) -> ConnectionState:
    """Change the mode of the whole installation; every process sees it as soon as this commits.

    Who may, and with whose consent, is judged by the room that seals and unseals.
    """
    before = ConnectionState.objects.select_for_update().first()
    state = before or ConnectionState()
    state.mode, state.changed_at, state.changed_by, state.reason = mode, at, actor.subject, reason
    state.save()
    audit.record(actor, f"egress.{mode.value}", state, at=at, reason=reason)
    # A failure here is loud, unlike that of a reader: an old mode would hold until the cache forgets it.
    cache.delete(CACHE_KEY)
    transaction.on_commit(lambda: cache.set(CACHE_KEY, mode.value, timeout=CACHED_SECONDS))
    return state
