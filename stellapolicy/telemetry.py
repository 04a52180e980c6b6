"""OpenTelemetry traces: switched on by their own variables, where the extra `otel` is installed; inert otherwise.

Spans carry what the instrumentations say of requests, queries and tasks; no body, no header, no token.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import Final

import structlog

from stellapolicy import env

logger = structlog.get_logger(__name__)

_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_INSTRUMENTS: Final = (
    ("opentelemetry.instrumentation.django", "DjangoInstrumentor"),
    ("opentelemetry.instrumentation.celery", "CeleryInstrumentor"),
    ("opentelemetry.instrumentation.psycopg", "PsycopgInstrumentor"),
)


def begin() -> bool:
    """Begin to send traces where an endpoint is set, once per process, and return whether it did.

    OTEL_SDK_DISABLED=true keeps it off. An endpoint without the packages is said in the log and changes nothing.
    """
    if not any(env.text(name, "") for name in _ENDPOINTS) or env.boolean("OTEL_SDK_DISABLED", default=False):
        return False
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.sdk") is None:
        logger.warning("telemetry_not_installed", extra="otel")
        return False
    _send()
    for module, instrument in _INSTRUMENTS:
        getattr(import_module(module), instrument)().instrument()
    return True


def _send() -> None:
    """Make a provider that sends in batches; service name and headers come from OTEL_… as the specification says."""
    trace = import_module("opentelemetry.trace")
    sdk = import_module("opentelemetry.sdk.trace")
    batches = import_module("opentelemetry.sdk.trace.export").BatchSpanProcessor
    exporter = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter").OTLPSpanExporter
    provider = sdk.TracerProvider()
    provider.add_span_processor(batches(exporter()))
    trace.set_tracer_provider(provider)
