"""The documentation says what the code does."""

import re
from pathlib import Path

import pytest

from policies.language.command_line.reference import codes_markdown, facts_markdown
from policies.language.compilation import compile_pack, run_tests
from policies.language.formatter import format_source
from policies.language.source import Source
from tests.policies.language.reading import policy

DOCS = Path(__file__).resolve().parents[3] / "docs"
_BLOCKS = re.compile(r"```stella\n(.*?)```", re.DOTALL)
EXAMPLES = _BLOCKS.findall((DOCS / "language.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "name, generated, command",
    [
        ("language-diagnostics.md", codes_markdown(), "codes"),
        ("language-facts.md", facts_markdown(), "facts --format markdown"),
    ],
    ids=["diagnostics", "facts"],
)
def test_generated_pages_are_not_behind_the_code(name: str, generated: str, command: str) -> None:
    written = (DOCS / name).read_text(encoding="utf-8")

    assert written == generated, f"run: python -m policies.language {command} > docs/{name}"


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_of_the_guide_compiles_passes_its_tests_and_is_laid_out(example: str) -> None:
    text = example if example.startswith("policy") else policy("\n" + example)
    result = compile_pack([Source("guide.stella", text)])

    assert [one for one in result.diagnostics if one.is_error] == []
    assert run_tests(result).passed
    assert _laid_out(text) == example


def _laid_out(text: str) -> str:
    """The formatted text, without the policy that was put around a piece."""
    formatted = format_source(text, "guide.stella")
    if not text.startswith('policy "p"'):
        return formatted
    lines = formatted.splitlines()[1:-1]
    return "\n".join(line.removeprefix("  ") for line in lines) + "\n"


def test_the_guide_has_examples() -> None:
    assert len(EXAMPLES) >= 7
