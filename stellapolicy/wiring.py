"""Every port of the product on one screen: what stands behind it in this process, and what may stand there.

In production a port is what is listed here or the explicit `unsupported` class that refuses when asked; nothing in
memory, nothing that pretends. `manage.py wiring` prints the table, a system check refuses any other.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any, Final

from django.conf import settings
from django.core.cache import caches
from django.core.files.storage import storages
from django.core.mail import get_connection
from django.utils.module_loading import import_string

from exceptions import ports as exception_ports
from stellapolicy.access import ports as access_ports
from stellapolicy.egress.factory import session
from stellapolicy.signing import ports as signing_ports


@dataclass(frozen=True, slots=True)
class Port:
    """One place where something of the outside is put in.

    protocol: the Protocol of a room's `ports.py` that it fills; None where a library says the shape.
    resolve: what stands there now.
    serves: the classes that may stand there in production.
    unsupported: the class that says no where nothing was configured; empty where the start is refused instead.
    """

    name: str
    resolve: Callable[[], object]
    serves: tuple[str, ...]
    configured_by: str
    protocol: type | None = None
    unsupported: str = ""


@dataclass(frozen=True, slots=True)
class Wired:
    """A port and the dotted path of the class behind it."""

    port: Port
    stands: str

    @property
    def is_fit(self) -> bool:
        """Whether production may run like this."""
        return self.stands in (*self.port.serves, self.port.unsupported)


def _queue() -> object:
    """Return the transport class; asking for it connects to nothing."""
    from stellapolicy.celery import app  # noqa: PLC0415 - the application is made after the settings are read

    transport: object = app.connection_for_write().transport_cls
    return import_module("kombu.transport").get_transport_cls(transport)


REDIS_CACHE: Final = "django.core.cache.backends.redis.RedisCache"
PORTS: Final = (
    Port("cache", lambda: caches["default"], (REDIS_CACHE,), "CACHE_URL"),
    Port(
        "token cache",
        lambda: import_module("stellapolicy.access.token_cache").cache._connections["default"],  # noqa: SLF001
        (REDIS_CACHE,),
        "CACHE_URL",
    ),
    Port("queue", _queue, ("kombu.transport.redis.Transport",), "BROKER_URL"),
    Port(
        "beat",
        partial(import_string, settings.CELERY_BEAT_SCHEDULER.replace(":", ".")),
        ("django_celery_beat.schedulers.DatabaseScheduler",),
        "the database",
    ),
    Port(
        "evidence store",
        lambda: storages["evidence"],
        ("django.core.files.storage.filesystem.FileSystemStorage", "storages.backends.s3.S3Storage"),
        "EVIDENCE_FOLDER or EVIDENCE_BUCKET",
    ),
    Port("egress", partial(session, "wiring"), ("stellapolicy.egress.factory.GuardedSession",), "EGRESS_ALLOWED_HOSTS"),
    Port(
        "mail",
        get_connection,
        ("django.core.mail.backends.smtp.EmailBackend",),
        "EMAIL_HOST",
        unsupported="stellapolicy.outbox.mail.UnsupportedBackend",
    ),
    Port(
        "estate", exception_ports.estate, ("policies.estate.reader.PresentEstate",), "policies", exception_ports.Estate
    ),
    Port("preview", exception_ports.preview, ("gates.services.preview.GatePreview",), "gates", exception_ports.Preview),
    Port(
        "blocked findings",
        exception_ports.blocked,
        ("gates.services.blocked.BlockedFindings",),
        "gates",
        exception_ports.Blocked,
    ),
    Port(
        "second person",
        access_ports.second_person,
        ("stellapolicy.governance.services.holding.HeldByApproval",),
        "governance",
        protocol=access_ports.SecondPerson,
    ),
    Port(
        "signing",
        signing_ports.signer,
        ("stellapolicy.signing.backends.key_file.KeyFileSigner",),
        "SIGNING_KEY",
        protocol=signing_ports.Signer,
        unsupported="stellapolicy.signing.backends.unsupported.UnsupportedSigner",
    ),
)


def wired() -> Iterator[Wired]:
    """Resolve every port, as a process of the product would."""
    for port in PORTS:
        yield Wired(port, _path(port.resolve()))


def _path(stands: object) -> str:
    made: Any = stands if isinstance(stands, type) else type(stands)
    return f"{made.__module__}.{made.__qualname__}"
