"""Files of other tools, read at noon by somebody who says nothing more."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from exceptions.asking import Asked
from exceptions.errors import ImportRefused
from exceptions.formats.reading import read_exceptions
from exceptions.formats.values import Defaults, Entry, LossKind, ReadFile
from exceptions.matching.scope import PackageScope, Scope
from stellapolicy.kernel.refusals import Fault

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FILES = Path(__file__).parent / "files"


def opened(name: str, **said: Any) -> ReadFile:
    """Return a file of ours, read."""
    return read((FILES / name).read_bytes(), filename=name, **said)


def read(content: bytes | str, *, filename: str = "a file", **said: Any) -> ReadFile:
    """Return what some content is read as."""
    written = content.encode() if isinstance(content, str) else content
    return read_exceptions(written, filename=filename, defaults=Defaults(**{"at": NOON, **said}))


def refused(content: bytes | str) -> list[Fault]:
    """Return the mistakes for which some content is refused."""
    with pytest.raises(ImportRefused) as caught:
        read(content)
    return list(caught.value.faults)


def entry(file: ReadFile, title: str) -> Entry:
    """Return the only entry of a title."""
    [found] = [one for one in file.entries if one.title == title]
    return found


def asked(file: ReadFile, title: str) -> Asked:
    """Return what the only entry of a title asks for."""
    found = entry(file, title).asked
    assert found is not None
    return found


def losses(found: Entry, kind: LossKind) -> dict[str, str]:
    """Return the losses of a kind, by member."""
    return {loss.member: loss.message for loss in found.losses if loss.kind is kind}


def scope(*vulnerabilities: str, packages: tuple[str, ...] = (), **more: Any) -> Scope:
    """Return a scope in few words."""
    return Scope(vulnerabilities=vulnerabilities, packages=tuple(PackageScope(one) for one in packages), **more)
