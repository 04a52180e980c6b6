"""A production process with unfit settings does not start, and says why; each case is a real process."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT
from tests.production import SECRET, Installation

UNFIT = {
    "SECRET_KEY": "short",
    "ALLOWED_HOSTS": "*",
    "PUBLIC_URL": "http://stella.example.org",
    "SECURE_SSL_REDIRECT": "false",
    "BEHIND_TLS_PROXY": "false",
    "CSRF_TRUSTED_ORIGINS": "http://stella.example.org",
    "CACHE_URL": "redis://cache.example.org/1",
    "BROKER_URL": "redis://cache.example.org:6379/1",
}
EDITED = """
from stellapolicy.settings import *
DEBUG = True
SESSION_COOKIE_SECURE = False
ALLOWED_HOSTS = []
"""
READY = """
import django, json
django.setup()
from stellapolicy.api.health import parts
print(json.dumps(parts()))
"""
DJANGO = {"DJANGO_SETTINGS_MODULE": "stellapolicy.settings"}


def check(installation: Installation, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
    return installation.run("manage.py", "check", *arguments, **more)


def found_in(judged: "subprocess.CompletedProcess[str]") -> list[str]:
    return re.findall(r"\(stella\.([EW]\d+)\)", judged.stderr)


def test_everything_unfit_is_refused_at_once_each_with_a_number_and_a_hint(installation: Installation) -> None:
    refused = check(installation, **UNFIT)

    assert refused.returncode == 1
    assert [number for number in found_in(refused) if number[0] == "E"] == [
        "E001",
        "E003",
        "E004",
        "E005",
        "E007",
        "E009",
    ]
    assert refused.stderr.count("HINT") == len(found_in(refused))


@pytest.mark.parametrize(
    "said",
    [
        {"SECRET_KEY": "ab" * 40},
        {"SECRET_KEY": "django-insecure-" + SECRET},
        {"SECRET_KEY_FALLBACKS": f"{SECRET},short"},
    ],
    ids=["repetitive", "example", "earlier"],
)
def test_no_guessable_secret_signs_anything(installation: Installation, said: dict[str, str]) -> None:
    assert "E001" in found_in(check(installation, **said))


def test_settings_that_were_edited_are_refused_too(installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "edited.py").write_text(EDITED, encoding="utf-8")

    refused = check(installation, PYTHONPATH=str(tmp_path), DJANGO_SETTINGS_MODULE="edited")

    assert {"E002", "E003", "E006"} <= set(found_in(refused))


def test_a_broker_in_memory_and_evidence_without_a_place_are_refused(
    installation: Installation, tmp_path: Path
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()

    refused = check(installation, BROKER_URL="memory://", STELLA_VAR=str(in_the_way))

    assert {"E008", "E010"} <= set(found_in(refused))


def test_keys_that_are_none_are_refused_and_not_repeated(installation: Installation) -> None:
    refused = check(installation, SIGNING_KEY="AAAA-not-a-key", EVIDENCE_KEYS="BBBB-not-a-key")

    assert found_in(refused)[:2] == ["E012", "E013"]
    assert not re.search("AAAA|BBBB", refused.stderr)


@pytest.mark.parametrize(
    "variable", ["SECRET_KEY", "ALLOWED_HOSTS", "PUBLIC_URL", "DATABASE_URL", "CACHE_URL", "BROKER_URL"]
)
def test_what_is_missing_is_named(installation: Installation, variable: str) -> None:
    environment = {name: value for name, value in installation.environment().items() if name != variable}

    refused = subprocess.run(
        [sys.executable, "-c", "import stellapolicy.settings"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert f"ConfigurationError: {variable} is not set" in refused.stderr


def test_a_secret_comes_from_a_file_and_a_file_that_is_gone_is_named(
    installation: Installation, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n", encoding="utf-8")

    read = installation.run(
        "-c",
        "from stellapolicy import settings; print(settings.SECRET_KEY)",
        SECRET_KEY_FILE=str(tmp_path / "secret"),
        SECRET_KEY="short",
    )
    refused = installation.run("-c", "import stellapolicy.settings", SECRET_KEY_FILE=str(tmp_path / "gone"))

    assert read.stdout.strip() == SECRET
    assert "SECRET_KEY_FILE names a file that cannot be read" in refused.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("gunicorn", "stellapolicy.wsgi", "--bind", "127.0.0.1:0"),
        ("celery", "--app", "stellapolicy", "worker"),
        ("celery", "--app", "stellapolicy", "beat", "--pidfile", ""),
    ],
    ids=["web", "worker", "beat"],
)
def test_no_process_starts_with_unfit_settings(installation: Installation, command: tuple[str, ...]) -> None:
    refused = installation.run("-m", *command, SECRET_KEY="short")

    assert refused.returncode != 0
    assert "(stella.E001)" in refused.stderr


def test_an_installation_as_documented_has_nothing_to_complain_about(
    installation: Installation, tmp_path: Path
) -> None:
    before = check(installation, STATIC_ROOT=str(tmp_path))
    installation.manage("collectstatic", "--no-input", STATIC_ROOT=str(tmp_path))

    after = check(installation, "--deploy", "--database", "default", STATIC_ROOT=str(tmp_path))

    assert (before.returncode, found_in(before)) == (0, ["W001"])
    assert (after.returncode, found_in(after)) == (0, [])
    assert "security." not in after.stderr


@pytest.mark.parametrize("role,numbers", [("owner", ["E022", "E023"]), ("backup", ["E021"])])
def test_a_login_that_could_step_over_a_lock_is_refused(
    installation: Installation, role: str, numbers: list[str]
) -> None:
    judged = check(installation, "--deploy", "--database", "default", role=getattr(installation, role))

    assert [number for number in found_in(judged) if number[0] == "E"] == numbers


def test_a_web_process_is_ready_as_the_application_and_not_as_the_owner(installation: Installation) -> None:
    of_the_application = installation.run("-c", READY, **DJANGO)
    of_the_owner = installation.run("-c", READY, role=installation.owner, **DJANGO)

    assert '"database_login": "ok"' in of_the_application.stdout
    assert '"database_login": "The login owns tables' in of_the_owner.stdout
