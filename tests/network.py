"""No test speaks to anything beyond this machine and the servers of the run."""

import os
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache

from stellapolicy.egress.selectors import CACHE_KEY


class OutboundConnection(AssertionError):  # noqa: N818 - reads as a sentence
    """A test, or the product in it, tried to reach somebody else's machine."""


@pytest.fixture(scope="session", autouse=True)
def only_loopback() -> Iterator[None]:
    """Refuse every connection of Python's beyond loopback, and know no names but this machine's."""
    own = _servers_of_the_run()
    with pytest.MonkeyPatch.context() as patch:
        for method in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, method, _guarded(getattr(socket.socket, method), own))
        patch.setattr(socket, "getaddrinfo", _knowing(socket.getaddrinfo, own))
        yield


@pytest.fixture(autouse=True)
def connection_mode_of_this_test(request: pytest.FixtureRequest) -> Iterator[None]:
    """Forget the mode of connection that a test which commits has left in the cache."""
    yield
    if "transactional_db" in request.fixturenames:
        cache.delete(CACHE_KEY)


def _guarded(original: Any, own: frozenset[str]) -> Any:
    def guarded(self: socket.socket, *arguments: Any) -> Any:
        target = arguments[-1]
        if self.family in {socket.AF_INET, socket.AF_INET6} and not _is_ours(str(target[0]), own):
            self.close()
            raise OutboundConnection(f"a test tried to reach {target[0]} port {target[1]}; only loopback is allowed")
        return original(self, *arguments)

    return guarded


def _knowing(original: Any, own: frozenset[str]) -> Any:
    def known(host: Any, *arguments: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name is None or _is_numeric(str(name)) or _is_ours(str(name), own):
            return original(host, *arguments, **more)
        raise socket.gaierror(socket.EAI_NONAME, f"tests know no names of other machines, such as {name}")

    return known


def _is_ours(host: str, own: frozenset[str]) -> bool:
    if host in own or host.rstrip(".") in {"localhost", "", socket.gethostname()}:
        return True
    try:
        return ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _is_numeric(host: str) -> bool:
    """Whether no name server is asked about this: an address in any form the system reads."""
    try:
        socket.inet_aton(host)
    except OSError:
        return ":" in host
    return True


def _servers_of_the_run() -> frozenset[str]:
    """Return the names and addresses of the cache and the broker, where they are not this machine's."""
    named = {urlsplit(os.environ[name]).hostname or "" for name in ("CACHE_URL", "BROKER_URL") if name in os.environ}
    behind = {str(entry[4][0]) for host in named - {""} for entry in socket.getaddrinfo(host, None)}
    return frozenset(named | behind)
