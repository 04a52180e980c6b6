"""Typed readers of the environment: a missing or malformed variable stops the start and is named.

`about` says what a variable means; `manage.py environment` makes the table of docs/operations.md of it.
"""

import json
import os
from pathlib import Path
from typing import Any, Literal

Mode = Literal["production", "laptop"]


class ConfigurationError(Exception):
    """The environment does not describe an installation that may start."""


def text(name: str, default: str | None = None, *, about: str = "") -> str:  # noqa: ARG001 - read from the source
    """Return variable `name`, or the content of the file named by `name`_FILE, or the default."""
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigurationError(f"{name}_FILE names a file that cannot be read: {error}") from error
    value = os.environ.get(name, default)
    if value is None:
        raise ConfigurationError(f"{name} is not set (or give its file in {name}_FILE)")
    return value


def boolean(name: str, *, default: bool, about: str = "") -> bool:  # noqa: ARG001 - read from the source
    """Return a variable that says true or false."""
    value = text(name, "true" if default else "false").lower()
    if value not in {"true", "false", "1", "0"}:
        raise ConfigurationError(f"{name} must be true or false, not {value!r}")
    return value in {"true", "1"}


def integer(name: str, default: int, *, about: str = "") -> int:  # noqa: ARG001 - read from the source
    """Return a variable that is a whole number."""
    value = text(name, str(default))
    try:
        return int(value)
    except ValueError:
        raise ConfigurationError(f"{name} must be a whole number, not {value!r}") from None


def listing(name: str, default: str | None = "", *, about: str = "") -> list[str]:  # noqa: ARG001 - as above
    """Return the comma-separated items of a variable."""
    return [item.strip() for item in text(name, default).split(",") if item.strip()]


_SECONDS = {"second": 1, "minute": 60, "hour": 60 * 60, "day": 24 * 60 * 60}


def rate(name: str, default: str, *, about: str = "") -> tuple[int, int] | None:  # noqa: ARG001 - as above
    """Return a variable such as `600/minute` as a count and its seconds; None for `off`."""
    value = text(name, default)
    count, _, unit = value.partition("/")
    if value == "off":
        return None
    if not (count.isascii() and count.isdecimal() and int(count) and unit in _SECONDS):
        raise ConfigurationError(f"{name} must be off or such as 600/minute, not {value!r}")
    return int(count), _SECONDS[unit]


def folder(name: str, default: Path, *, about: str = "") -> Path:  # noqa: ARG001 - read from the source
    """Return a variable that names a folder."""
    return Path(text(name, str(default)))


def mode(*, about: str = "") -> Mode:  # noqa: ARG001 - read from the source
    """Return STELLA_MODE; production unless a laptop was prepared on purpose."""
    match text("STELLA_MODE", "production"):
        case "production":
            return "production"
        case "laptop":
            return "laptop"
        case other:
            raise ConfigurationError(f"STELLA_MODE must be production or laptop, not {other!r}")


def grouped(name: str, *, about: str = "") -> dict[str, list[str]]:  # noqa: ARG001 - as above
    """Return the items of a variable such as `oidc=sso.example,webhook=chat:8065`, by what stands before the `=`."""
    found: dict[str, list[str]] = {}
    for item in listing(name):
        group, equals, value = (part.strip() for part in item.partition("="))
        if not (equals and group and value):
            raise ConfigurationError(f"{name} lists purpose=host, not {item!r}")
        found.setdefault(group, []).append(value)
    return found


def document(name: str, *, about: str = "") -> dict[str, Any]:  # noqa: ARG001 - read from the source
    """Return a variable that is a JSON object (Any: its members are judged by whoever reads it); empty where unset."""
    try:
        found: Any = json.loads(text(name, "{}"))
    except ValueError as error:
        raise ConfigurationError(f"{name} must be a JSON object: {error}") from None
    if not isinstance(found, dict):
        raise ConfigurationError(f"{name} must be a JSON object, not {type(found).__name__}")
    return found
