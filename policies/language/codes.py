"""The registry of diagnostics: what every code means, read from `codes.toml` beside this module."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

_FILE = Path(__file__).with_name("codes.toml")


@dataclass(frozen=True, slots=True)
class Code:
    """The title of a diagnostic and the paragraph that explains it in the documentation."""

    title: str
    paragraph: str


def _read() -> dict[str, Code]:
    rows = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {code: Code(row["title"], row["paragraph"].strip()) for code, row in sorted(rows.items())}


CODES = _read()
