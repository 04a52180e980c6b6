"""A real HTTP server on loopback, scripted by path, that remembers what it was asked."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


Script = Callable[[Asked], Answer]


@dataclass(slots=True)
class Loopback:
    """A server that runs."""

    port: int
    asked: list[Asked]

    def url(self, path: str = "/", *, host: str = "127.0.0.1") -> str:
        """Return an address on this server."""
        return f"http://{host}:{self.port}{path}"


@contextmanager
def loopback(script: Script = lambda _asked: Answer()) -> Iterator[Loopback]:
    """Run a server that answers by the script until the block ends."""
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            question = Asked(self.command, self.path, dict(self.headers.items()), body)
            asked.append(question)
            said = script(question)
            self.send_response(said.status)
            for name, value in {"Content-Length": str(len(said.body)), "Connection": "close", **said.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said.body)
            self.close_connection = True

        do_GET = do_POST = do_PUT = do_HEAD = answer  # noqa: N815 - the names the standard library calls

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the library's own name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Loopback(server.server_port, asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
