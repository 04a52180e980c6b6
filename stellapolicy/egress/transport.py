"""Connections that go to the very address that was checked."""

import socket
from dataclasses import dataclass
from functools import partial
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError

from stellapolicy.egress.deadline import Deadline
from stellapolicy.egress.guard import Guard


@dataclass(frozen=True, slots=True)
class Dialler:
    """Makes the connections of one session, where the guard lets it and while its deadline does."""

    guard: Guard
    deadline: Deadline

    def connect(self, connection: HTTPConnection) -> socket.socket:
        """Resolve once, check, and try the checked addresses in turn; nothing is resolved a second time.

        INVARIANT: what is connected to is a numeric address that the guard returned, so a name that changes its mind
        between check and use changes nothing.
        """
        failure: OSError | None = None
        port = connection.port or connection.default_port
        for address in self.guard.addresses_of(connection._dns_host, port):  # noqa: SLF001 - urllib3 has no other name for the host as it was given
            patience = self.deadline.left(connection.timeout)
            try:
                line = socket.create_connection((address, port), patience)
            except OSError as error:
                failure = error
                continue
            line.settimeout(connection.timeout)
            self.deadline.watch(line)
            return line
        raise NewConnectionError(connection, f"no address of {connection.host} answers: {failure}") from failure


class _PlainConnection(HTTPConnection):
    def __init__(self, *args: Any, dialler: Dialler, **more: Any) -> None:  # noqa: ANN401 - urllib3's own arguments
        super().__init__(*args, **more)
        self._dialler = dialler

    def _new_conn(self) -> socket.socket:
        return self._dialler.connect(self)


class _SecureConnection(HTTPSConnection):
    def __init__(self, *args: Any, dialler: Dialler, **more: Any) -> None:  # noqa: ANN401 - urllib3's own arguments
        super().__init__(*args, **more)
        self._dialler = dialler

    def _new_conn(self) -> socket.socket:
        return self._dialler.connect(self)


def _plain_pool(*args: Any, dialler: Dialler, **more: Any) -> HTTPConnectionPool:  # noqa: ANN401 - urllib3's own arguments
    pool = HTTPConnectionPool(*args, **more)
    pool.ConnectionCls = partial(_PlainConnection, dialler=dialler)  # type: ignore[assignment]  # called, never inspected
    return pool


def _secure_pool(*args: Any, dialler: Dialler, **more: Any) -> HTTPSConnectionPool:  # noqa: ANN401 - urllib3's own arguments
    pool = HTTPSConnectionPool(*args, **more)
    pool.ConnectionCls = partial(_SecureConnection, dialler=dialler)  # type: ignore[assignment]  # called, never inspected
    return pool


class GuardedAdapter(HTTPAdapter):
    """Sends requests over guarded connections; the body of a redirect is never read."""

    def __init__(self, dialler: Dialler) -> None:
        self.dialler = dialler
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **more: Any) -> None:  # noqa: ANN401 - the library's own arguments
        """Make a pool manager whose pools make guarded connections."""
        super().init_poolmanager(*args, **more)
        self.poolmanager.pool_classes_by_scheme = {
            "http": partial(_plain_pool, dialler=self.dialler),
            "https": partial(_secure_pool, dialler=self.dialler),
        }

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:  # noqa: ANN401 - urllib3's answer
        """Return the answer, a redirect without its body."""
        response = super().build_response(req, resp)
        if response.is_redirect:
            response._content, response._content_consumed = b"", True  # type: ignore[attr-defined]  # noqa: SLF001 - what `content` reads
            resp.close()
        return response
