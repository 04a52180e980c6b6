"""Nobody keeps us longer than a request may take, however steadily they send."""

import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, repeat

import pytest

from stellapolicy.egress.errors import EgressFailed
from stellapolicy.egress.factory import LONGEST_READING_SECONDS, REQUEST_SECONDS, GuardedSession, read_limited, session
from stellapolicy.outbox.services import leases, webhook_delivery
from tests.loopback import Answer
from tests.stellapolicy.egress.conftest import Serving
from tests.stellapolicy.egress.test_factory import here

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside")]

# Far less than the patience of one read, far more than loopback needs.
SECONDS = 0.5
PAUSE_SECONDS = 0.02


@contextmanager
def dripping(pieces: Iterable[bytes]) -> Iterator[str]:
    """Run a server that sends piece after piece to each who calls, for as long as they listen; yields its address."""
    is_over = threading.Event()

    def drip(line: socket.socket) -> None:
        with line:
            line.settimeout(PAUSE_SECONDS)
            for piece in pieces:
                try:
                    line.sendall(piece)
                    if is_over.wait(PAUSE_SECONDS):
                        return
                except OSError:
                    return

    def serve() -> None:
        while not is_over.is_set():
            try:
                line, _ = server.accept()
            except TimeoutError:
                continue
            drip(line)

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PAUSE_SECONDS)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"//intern.test:{server.getsockname()[1]}/"
        finally:
            is_over.set()
            thread.join()


def impatient() -> GuardedSession:
    return session("test", resolver=here, seconds=SECONDS)


ENDLESS = {
    "a status line": chain([b"HTTP/1.1 200 "], repeat(b"O")),
    "a header": chain([b"HTTP/1.1 200 OK\r\nX-Endless: "], repeat(b"a")),
    "headers": chain([b"HTTP/1.1 200 OK\r\n"], (b"X-%d: a\r\n" % number for number in range(90)), repeat(b"a")),
    "promises": repeat(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a body": chain([b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"], repeat(b"a")),
    "a chunk": chain([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;"], repeat(b"a")),
    "silence": repeat(b""),
}


@pytest.mark.parametrize("sent", ENDLESS.values(), ids=ENDLESS)
def test_an_answer_without_end_is_cut(sent: Iterable[bytes]) -> None:
    with dripping(sent) as address, impatient() as client, pytest.raises(EgressFailed, match="takes too long"):
        client.post(f"http:{address}", data=b"x")


def test_a_handshake_without_end_is_cut() -> None:
    # A TLS record of 16 KiB that comes byte by byte.
    record = chain([b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc"], repeat(b"a"))

    with dripping(record) as address, impatient() as client, pytest.raises(EgressFailed, match="takes too long"):
        client.get(f"https:{address}")


def test_the_headers_of_a_streamed_answer_are_cut_as_well() -> None:
    sent = chain([b"HTTP/1.1 200 OK\r\nX-Endless: "], repeat(b"a"))

    with dripping(sent) as address, impatient() as client, pytest.raises(EgressFailed, match="takes too long"):
        client.post(f"http:{address}", data=b"x", stream=True, allow_redirects=False)


def test_the_framing_of_a_streamed_body_is_cut_at_the_end_of_the_reading() -> None:
    sent = chain([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;"], repeat(b"a"))

    with dripping(sent) as address, session("test", resolver=here) as client:
        answer = client.get(f"http:{address}", stream=True)

        with pytest.raises(EgressFailed, match="takes too long"):
            read_limited(answer, 10, seconds=SECONDS)


def test_redirects_share_the_time_of_their_request(serving: Serving) -> None:
    sent = chain([b"HTTP/1.1 200 OK\r\nX-Endless: "], repeat(b"a"))

    with dripping(sent) as address, impatient() as client:
        lure = serving(lambda _asked: Answer(302, headers={"Location": f"http:{address}"}))

        with pytest.raises(EgressFailed, match="takes too long"):
            client.get(lure.url(host="intern.test"))


def test_a_name_that_is_found_too_late_is_not_called(serving: Serving) -> None:
    server = serving(lambda _asked: Answer(body=b"hello"))

    with session("test", resolver=here, seconds=-1) as client, pytest.raises(EgressFailed, match="takes too long"):
        client.get(server.url(host="intern.test"))

    assert server.asked == []


def test_the_time_begins_anew_with_each_request(serving: Serving) -> None:
    server = serving(lambda _asked: Answer(body=b"hello"))

    with dripping(repeat(b"")) as address, impatient() as client:
        with pytest.raises(EgressFailed):
            client.get(f"http:{address}")

        assert client.get(server.url(host="intern.test")).content == b"hello"


def test_a_watchdog_does_not_outlive_its_request(serving: Serving) -> None:
    server = serving(lambda _asked: Answer(body=b"hello"))
    before = {thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)}

    with session("test", resolver=here) as client:
        client.get(server.url(host="intern.test"))

        assert {thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)} <= before


def test_sending_takes_less_time_than_a_lease_lasts() -> None:
    longest = REQUEST_SECONDS + webhook_delivery.ANSWER_SECONDS

    assert 2 * longest < leases.LEASE.total_seconds()
    assert REQUEST_SECONDS < LONGEST_READING_SECONDS
