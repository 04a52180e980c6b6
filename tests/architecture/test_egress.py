"""Nothing but egress opens connections to others, and no test does."""

import ast
import socket
from pathlib import Path

import pytest

from tests.architecture.test_house import PRODUCT, relative, sources
from tests.network import OutboundConnection

CLIENTS = frozenset(
    {
        *("requests", "urllib3", "httpx", "aiohttp", "urllib.request", "http.client", "socket", "socketserver"),
        *("smtplib", "ftplib", "poplib", "imaplib", "telnetlib", "xmlrpc", "asyncio", "ssl"),
    }
)
# What a caller of a guarded session needs by name, and what opens nothing by itself.
VALUES = frozenset({"requests.Response", "requests.auth", "requests.auth.HTTPBasicAuth"})
# Each says why it is none of ours to guard.
EXEMPT = {
    "gates/client/stellagate.py": "the client, which runs in pipelines and talks to this product",
    "stellapolicy/embedded.py": "asks the system for a free port of this machine",
    "stellapolicy/management/commands/up.py": "waits until its own server on loopback answers",
    "stellapolicy/probe.py": "asks the server of its own container whether it is alive",
}


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def opens_connections(name: str) -> bool:
    return name not in VALUES and any(name == client or name.startswith(f"{client}.") for client in CLIENTS)


def test_nothing_but_egress_opens_connections() -> None:
    openers = {
        relative(path): sorted(filter(opens_connections, imported(path)))
        for path in sources(*PRODUCT)
        if not relative(path).startswith("stellapolicy/egress/") and any(map(opens_connections, imported(path)))
    }

    assert {path: names for path, names in openers.items() if path not in EXEMPT} == {}


def test_every_exemption_is_still_needed() -> None:
    assert {path for path in EXEMPT if not any(map(opens_connections, imported(Path(path))))} == set()


@pytest.mark.parametrize("family,host", [(socket.AF_INET, "8.8.8.8"), (socket.AF_INET6, "2606:4700::1111")])
def test_no_test_reaches_another_machine(family: socket.AddressFamily, host: str) -> None:
    with socket.socket(family) as outward, pytest.raises(OutboundConnection, match="only loopback"):
        outward.connect((host, 443))


def test_no_test_asks_a_name_server() -> None:
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("example.org", 443)
