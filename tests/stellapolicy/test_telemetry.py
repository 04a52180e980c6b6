"""Traces leave this process only where somebody asked for it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.util import find_spec
from threading import Thread

import pytest

from stellapolicy import telemetry
from tests.processes import ROOT

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
IS_INSTALLED = find_spec("opentelemetry") is not None
_SERVE = """
import django
from stellapolicy import telemetry
django.setup()
print(telemetry.begin())
from django.core.wsgi import get_wsgi_application
from django.test import RequestFactory
application = get_wsgi_application()
environ = RequestFactory().get('/healthz').environ
print(application(environ, lambda status, headers: print(status)) and '')
if telemetry.begin.__module__ and {installed}:
    from opentelemetry import trace
    trace.get_tracer_provider().force_flush()
"""


@pytest.fixture
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """A place on this machine that takes traces, and what it was sent."""
    received: list[bytes] = []

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Taking)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", received
    server.shutdown()
    server.server_close()


def test_without_an_endpoint_nothing_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENDPOINT, raising=False)

    assert telemetry.begin() is False


def test_what_is_disabled_does_not_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")

    assert telemetry.begin() is False


@pytest.mark.skipif(IS_INSTALLED, reason="the extra `otel` is installed here")
def test_an_endpoint_without_the_packages_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:1")

    assert telemetry.begin() is False


def test_a_request_is_traced_where_the_packages_are_and_served_where_they_are_not(
    collector: tuple[str, list[bytes]],
) -> None:
    address, received = collector
    environment = {**os.environ, ENDPOINT: address, "DJANGO_SETTINGS_MODULE": "stellapolicy.settings"}

    done = subprocess.run(
        [sys.executable, "-c", _SERVE.replace("{installed}", str(IS_INSTALLED))],
        cwd=ROOT,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )

    assert str(IS_INSTALLED) in done.stdout
    assert "200 OK" in done.stdout
    assert bool(received) is IS_INSTALLED
