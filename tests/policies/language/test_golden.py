"""Every mistake of the front end, shown as its author will see it.

Run with STELLA_WRITE_GOLDEN=1 to write the expectations anew, then read what changed.
"""

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from policies.language.codes import CODES
from policies.language.limits import STANDARD, Limits
from policies.language.parser import parse
from policies.language.rendering import render
from policies.language.source import Source

GOLDEN = Path(__file__).with_name("golden")
FRONT_END = [code for code in CODES if code.startswith(("E1", "E2", "E4"))]
_LIMIT = re.compile(r"// limits: (\w+)=(\d+)")


def limits_of(source: Source) -> Limits:
    """The limits a golden source asks for in its first line, so that no golden file has to be large."""
    found = _LIMIT.match(source.text)
    return STANDARD if found is None else replace(STANDARD, **{found[1]: int(found[2])})


@pytest.mark.parametrize("code", FRONT_END)
def test_a_mistake_is_shown_with_its_place_and_its_hint(code: str) -> None:
    source = Source.of_bytes(f"{code}.stella", (GOLDEN / f"{code}.stella").read_bytes())
    expectation = GOLDEN / f"{code}.txt"

    result = parse(source, limits_of(source))
    shown = render(result.diagnostics, [source])

    if os.environ.get("STELLA_WRITE_GOLDEN"):
        expectation.write_text(shown, encoding="utf-8")
    assert code in {diagnostic.code for diagnostic in result.diagnostics}
    assert shown == expectation.read_text(encoding="utf-8")
