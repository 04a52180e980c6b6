"""What a production installation must be, checked before a process starts, in `manage.py check` and in `/readyz`.

The settings are judged by every command and by web, worker and beat as they start; the database, which a migration job
reaches as its owner, by `manage.py check --deploy --database default` and by the readiness of each web process.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register, run_checks  # noqa: A004 - Django's name for it
from django.core.exceptions import ImproperlyConfigured

from stellapolicy.kernel.refusals import Refusal
from stellapolicy.signing.private_keys import read_private_key
from stellapolicy.trust.public_keys import read_public_keys
from stellapolicy.wiring import wired

TAG: Final = "installation"
SHORTEST_SECRET: Final = 50
FEWEST_CHARACTERS: Final = 10
_KNOWN_SECRETS: Final = ("django-insecure-", "changeme", "change-me", "secret", "tests-need-", "example")
_DEFAULT_PORT: Final = 6379

Part = Callable[[], Iterable[CheckMessage]]


class InstallationUnfit(ImproperlyConfigured):
    """The settings describe an installation that may not take requests or work."""


def refuse_unfit(**_: object) -> None:
    """Stop the start of a process whose settings are unfit; the message lists every reason and what to do."""
    errors = [found for found in run_checks(tags=[TAG]) if found.is_serious()]
    if errors:
        raise InstallationUnfit("\n".join(f"({found.id}) {found.msg} {found.hint or ''}".strip() for found in errors))


@register(TAG)
def check_settings(**_: object) -> list[CheckMessage]:
    """Judge what was configured; a laptop is let off."""
    if settings.LAPTOP:
        return []
    return [found for part in _PARTS for found in part()]


def _secrets() -> Iterator[CheckMessage]:
    for name, secret in [
        ("SECRET_KEY", settings.SECRET_KEY),
        *(("SECRET_KEY_FALLBACKS", old) for old in settings.SECRET_KEY_FALLBACKS),
    ]:
        known = secret.lower().startswith(_KNOWN_SECRETS)
        if known or len(secret) < SHORTEST_SECRET or len(set(secret)) < FEWEST_CHARACTERS:
            yield Error(
                f"{name} is short, repetitive or taken from an example.",
                hint=f"Give {SHORTEST_SECRET} random characters or more, best in a file: {name}_FILE.",
                id="stella.E001",
            )


def _debugging() -> Iterator[CheckMessage]:
    if settings.DEBUG:
        yield Error("DEBUG shows settings and source to strangers.", hint="Leave DEBUG off.", id="stella.E002")


def _hosts() -> Iterator[CheckMessage]:
    if not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS:
        yield Error(
            "ALLOWED_HOSTS is empty or lets every name in.",
            hint="List the names this server answers to, comma-separated.",
            id="stella.E003",
        )


def _public_address() -> Iterator[CheckMessage]:
    address = urlsplit(settings.PUBLIC_URL)
    if address.scheme != "https" or not address.hostname:
        yield Error(
            "PUBLIC_URL is not an https address.",
            hint="Give the address people and pipelines use, such as https://stella.example.org.",
            id="stella.E004",
        )


def _transport() -> Iterator[CheckMessage]:
    if not (settings.SECURE_SSL_REDIRECT or settings.BEHIND_TLS_PROXY):
        yield Error(
            "Plain HTTP would be answered: there is neither a redirect to https nor a proxy that ends TLS.",
            hint="Leave SECURE_SSL_REDIRECT on, or say BEHIND_TLS_PROXY=true where a proxy sets X-Forwarded-Proto.",
            id="stella.E005",
        )
    if not (settings.SECURE_HSTS_SECONDS and settings.SESSION_COOKIE_SECURE and settings.CSRF_COOKIE_SECURE):
        yield Error(
            "Cookies or sign-in could travel unencrypted.",
            hint="Leave SECURE_HSTS_SECONDS, SESSION_COOKIE_SECURE and CSRF_COOKIE_SECURE as production sets them.",
            id="stella.E006",
        )
    if any(urlsplit(origin).scheme != "https" for origin in settings.CSRF_TRUSTED_ORIGINS):
        yield Error(
            "CSRF_TRUSTED_ORIGINS names an origin without https.",
            hint="Write every origin as https://name.",
            id="stella.E007",
        )


def _cache_and_broker() -> Iterator[CheckMessage]:
    cache, broker = settings.CACHES["default"], settings.CELERY_BROKER_URL
    if not str(cache["BACKEND"]).endswith("RedisCache") or urlsplit(broker).scheme not in {"redis", "rediss", "unix"}:
        yield Error(
            "Cache or broker is not Valkey or Redis: processes would not see each other's answers and tasks.",
            hint="Point CACHE_URL and BROKER_URL at Valkey or Redis.",
            id="stella.E008",
        )
    elif _redis_database(str(cache["LOCATION"])) == _redis_database(broker):
        yield Error(
            "Cache and broker are the same database: clearing one loses the tasks of the other.",
            hint="Give CACHE_URL and BROKER_URL a server each, or at least a database number each.",
            id="stella.E009",
        )


def _redis_database(url: str) -> tuple[str, int, str]:
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return parts.path, 0, parts.query
    return parts.hostname or "localhost", parts.port or _DEFAULT_PORT, parts.path.strip("/") or "0"


def _storage() -> Iterator[CheckMessage]:
    store = cast("Mapping[str, Mapping[str, str]]", settings.STORAGES["evidence"])
    location = store.get("OPTIONS", {}).get("location")
    if location and not _writable(Path(location)):
        yield Error(
            f"Evidence cannot be kept: {location} is not a folder this process may write.",
            hint="Mount a volume at EVIDENCE_FOLDER (or STELLA_VAR) that belongs to the user of the process.",
            id="stella.E010",
        )


def _writable(folder: Path) -> bool:
    """Whether files can be made in the folder, or in the nearest one above it that exists."""
    nearest = next(candidate for candidate in (folder, *folder.parents) if candidate.exists())
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)


def _static_files() -> Iterator[CheckMessage]:
    if not (Path(settings.STATIC_ROOT) / "staticfiles.json").exists():
        yield Warning(
            "The static files are not collected: every page of the admin would fail.",
            hint="Run manage.py collectstatic where the image is built.",
            id="stella.W001",
        )


def _wiring() -> Iterator[CheckMessage]:
    for known in wired():
        if not known.is_fit:
            yield Error(
                f"Behind the port {known.port.name!r} stands {known.stands}, which is not for production.",
                hint=f"Configure {known.port.configured_by}; manage.py wiring lists every port.",
                id="stella.E011",
            )


def _keys() -> Iterator[CheckMessage]:
    """Judge the keys that were given; none is fit too, since what is unsigned then says so."""
    try:
        if settings.SIGNING_KEY:
            read_private_key(settings.SIGNING_KEY)
    except Refusal as refusal:
        yield Error(
            f"SIGNING_KEY cannot sign: {refusal.detail}.",
            hint="Make one with openssl genpkey -algorithm ed25519, and name its file in SIGNING_KEY_FILE.",
            id="stella.E012",
        )
    try:
        read_public_keys(settings.EVIDENCE_KEYS)
    except Refusal as refusal:
        mistakes = "; ".join(f"{fault.pointer} {fault.message}".strip() for fault in refusal.faults)
        yield Error(
            f"EVIDENCE_KEYS is not what evidence can be verified with: {mistakes}.",
            hint="Give public keys in PEM (Ed25519, ECDSA over P-256 or P-384), one after another.",
            id="stella.E013",
        )


_PARTS: Final[Sequence[Part]] = (
    _secrets,
    _debugging,
    _hosts,
    _public_address,
    _transport,
    _cache_and_broker,
    _storage,
    _static_files,
    _wiring,
    _keys,
)
