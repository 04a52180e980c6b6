"""Who may be called: judged for every request from its address, and for every connection from where it leads."""

import socket
from collections.abc import Callable, Container
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from stellapolicy.egress.addresses import is_open_inside, is_public
from stellapolicy.egress.errors import AddressRefused, EgressFailed, NotAllowed, Sealed
from stellapolicy.egress.models import ConnectionMode
from stellapolicy.egress.selectors import connection_mode

# Host and port to the addresses (text) behind them.
Resolver = Callable[[str, int], list[str]]
_PORTS: Final = {"http": 80, "https": 443}
_LONGEST_URL: Final = 2048
_LONGEST_LABEL: Final = 63


@dataclass(frozen=True, slots=True)
class Guard:
    """What one client may call, and how names are resolved for it.

    hosts: nobody but these, beside what the mode allows; None for no such limit.
    """

    purpose: str
    hosts: Container[str] | None
    resolver: Resolver

    def judge_url(self, url: str) -> None:
        """Refuse an address by mode, form, scheme and host; asks no name server."""
        _refuse_sealed()
        parts = split(url)
        host = host_of(parts)
        self._judge_host(host, _port_of(parts))
        if parts.scheme == "http" and not self.is_internal(host, _port_of(parts)):
            raise NotAllowed(f"{host} may be called with https only")

    def judge_addresses(self, url: str) -> None:
        """Refuse an address whose host leads inside as far as its name is known now."""
        parts = split(url)
        with suppress(EgressFailed):
            self.addresses_of(host_of(parts), _port_of(parts))

    def judge_host(self, host: str, port: int) -> None:
        """Refuse a host by mode and name, whatever is spoken with it; asks no name server."""
        _refuse_sealed()
        self._judge_host(host.lower().rstrip("."), port)

    def addresses_of(self, host: str, port: int) -> list[str]:
        """Resolve a name once and return its addresses, every one of them checked; connect to nothing else."""
        _refuse_sealed()
        name = host.lower().rstrip(".")
        self._judge_host(name, port)
        try:
            found = self.resolver(host, port)
        except (OSError, UnicodeError) as error:
            raise EgressFailed(f"{host} has no address: {getattr(error, 'strerror', None) or error}") from None
        if not found:
            raise EgressFailed(f"{host} has no address")
        is_fine = is_open_inside if self.is_internal(name, port) else is_public
        if not all(is_fine(address) for address in found):
            # The address itself is not told: whoever may enter an address here need not learn the inside of a network.
            raise AddressRefused(f"{host} leads to an address that is not public")
        return found

    def is_internal(self, host: str, port: int) -> bool:
        """Whether an operator named this host as internal for this purpose."""
        patterns = settings.EGRESS_INTERNAL_HOSTS.get(self.purpose, ())
        return any(_matches(pattern, host, port) for pattern in patterns)

    def _judge_host(self, host: str, port: int) -> None:
        if self.hosts is not None and host not in self.hosts:
            raise NotAllowed(f"{host} is not one of the hosts this may call")
        if connection_mode() is not ConnectionMode.CONSTRAINED or self.is_internal(host, port):
            return
        if not any(_matches(pattern, host, port) for pattern in settings.EGRESS_ALLOWED_HOSTS):
            raise NotAllowed(f"{host} is not on the allow list of this installation")


def split(url: str) -> SplitResult:
    """Return the parts of an http or https address; refuses any other form, and names and passwords in it."""
    if len(url) > _LONGEST_URL or not url.isprintable() or not url.isascii() or set(url) & set(' \\"<>^`{|}'):
        raise NotAllowed(f"this is not an address: at most {_LONGEST_URL} ASCII characters without spaces")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise NotAllowed(f"this is not an address: {error}") from None
    if parts.scheme not in _PORTS:
        raise NotAllowed("an address begins with https://")
    if not host or port == 0:
        raise NotAllowed("the address names no host")
    if not all(0 < len(label) <= _LONGEST_LABEL for label in host.removesuffix(".").split(".")):
        raise NotAllowed(f"between the dots of a host stand 1 to {_LONGEST_LABEL} letters (RFC 1035)")
    if parts.username is not None or parts.password is not None:
        raise NotAllowed("an address carries no name and no password")
    return parts


def host_of(parts: SplitResult) -> str:
    """Return the host of an address in lower case, without the dot at its end."""
    return (parts.hostname or "").rstrip(".")


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a name as the system's resolver knows them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _port_of(parts: SplitResult) -> int:
    return parts.port or _PORTS[parts.scheme]


def _refuse_sealed() -> None:
    if connection_mode() is ConnectionMode.SEALED:
        raise Sealed("no connection leaves this installation while it is sealed")


def _matches(pattern: str, host: str, port: int) -> bool:
    """Whether `host`, `*.host` or `host:port` of a setting means this host and port."""
    name, colon, number = pattern.rpartition(":")
    if colon and number.isdecimal():
        return int(number) == port and fnmatchcase(host, name.lower())
    return fnmatchcase(host, pattern.lower())
