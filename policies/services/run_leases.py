"""Keeps the lease of a run alive while its worker works, on a connection of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Event, Thread
from uuid import UUID

from django.db import connection

from policies.models import Run

LEASE = timedelta(seconds=60)
RENEWAL = LEASE / 3


@contextmanager
def kept_alive(run: UUID, lease: UUID, *, clock: Callable[[], datetime], every: timedelta = RENEWAL) -> Iterator[None]:
    """Renew a lease for as long as the block runs; a lease that was lost stays lost."""
    is_over = Event()
    renewal = Thread(target=_renew, args=(run, lease, clock, every, is_over), name=f"lease of run {run}", daemon=True)
    renewal.start()
    try:
        yield
    finally:
        is_over.set()
        renewal.join()


def _renew(run: UUID, lease: UUID, clock: Callable[[], datetime], every: timedelta, is_over: Event) -> None:
    try:
        while not is_over.wait(every.total_seconds()):
            held = Run.objects.filter(pk=run).of_lease(lease)
            if not held.update(leased_until=clock() + LEASE):
                return
    finally:
        connection.close()
