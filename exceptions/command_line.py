"""The edge of the commands that run by themselves: what they read, how they speak, and what they end with. Pure."""

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from pathlib import Path
from typing import NoReturn, TextIO

from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.trust import strict_json


class ExitCode(IntEnum):
    """What a process ends with."""

    DONE = 0
    INTERNAL = 10
    USAGE = 11
    DIGEST = 21
    SIGNATURE = 22
    NOT_NOW = 23


class UsageRefused(Exception):  # noqa: N818 - an answer, not an accident
    """The call itself cannot be understood: a word, or a file that is not what its option says."""


class Parser(argparse.ArgumentParser):
    """Refuses by exception where argparse would end the process with 2."""

    def error(self, message: str) -> NoReturn:
        """Refuse the call."""
        raise UsageRefused(f"{self.prog}: {message}; {self.format_usage().strip()}")


def answered(answer: Callable[[Sequence[str]], ExitCode], arguments: Sequence[str]) -> int:
    """Answer one call on the standard streams and return its exit code."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(encoding="utf-8", errors="backslashreplace")
        code = answer(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        _give_up_output()
        return ExitCode.INTERNAL
    except Exception:  # noqa: BLE001 - the edge: a crash is reported and answered, and is never a yes
        traceback.print_exc()
        return ExitCode.INTERNAL
    return code


def say(lines: Iterable[str], *, to: TextIO | None = None) -> None:
    """Write lines that write nothing but themselves: no control sequence of a payload reaches the terminal."""
    (to or sys.stdout).write("".join(f"{_shown(line)}\n" for line in lines))


def bytes_of(name: str) -> bytes:
    """Return the content of a file, or refuse the call."""
    try:
        return Path(name).read_bytes()
    except (OSError, ValueError) as failure:
        raise UsageRefused(f"{name}: {getattr(failure, 'strerror', None) or 'cannot be read'}") from None


def text_of(name: str) -> str:
    """Return the text of a file of PEM, or refuse the call."""
    try:
        return bytes_of(name).decode()
    except UnicodeDecodeError:
        raise UsageRefused(f"{name}: this is no PEM") from None


def json_of(name: str) -> JsonValue:
    """Return the one JSON value of a file, or refuse the call."""
    try:
        return strict_json.loads(bytes_of(name))
    except strict_json.NotJson as failure:
        raise UsageRefused(f"{name}: no JSON that can be read: {failure}") from None


def _shown(line: str) -> str:
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in line)


def _give_up_output() -> None:
    """Let what could not be written go nowhere; the interpreter would try again at its end, and answer 120."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
