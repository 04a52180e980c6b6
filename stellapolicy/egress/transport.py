"""Connections that go to the very address that was checked."""

import socket
from functools import partial
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError

from stellapolicy.egress.guard import Guard


def _connect(connection: HTTPConnection, guard: Guard) -> socket.socket:
    """Resolve once, check, and try the checked addresses in turn; nothing is resolved a second time.

    INVARIANT: what is connected to is a numeric address that the guard returned, so a name that changes its mind
    between check and use changes nothing.
    """
    failure: OSError | None = None
    for address in guard.addresses_of(connection._dns_host, connection.port or connection.default_port):  # noqa: SLF001 - urllib3 has no other name for the host as it was given
        try:
            return socket.create_connection((address, connection.port or connection.default_port), connection.timeout)
        except OSError as error:
            failure = error
    raise NewConnectionError(connection, f"no address of {connection.host} answers: {failure}") from failure


class _PlainConnection(HTTPConnection):
    def __init__(self, *args: Any, guard: Guard, **more: Any) -> None:  # noqa: ANN401 - urllib3's own arguments
        super().__init__(*args, **more)
        self._guard = guard

    def _new_conn(self) -> socket.socket:
        return _connect(self, self._guard)


class _SecureConnection(HTTPSConnection):
    def __init__(self, *args: Any, guard: Guard, **more: Any) -> None:  # noqa: ANN401 - urllib3's own arguments
        super().__init__(*args, **more)
        self._guard = guard

    def _new_conn(self) -> socket.socket:
        return _connect(self, self._guard)


def _plain_pool(*args: Any, guard: Guard, **more: Any) -> HTTPConnectionPool:  # noqa: ANN401 - urllib3's own arguments
    pool = HTTPConnectionPool(*args, **more)
    pool.ConnectionCls = partial(_PlainConnection, guard=guard)  # type: ignore[assignment]  # called, never inspected
    return pool


def _secure_pool(*args: Any, guard: Guard, **more: Any) -> HTTPSConnectionPool:  # noqa: ANN401 - urllib3's own arguments
    pool = HTTPSConnectionPool(*args, **more)
    pool.ConnectionCls = partial(_SecureConnection, guard=guard)  # type: ignore[assignment]  # called, never inspected
    return pool


class GuardedAdapter(HTTPAdapter):
    """Sends requests over guarded connections; the body of a redirect is never read."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **more: Any) -> None:  # noqa: ANN401 - the library's own arguments
        """Make a pool manager whose pools make guarded connections."""
        super().init_poolmanager(*args, **more)
        self.poolmanager.pool_classes_by_scheme = {
            "http": partial(_plain_pool, guard=self._guard),
            "https": partial(_secure_pool, guard=self._guard),
        }

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:  # noqa: ANN401 - urllib3's answer
        """Return the answer, a redirect without its body."""
        response = super().build_response(req, resp)
        if response.is_redirect:
            response._content, response._content_consumed = b"", True  # type: ignore[attr-defined]  # noqa: SLF001 - what `content` reads
            resp.close()
        return response
