"""Numbers for Prometheus at `/metrics`: what processes counted, and gauges that are read when somebody asks.

Rooms define counters and histograms of their own with `prometheus_client`, and bring gauges with `register`. With
PROMETHEUS_MULTIPROC_DIR set, what all processes of a machine counted is added up. A label never holds what a tenant or
a caller may choose: no path, no name, no rule.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from http import HTTPStatus
from ipaddress import ip_address, ip_network
from os import environ
from typing import Final

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Histogram,
    generate_latest,
    start_http_server,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from stellapolicy.api import problems
from stellapolicy.api.address import client_address
from stellapolicy.kernel.clock import now

logger = structlog.get_logger(__name__)

API_LATENCY: Final = Histogram(
    "policy_api_latency_seconds",
    "How long requests to the API took, by route, method and status.",
    ["route", "method", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)
_MULTIPROCESS: Final = "PROMETHEUS_MULTIPROC_DIR"
_PATIENCE_MS: Final = 2000

# What a gauge reads: a number, numbers by the value of its one label, or None where there is nothing to say.
Reading = float | Mapping[str, float] | None


@dataclass(frozen=True, slots=True)
class Gauge:
    """A number that is read when Prometheus asks; `label` names what its readings are told apart by, if anything.

    `read(at=…)` runs outside any tenant and has two seconds: it asks only tables that all tenants share.
    """

    name: str
    describes: str
    read: "Callable[..., Reading]"
    label: str = ""


_GAUGES: dict[str, Gauge] = {}


def register(gauge: Gauge) -> None:
    """Add a gauge; called by apps as they load."""
    if gauge.name in _GAUGES:
        raise ValueError(f"{gauge.name} is measured already")
    _GAUGES[gauge.name] = gauge


def registered() -> Mapping[str, Gauge]:
    """Return every gauge by name."""
    return dict(_GAUGES)


class _Gauges(Collector):
    """Reads every gauge; one that cannot be read is left out and logged, the others are told."""

    def __init__(self, *, at: datetime) -> None:
        self._at = at

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for gauge in _GAUGES.values():
            family = GaugeMetricFamily(gauge.name, gauge.describes, labels=[gauge.label] if gauge.label else [])
            for label, value in self._read(gauge).items():
                family.add_metric([label] if gauge.label else [], value)
            yield family

    def _read(self, gauge: Gauge) -> Mapping[str, float]:
        try:
            with _within_bounds():
                reading = gauge.read(at=self._at)
        except (DatabaseError, OSError) as error:
            logger.warning("metric_unreadable", metric=gauge.name, reason=type(error).__name__)
            return {}
        if reading is None:
            return {}
        return reading if isinstance(reading, Mapping) else {"": float(reading)}


@contextmanager
def _within_bounds() -> Iterator[None]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = {_PATIENCE_MS}")
        yield


def serve(*, host: str, port: int) -> None:
    """Tell what a worker and its children counted on a port of its own, gauges left to the web processes."""
    counted = CollectorRegistry()
    MultiProcessCollector(counted)  # type: ignore[no-untyped-call]  # the library's
    start_http_server(port, addr=host, registry=counted)


def exposition(*, at: datetime) -> bytes:
    """Return every metric in Prometheus' text format."""
    counted: CollectorRegistry = REGISTRY
    if environ.get(_MULTIPROCESS):
        counted = CollectorRegistry()
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call]  # the library's
    gauges = CollectorRegistry()
    gauges.register(_Gauges(at=at))
    return generate_latest(counted) + generate_latest(gauges)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer whoever brings METRICS_TOKEN or asks from METRICS_NETWORKS; the numbers tell how busy a tenant is."""
    if not _may_read(request):
        status = HTTPStatus.UNAUTHORIZED if settings.METRICS_TOKEN else HTTPStatus.FORBIDDEN
        return problems.response_for(
            problems.Problem(status, "metrics.refused", "Not for everybody", "bring METRICS_TOKEN as a bearer token")
        )
    return HttpResponse(exposition(at=now()), content_type=CONTENT_TYPE_LATEST)


def _may_read(request: HttpRequest) -> bool:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if settings.METRICS_TOKEN and scheme.lower() == "bearer":
        return compare_digest(secret.encode(), settings.METRICS_TOKEN.encode())
    address = client_address(request)
    return bool(address) and any(ip_address(address) in ip_network(network) for network in settings.METRICS_NETWORKS)
