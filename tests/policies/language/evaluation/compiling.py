"""Short ways to compile and judge in tests."""

from collections.abc import Mapping
from typing import Any

from policies.language.compilation import CompileResult, compile_pack
from policies.language.program import Program
from policies.language.source import Source
from policies.language.types import Facts
from policies.language.verdict import Verdict


def pack(*bodies: str) -> CompileResult:
    """Compile bodies as the policies p, p1, p2 … of one pack."""
    return compile_pack([source(body, number) for number, body in enumerate(bodies)])


def source(body: str, number: int = 0) -> Source:
    """Return a body as the source of a policy."""
    name = f"p{number or ''}"
    return Source(f"{name}.stella", f'policy "{name}" syntax "stella-dsl@1" {{\n{body}\n}}\n')


def program(*bodies: str) -> Program:
    """Return the program of bodies that must compile."""
    result = pack(*bodies)
    assert result.program is not None, [(one.code, one.message) for one in result.diagnostics if one.is_error]
    return result.program


def codes(*bodies: str) -> list[str]:
    """Return the codes of everything that is to be said of a pack."""
    return [diagnostic.code for diagnostic in pack(*bodies).diagnostics]


def judged(body: str, **facts: Any) -> Verdict:
    """Return the verdict of a body on facts; `__` in a name stands for the point of a path."""
    return program(body).evaluate(given(**facts))


def given(**facts: Any) -> Facts:
    """Return facts by path; `__` in a name stands for the point of a path."""
    return named(facts)


def named(facts: Mapping[str, Any]) -> Facts:
    """Return facts whose names hold `__` under their paths."""
    return {name.replace("__", "."): value for name, value in facts.items()}
