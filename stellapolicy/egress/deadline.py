"""The end of patience: whatever the other side does, its lines are cut once the time of a request is over."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock, Timer
from time import monotonic

from stellapolicy.egress.errors import EgressFailed


class Deadline:
    """The time that one session has for what it does at present, and the connections that are cut at its end.

    A read that waits has a time of its own, which begins anew with every byte; this one does not. Each connection is
    held by a second descriptor, as TLS takes the first one away while it shakes hands.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._lines: list[socket.socket] = []
        self._ends_at: float | None = None

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Cut every connection after so many seconds and refuse what came; inside another such block that one holds."""
        if self._ends_at is not None:
            yield
            return
        self._ends_at = monotonic() + seconds
        watchdog = Timer(max(seconds, 0), self._cut)
        watchdog.daemon = True
        watchdog.start()
        try:
            yield
            self.refuse_late()
        except EgressFailed as failure:
            self.refuse_late(failure)
            raise
        finally:
            watchdog.cancel()
            watchdog.join()
            self._ends_at = None

    def left(self, most: float | None) -> float | None:
        """Return the seconds left, at most `most`; refuses once there are none."""
        self.refuse_late()
        if self._ends_at is None:
            return most
        left = max(self._ends_at - monotonic(), 0.001)
        return left if most is None else min(most, left)

    def watch(self, line: socket.socket) -> None:
        """Cut this connection as well, at once where the time is over."""
        with self._lock:
            self._lines.append(line.dup())
        if self._is_over():
            self._cut()

    def refuse_late(self, failure: EgressFailed | None = None) -> None:
        """Refuse once the time is over, whatever else went wrong."""
        if self._is_over():
            raise EgressFailed("the answer takes too long") from failure

    def let_go(self) -> None:
        """Give the second descriptors back."""
        with self._lock:
            while self._lines:
                self._lines.pop().close()

    def _is_over(self) -> bool:
        return self._ends_at is not None and monotonic() >= self._ends_at

    def _cut(self) -> None:
        with self._lock:
            for line in self._lines:
                with suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)
