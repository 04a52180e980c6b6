"""Keeps the lease of a job alive while its worker works, on a connection of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Event, Thread
from uuid import UUID

from django.db import connection

from gates.models import GateJob

LEASE = timedelta(seconds=60)
RENEWAL = LEASE / 3


@contextmanager
def kept_alive(
    job_id: UUID, lease: UUID, *, clock: Callable[[], datetime], every: timedelta = RENEWAL
) -> Iterator[None]:
    """Renew a lease for as long as the block runs; a lease that was lost stays lost."""
    is_over = Event()
    renewal = Thread(target=_renew, args=(job_id, lease, clock, every, is_over), name=f"lease of {job_id}", daemon=True)
    renewal.start()
    try:
        yield
    finally:
        is_over.set()
        renewal.join()


def _renew(job_id: UUID, lease: UUID, clock: Callable[[], datetime], every: timedelta, is_over: Event) -> None:
    try:
        while not is_over.wait(every.total_seconds()):
            held = GateJob.objects.filter(pk=job_id).of_lease(lease=lease)
            if not held.update(leased_until=clock() + LEASE):
                return
    finally:
        connection.close()
