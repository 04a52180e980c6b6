import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django.fixtures import Settings

from stellapolicy.api import metrics
from tests.processes import ROOT
from tests.stellapolicy.conftest import ApiClients

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.stellapolicy.floor_urls")]

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SPECIFIED = {
    "policy_run_seconds",
    "policy_run_queue_depth",
    "policy_rules_fired_total",
    "policy_suppressions_total",
    "policy_api_latency_seconds",
    "gate_decisions_total",
    "gate_queue_age_seconds",
    "epss_age_seconds",
    "audit_chain_ok",
}


def samples(text: str) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *(str(value) for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def always(reading: metrics.Reading) -> Callable[..., metrics.Reading]:
    def read(*, at: datetime) -> metrics.Reading:
        return reading

    return read


@pytest.fixture
def gauge() -> Iterator[list[metrics.Gauge]]:
    """Gauges of a test, forgotten after it."""
    before = metrics.registered()
    yield []
    for name in set(metrics.registered()) - set(before):
        del metrics._GAUGES[name]


def shown(settings: Settings) -> str:
    settings.METRICS_NETWORKS = ["127.0.0.0/8"]
    response = Client().get("/metrics")
    assert response.status_code == 200
    return response.content.decode()


def test_every_metric_that_was_promised_is_there_with_its_meaning(settings: Settings) -> None:
    described = {line.split()[2] for line in shown(settings).splitlines() if line.startswith("# HELP")}

    assert described >= SPECIFIED


def test_a_request_is_measured_by_its_route_and_never_by_what_was_asked(
    settings: Settings, api_client: ApiClients
) -> None:
    api_client().get("/api/v1/crews/a-name-of-the-caller")
    api_client().generic("BREW", "/api/v1/crews")
    Client().get("/api/v1/nothing/like/this")

    found = samples(shown(settings))

    counted = {labels for labels in found if labels[0] == "policy_api_latency_seconds_count"}
    assert ("policy_api_latency_seconds_count", "other", "api/v1/crews", "405") in counted
    assert ("policy_api_latency_seconds_count", "GET", "unmatched", "404") in counted
    assert "a-name-of-the-caller" not in shown(settings)


@pytest.mark.parametrize(
    "token, networks, sent, status",
    [
        ("", [], None, 403),
        ("", ["192.0.2.0/24"], None, 403),
        ("", ["127.0.0.0/8"], None, 200),
        ("scrape-me", [], None, 401),
        ("scrape-me", [], "Bearer wrong", 401),
        ("scrape-me", ["127.0.0.0/8"], "Bearer wrong", 401),
        ("scrape-me", [], "Bearer scrape-me", 200),
        ("", [], "Bearer ", 403),
    ],
)
def test_only_whoever_may_reads_the_numbers(
    token: str, networks: list[str], sent: str | None, status: int, settings: Settings
) -> None:
    settings.METRICS_TOKEN, settings.METRICS_NETWORKS = token, networks

    response = Client().get("/metrics", headers={"Authorization": sent} if sent is not None else {})

    assert response.status_code == status


def test_a_gauge_is_read_when_it_is_asked_for(gauge: list[metrics.Gauge]) -> None:
    metrics.register(metrics.Gauge("plain", "A number.", lambda *, at: at.timestamp()))
    metrics.register(metrics.Gauge("split", "By colour.", always({"blue": 2.0, "red": 3.0}), label="colour"))
    metrics.register(metrics.Gauge("silent", "Nothing to say.", always(None)))

    found = samples(metrics.exposition(at=NOON).decode())

    assert found[("plain",)] == NOON.timestamp()
    assert (found[("split", "blue")], found[("split", "red")]) == (2.0, 3.0)
    assert ("silent",) not in found


def test_a_gauge_that_cannot_be_read_costs_only_itself(gauge: list[metrics.Gauge]) -> None:
    def stall(*, at: datetime) -> float:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(30)")
        return 1.0

    metrics.register(metrics.Gauge("stalled", "Takes for ever.", stall))
    metrics.register(metrics.Gauge("sound", "A number.", always(7.0)))

    found = samples(metrics.exposition(at=NOON).decode())

    assert ("stalled",) not in found
    assert found[("sound",)] == 7.0


def test_a_gauge_is_registered_once() -> None:
    with pytest.raises(ValueError, match="audit_chain_ok"):
        metrics.register(metrics.Gauge("audit_chain_ok", "Again.", always(1.0)))


def test_what_several_processes_counted_is_added_up(tmp_path: Path) -> None:
    count = "from gates.metrics import DECISIONS; DECISIONS.labels('block', 'enforce').inc(3)"
    tell = "from stellapolicy.api.metrics import exposition; from stellapolicy.kernel.clock import now; "
    tell += "print(exposition(at=now()).decode())"

    told = [_run(work, tmp_path) for work in (count, count, tell)][-1]

    assert samples(told)[("gate_decisions_total", "block", "enforce")] == 6.0


def _run(work: str, folder: Path) -> str:
    program = f"import django; django.setup(); {work}"
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    environment["DJANGO_SETTINGS_MODULE"] = "stellapolicy.settings"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout
