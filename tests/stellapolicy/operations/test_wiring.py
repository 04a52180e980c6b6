"""Nothing patched, production settings, a process of its own: what stands behind every port."""

import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from stellapolicy.celery import app
from stellapolicy.schedule import SCHEDULE
from stellapolicy.wiring import PORTS, Port
from tests.architecture.ports import protocols
from tests.processes import ROOT
from tests.production import Installation
from tests.signing_keys import pem_of

PRODUCTION = {
    "cache": "django.core.cache.backends.redis.RedisCache",
    "token cache": "django.core.cache.backends.redis.RedisCache",
    "queue": "kombu.transport.redis.Transport",
    "beat": "django_celery_beat.schedulers.DatabaseScheduler",
    "evidence store": "django.core.files.storage.filesystem.FileSystemStorage",
    "egress": "stellapolicy.egress.factory.GuardedSession",
    "mail": "stellapolicy.outbox.mail.UnsupportedBackend",
    "estate": "policies.estate.reader.PresentEstate",
    "preview": "gates.services.preview.GatePreview",
    "blocked findings": "gates.services.blocked.BlockedFindings",
    "second person": "stellapolicy.governance.services.holding.HeldByApproval",
    "signing": "stellapolicy.signing.backends.unsupported.UnsupportedSigner",
}
PRETENDERS = re.compile(r"memory|locmem|dummy|fake|mock|stub|console|(^|\.)tests?\.", re.IGNORECASE)


def wired(installation: Installation, **more: str) -> dict[str, str]:
    """Return what a production process says of its ports."""
    lines = installation.manage("wiring", **more).splitlines()
    return {name.strip(): stands for name, stands in re.findall(r"^(.{16})(\S+)", "\n".join(lines), re.MULTILINE)}


def test_every_port_of_production_is_the_real_thing_or_says_that_it_is_not_supported(
    installation: Installation,
) -> None:
    found = wired(installation)

    assert found == PRODUCTION
    assert not [stands for stands in found.values() if PRETENDERS.search(stands)]


def test_mail_that_is_configured_is_sent(installation: Installation) -> None:
    found = wired(installation, EMAIL_HOST="mail.example.org", DEFAULT_FROM_EMAIL="stella@example.org")

    assert found["mail"] == "django.core.mail.backends.smtp.EmailBackend"


def test_approvals_are_signed_with_a_key_that_is_configured(installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text(pem_of(Ed25519PrivateKey.generate()), encoding="ascii")

    found = wired(installation, SIGNING_KEY_FILE=str(tmp_path / "key.pem"))

    assert found["signing"] == "stellapolicy.signing.backends.key_file.KeyFileSigner"


def test_a_port_with_a_pretender_behind_it_refuses_the_start(installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "edited.py").write_text(
        "from stellapolicy.settings import *\nEMAIL_BACKEND = 'django.core.mail.backends.locmem.EmailBackend'\n",
        encoding="utf-8",
    )

    refused = installation.run("manage.py", "check", PYTHONPATH=str(tmp_path), DJANGO_SETTINGS_MODULE="edited")

    assert "(stella.E011)" in refused.stderr
    assert "locmem" in refused.stderr


def test_every_protocol_of_a_room_has_its_port() -> None:
    declared = {f"{port.protocol.__module__}.{port.protocol.__name__}" for port in PORTS if port.protocol is not None}

    assert declared == set(protocols(ROOT))


@pytest.mark.parametrize("port", PORTS, ids=lambda port: port.name)
def test_no_port_lets_a_pretender_stand(port: Port) -> None:
    assert not [stands for stands in (*port.serves, port.unsupported) if PRETENDERS.search(stands)]


def test_every_periodic_task_is_one_that_workers_know() -> None:
    app.loader.import_default_modules()

    assert {periodic.task for periodic in SCHEDULE} <= set(app.tasks)
