"""Is this process alive, and is everything there that it needs: for probes, without sign-in, without secrets."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final, cast

import structlog
from django.conf import settings
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis import Redis, RedisError

from stellapolicy.api import heartbeat
from stellapolicy.kernel.clock import now
from stellapolicy.kernel.ids import new_id

logger = structlog.get_logger(__name__)

_PATIENCE_SECONDS = 2.0
_UNREACHABLE = (DatabaseError, RedisError, OSError)


class NotReady(Exception):  # noqa: N818 - reads as a sentence
    """A part is there but not fit to be used; the sentence is shown to the probe."""


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _migrations() -> None:
    executor = MigrationExecutor(connection)
    if missing := executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise NotReady(f"{len(missing)} migrations are not applied")


def _cache() -> None:
    cache.set("ready", "yes", timeout=_PATIENCE_SECONDS)
    if cache.get("ready") is None:
        raise NotReady("what was written cannot be read")


def _broker() -> None:
    with Redis.from_url(
        settings.CELERY_BROKER_URL, socket_connect_timeout=_PATIENCE_SECONDS, socket_timeout=_PATIENCE_SECONDS
    ) as broker:
        memory = cast("Mapping[str, object]", broker.info("memory"))
    if (policy := memory.get("maxmemory_policy")) != "noeviction":
        raise NotReady(f"maxmemory-policy is {policy}; with anything but noeviction tasks are lost")


def _worker() -> None:
    found = heartbeat.age(at=now())
    if found is None:
        raise NotReady("no worker has given a sign of life")
    if found > heartbeat.PATIENCE:
        raise NotReady(f"the last sign of life of a worker is {int(found.total_seconds())} seconds old")


def _storage() -> None:
    evidence = storages["evidence"]
    evidence.delete(evidence.save(f"readiness/{new_id()}", ContentFile(b"ready")))


Check = Callable[[], None]
_CHECKS: Final[dict[str, Check]] = {
    "database": _database,
    "migrations": _migrations,
    "cache": _cache,
    "broker": _broker,
    "storage": _storage,
    "worker": _worker,
}
# Without these a process still answers: taking it away as well would only add to the harm.
_DISPENSABLE: Final = {"worker"}


def register(name: str, check: Check, *, is_dispensable: bool = False) -> None:
    """Add a part that must be fit before this process takes requests; called by apps as they load.

    A dispensable one is told when it is unfit, and requests are taken all the same.
    """
    if name in _CHECKS:
        raise ValueError(f"{name} is checked already")
    _CHECKS[name] = check
    if is_dispensable:
        _DISPENSABLE.add(name)


def parts() -> dict[str, str]:
    """Return each part with `ok` or what is wrong with it."""
    return {name: _state_of(name, check) for name, check in _CHECKS.items()}


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - a view
    """Answer that the process lives; it asks nobody else."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - a view
    """Answer 200 when every part that is needed is fit, else 503; and what is wrong with which."""
    found = parts()
    unfit = {name for name, state in found.items() if state != "ok"}
    if unfit - _DISPENSABLE:
        return JsonResponse({"status": "unavailable", "parts": found}, status=HTTPStatus.SERVICE_UNAVAILABLE)
    return JsonResponse({"status": "degraded" if unfit else "ok", "parts": found})


def _state_of(name: str, check: Check) -> str:
    try:
        check()
    except NotReady as reason:
        return str(reason)
    except _UNREACHABLE:
        # The reason, with its addresses, is for the log; a probe learns which part it is.
        logger.exception("readiness_failed", part=name)
        return "unreachable"
    return "ok"
