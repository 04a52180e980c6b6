"""The periodic work: every line is a task there is, safe to send twice, none that expires unseen."""

import threading

import pytest
from django.conf import settings
from django.db import connections

from stellapolicy.celery import app
from stellapolicy.schedule import SCHEDULE, Periodic
from tests.factories import TenantFactory
from tests.gates.conftest import Shop, make_shop

LONGEST_TASK = 10 * 60


def named(periodic: Periodic) -> str:
    return periodic.task


@pytest.fixture(autouse=True)
def _every_task() -> None:
    app.loader.import_default_modules()


@pytest.fixture
def shop(transactional_db: None) -> Shop:
    """Return a shop in an installation of two tenants."""
    TenantFactory(slug="other")
    return make_shop()


@pytest.mark.parametrize("periodic", SCHEDULE, ids=named)
def test_a_line_of_the_schedule_is_a_task_that_no_killed_worker_loses(periodic: Periodic) -> None:
    task = app.tasks[periodic.task]

    assert task.acks_late
    assert task.reject_on_worker_lost is not False
    assert task.expires is None


def test_no_task_expires_or_runs_longer_than_the_broker_waits() -> None:
    assert app.conf.result_expires is not None  # of results, which nothing keeps
    assert app.conf.task_time_limit == LONGEST_TASK
    assert settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"] >= 2 * LONGEST_TASK


def test_no_task_stands_twice_in_the_schedule() -> None:
    assert len({periodic.task for periodic in SCHEDULE}) == len(SCHEDULE)


@pytest.mark.django_db(transaction=True)
def test_two_beats_do_no_harm(shop: Shop) -> None:
    """Every task runs in two workers at the same moment."""
    surprises: list[tuple[str, Exception]] = []

    def work() -> None:
        for periodic in SCHEDULE:
            try:
                app.tasks[periodic.task]()
            except Exception as surprise:  # noqa: BLE001 - shown below
                surprises.append((periodic.task, surprise))
        connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert surprises == []
