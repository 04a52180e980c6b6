"""A foreign system: a server on the loopback that speaks the documented API by a script."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

EVALUATIONS = "/api/v1/gates/evaluations"
JOBS = "/api/v1/gates/jobs"


@dataclass(frozen=True)
class Answer:
    """What the server says to one request; the last answer of a path is repeated."""

    status: int = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    after_seconds: float = 0.0

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)


@dataclass
class ScriptedServer:
    """Answers by path, in the order of the script."""

    url: str
    script: dict[str, list[Answer]]
    asked: list[Asked] = field(default_factory=list)

    def answer(self, request: Asked) -> Answer:
        self.asked.append(request)
        answers = self.script.get(request.path, [Answer(404, {"title": "There is nothing here", "code": "not_found"})])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def of(self, path: str) -> list[Asked]:
        return [request for request in self.asked if request.path == path]


@contextmanager
def serving(script: dict[str, list[Answer]]) -> Iterator[ScriptedServer]:
    """Serve a script on a free port until the block ends."""
    http_server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    scripted = ScriptedServer(f"http://127.0.0.1:{http_server.server_port}", script)
    http_server.scripted = scripted  # type: ignore[attr-defined]  # the handler finds its script on the server
    http_server.daemon_threads = True
    thread = threading.Thread(target=http_server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield scripted
    finally:
        http_server.shutdown()
        http_server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Keep silent."""

    def _answer(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Asked(self.command, self.path, dict(self.headers.items()), content)
        answer = self.server.scripted.answer(request)  # type: ignore[attr-defined]  # see `serving`
        time.sleep(answer.after_seconds)
        try:
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(answer.content)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.content)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client has given up, as some tests want
