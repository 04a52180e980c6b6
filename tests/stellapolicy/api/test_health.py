from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from pytest_django.fixtures import Settings
from redis import Redis

from stellapolicy.api import health, heartbeat
from stellapolicy.api.tasks import beat_heart, begin_heartbeat
from stellapolicy.kernel.clock import now

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.stellapolicy.floor_urls")]

NOBODY_LISTENS = "redis://127.0.0.1:1/0"


@pytest.fixture(autouse=True)
def _worker_lives() -> None:
    heartbeat.leave(at=now())


def unfit_parts() -> dict[str, str]:
    response = Client().get("/readyz")
    parts: dict[str, str] = response.json()["parts"]
    unfit = {name for name, state in parts.items() if state != "ok"}
    assert response.status_code == (503 if unfit - {"worker"} else 200)
    return {name: state for name, state in parts.items() if state != "ok"}


@pytest.fixture
def evicting_broker(settings: Settings) -> Iterator[None]:
    with Redis.from_url(settings.CELERY_BROKER_URL) as broker:
        broker.config_set("maxmemory-policy", "allkeys-lru")
        yield
        broker.config_set("maxmemory-policy", "noeviction")


def test_the_process_says_that_it_lives() -> None:
    response = Client().get("/healthz")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert "no-store" in response["Cache-Control"]


def test_everything_is_fit() -> None:
    response = Client().get("/readyz")

    assert (response.status_code, response.json()["status"]) == (200, "ok")
    assert {"database", "migrations", "cache", "broker", "storage", "worker"} <= set(response.json()["parts"])


def test_workers_that_are_silent_are_told_and_requests_go_on() -> None:
    heartbeat.leave(at=now() - heartbeat.PATIENCE - timedelta(seconds=5))

    response = Client().get("/readyz")

    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert "sign of life" in response.json()["parts"]["worker"]


def test_workers_that_never_spoke_are_told() -> None:
    cache.clear()

    assert unfit_parts() == {"worker": "no worker has given a sign of life"}


@pytest.mark.parametrize("sign", [beat_heart, begin_heartbeat])
def test_a_worker_that_does_its_work_is_heard(sign: Callable[[], None]) -> None:
    cache.clear()

    sign()

    assert unfit_parts() == {}


@pytest.mark.usefixtures("evicting_broker")
def test_a_broker_that_forgets_tasks_is_unfit() -> None:
    assert unfit_parts() == {"broker": "maxmemory-policy is allkeys-lru; with anything but noeviction tasks are lost"}


def test_a_broker_that_is_gone_is_unfit(settings: Settings) -> None:
    settings.CELERY_BROKER_URL = NOBODY_LISTENS

    assert unfit_parts() == {"broker": "unreachable"}


def test_a_cache_that_is_gone_is_unfit(settings: Settings) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": NOBODY_LISTENS}}

    assert unfit_parts() == {"cache": "unreachable", "worker": "unreachable"}


def test_a_storage_that_cannot_be_written_is_unfit(settings: Settings, tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    settings.STORAGES = {
        **settings.STORAGES,
        "evidence": {**settings.STORAGES["evidence"], "OPTIONS": {"location": str(in_the_way)}},
    }

    assert unfit_parts() == {"storage": "unreachable"}


def test_migrations_that_are_missing_are_counted() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE id = (SELECT max(id) FROM django_migrations)")

    assert unfit_parts() == {"migrations": "1 migrations are not applied"}


def test_nothing_of_a_failure_but_its_name_is_shown(settings: Settings) -> None:
    settings.CELERY_BROKER_URL = "redis://:hidden-password@127.0.0.1:1/0"

    assert "hidden-password" not in Client().get("/readyz").content.decode()


def test_a_part_is_registered_once() -> None:
    with pytest.raises(ValueError, match="database"):
        health.register("database", lambda: None)
