"""Every mistake of meaning and every lint, shown as its author will see it.

Run with STELLA_WRITE_GOLDEN=1 to write the expectations anew, then read what changed.
"""

import os
from pathlib import Path

import pytest

from policies.language.codes import CODES
from policies.language.compilation import compile_pack
from policies.language.rendering import render
from policies.language.source import Source

GOLDEN = Path(__file__).with_name("golden")
BACK_END = [code for code in CODES if code.startswith(("E3", "W5"))]


@pytest.mark.parametrize("code", BACK_END)
def test_a_mistake_of_meaning_is_shown_with_its_place_and_its_hint(code: str) -> None:
    source = Source.of_bytes(f"{code}.stella", (GOLDEN / f"{code}.stella").read_bytes())
    expectation = GOLDEN / f"{code}.txt"

    result = compile_pack([source])
    shown = render(result.diagnostics, [source])

    if os.environ.get("STELLA_WRITE_GOLDEN"):
        expectation.write_text(shown, encoding="utf-8")
    assert code in {diagnostic.code for diagnostic in result.diagnostics}
    assert shown == expectation.read_text(encoding="utf-8")


@pytest.mark.parametrize("code", BACK_END)
def test_a_warning_keeps_no_pack_from_compiling_and_an_error_does(code: str) -> None:
    source = Source.of_bytes(f"{code}.stella", (GOLDEN / f"{code}.stella").read_bytes())

    result = compile_pack([source])

    assert result.has_errors == code.startswith("E")


def test_a_strict_pack_makes_every_warning_an_error() -> None:
    text = (GOLDEN / "W501.stella").read_text(encoding="utf-8")
    strict = Source("strict.stella", text.replace("  rule a", "  settings { strict = true }\n  rule a", 1))

    result = compile_pack([strict])

    assert result.program is None
    assert {diagnostic.code for diagnostic in result.diagnostics if diagnostic.is_error} == {"W501"}
