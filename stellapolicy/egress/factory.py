"""The one maker of HTTP clients: whatever leaves the product over HTTP leaves through a session of this module."""

from collections.abc import Container
from typing import Any, Final

from requests import PreparedRequest, RequestException, Response, Session
from urllib3.exceptions import HTTPError

from stellapolicy.egress.deadline import Deadline
from stellapolicy.egress.errors import EgressFailed, TooLarge
from stellapolicy.egress.guard import Guard, Resolver, resolve
from stellapolicy.egress.transport import Dialler, GuardedAdapter

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 10.0
MOST_REDIRECTS: Final = 3
# Longest that one request may take as a whole, its redirects and the answer that is not streamed included.
REQUEST_SECONDS: Final = 30.0
# Longest that the body of a streamed answer may take, however steadily it drips.
LONGEST_READING_SECONDS: Final = 300.0
MEBIBYTE: Final = 1024 * 1024
_CHUNK: Final = 64 * 1024


class GuardedSession(Session):
    """A requests session that calls nobody it may not, waits and reads only so long, and follows at most 3 redirects.

    Refuses with the codes of `egress.errors`; the exceptions of requests never leave it.
    """

    def __init__(self, guard: Guard, *, largest_answer: int, seconds: float) -> None:
        super().__init__()
        self._guard = guard
        self._deadline = Deadline()
        self._seconds = seconds
        self._largest_answer = largest_answer
        self.trust_env = False
        self.max_redirects = MOST_REDIRECTS
        self.headers.update({"User-Agent": "stellapolicy/1", "Accept-Encoding": "identity"})
        adapter = GuardedAdapter(Dialler(guard, self._deadline))
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def send(self, request: PreparedRequest, **options: Any) -> Response:  # noqa: ANN401 - the library's own options
        """Send one request (each redirect comes by here as well); read the answer unless `stream` was asked for."""
        with self._deadline.within(self._seconds):
            return self._sent(request, options)

    def close(self) -> None:
        """Close every connection."""
        super().close()
        self._deadline.let_go()

    def _sent(self, request: PreparedRequest, options: dict[str, Any]) -> Response:
        self._guard.judge_url(request.url or "")
        is_streamed = options.pop("stream", None)
        options["timeout"] = options.get("timeout") or (CONNECT_SECONDS, READ_SECONDS)
        options.pop("proxies", None)
        try:
            response = super().send(request, stream=True, **options)
        except RequestException as failure:
            raise EgressFailed(f"{_host(request)}: {_said(failure)}") from failure
        if not is_streamed and not response._content_consumed:  # type: ignore[attr-defined]  # noqa: SLF001 - redirects are read
            response._content = read_limited(response, self._largest_answer)  # noqa: SLF001 - where requests keeps it
            response._content_consumed = True  # type: ignore[attr-defined]  # noqa: SLF001 - where requests notes it
        return response


def session(
    purpose: str,
    *,
    hosts: Container[str] | None = None,
    resolver: Resolver = resolve,
    largest_answer: int = 16 * MEBIBYTE,
    seconds: float = REQUEST_SECONDS,
) -> GuardedSession:
    """Return a `requests.Session` for one purpose (`feeds`, `oidc`, `webhook`), to be used as a context manager.

    purpose: what it is for; `EGRESS_INTERNAL_HOSTS` names, by purpose, the hosts inside that may be called, plain
        http included.
    hosts: nobody but these lower-case names; None for whoever the mode of the installation allows.
    resolver: host and port to addresses; the system's unless given.
    largest_answer: bytes after which `egress.too_large` is refused; with `stream=True` read by `read_limited` instead.
    seconds: longest that a call may take from its name to the end of the answer, redirects included, or with
        `stream=True` to the end of its headers; `egress.failed` after it.

    Every call may refuse with `egress.sealed`, `egress.not_allowed`, `egress.address_refused`, `egress.too_large` or
    `egress.failed`. Answers are never decompressed, cookies and credentials of the environment never sent.
    """
    return GuardedSession(Guard(purpose, hosts, resolver), largest_answer=largest_answer, seconds=seconds)


def require_callable(url: str, *, purpose: str, resolver: Resolver = resolve) -> None:
    """Refuse an address that could never be called, before it is kept; a name nobody knows yet may still become known.

    What is kept is judged again at every call.
    """
    guard = Guard(purpose, None, resolver)
    guard.judge_url(url)
    guard.judge_addresses(url)


def require_host(host: str, port: int, *, purpose: str) -> None:
    """Refuse a host that is spoken with in another way than HTTP (mail), by the mode of the installation."""
    Guard(purpose, None, resolve).judge_host(host, port)


def read_limited(response: Response, limit: int, *, seconds: float = LONGEST_READING_SECONDS) -> bytes:
    """Return the body of a streamed answer, at most `limit` bytes of it, or refuse; the answer is closed.

    A body that comes compressed without being asked for is refused unread: nobody knows how large it becomes.
    """
    with response:
        _refuse_encoded(response)
        announced = response.headers.get("Content-Length", "0")
        if announced.isdecimal() and int(announced) > limit:
            raise TooLarge(f"{announced} bytes were announced, {limit} are read")
        body = _read(response, limit + 1, seconds)
        if len(body) > limit:
            raise TooLarge(f"more than {limit} bytes came")
        return body


def read_beginning(response: Response, limit: int, *, seconds: float = LONGEST_READING_SECONDS) -> bytes:
    """Return the first `limit` bytes of a streamed answer, whatever follows them; the answer is closed."""
    with response:
        return _read(response, limit, seconds)


def _read(response: Response, most: int, seconds: float) -> bytes:
    """Return what comes until the end, `most` bytes, or `seconds` have passed, which is refused."""
    if response._content_consumed:  # type: ignore[attr-defined]  # noqa: SLF001 - a redirect, whose body is not read
        return b""
    deadline = _deadline_of(response)
    body = bytearray()
    with deadline.within(seconds):
        try:
            while len(body) < most and (
                part := response.raw.read1(min(_CHUNK, most - len(body)), decode_content=False)
            ):
                body += part
                deadline.refuse_late()
        except (HTTPError, OSError) as failure:
            raise EgressFailed(f"the answer broke off: {type(failure).__name__}") from failure
    return bytes(body)


def _deadline_of(response: Response) -> Deadline:
    """Return the deadline of the session that an answer came through."""
    adapter = response.connection
    return adapter.dialler.deadline if isinstance(adapter, GuardedAdapter) else Deadline()


def _refuse_encoded(response: Response) -> None:
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise EgressFailed(f"the answer is compressed ({encoding[:40]}) although that was not asked for")


def _host(request: PreparedRequest) -> str:
    return (request.url or "").split("/")[2][:255]


def _said(failure: RequestException) -> str:
    """Return what went wrong in words without addresses."""
    return " ".join(type(failure).__name__.split())
