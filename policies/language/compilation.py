"""From sources to a program: every mistake of every file reported, and a program only where there is none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from policies.language.checker import CheckedPack, CheckedTest, check_pack
from policies.language.diagnostics import Diagnostic, ordered, strictly
from policies.language.limits import STANDARD, Limits
from policies.language.lints import lint, lint_coverage
from policies.language.parser import ParseResult, parse
from policies.language.program import Program, cached
from policies.language.source import Source
from policies.language.testing import TestReport
from policies.language.testing import run_tests as run_checked_tests

_TOO_LARGE = frozenset({"E403", "E404"})


@dataclass(frozen=True, slots=True)
class CompileResult:
    """The program, None where anything is an error, the tests of the pack, and every diagnostic, ordered."""

    program: Program | None
    diagnostics: tuple[Diagnostic, ...]
    tests: tuple[CheckedTest, ...] = ()

    @property
    def has_errors(self) -> bool:
        """Whether the pack cannot be used."""
        return self.program is None


def compile_pack(
    sources: Sequence[Source], *, limits: Limits = STANDARD, groups: frozenset[str] = frozenset()
) -> CompileResult:
    """Return the one program that the files of a pack compile to, with every mistake and warning; raises nothing.

    `groups` names the optional groups of facts that a source delivers. A warning of a pack that says `strict = true`
    is an error.
    """
    parsed = [(source, parse(source, limits)) for source in sorted(sources, key=lambda source: source.name)]
    found = [diagnostic for _, result in parsed for diagnostic in result.diagnostics]
    readable = [(source, result.file) for source, result in parsed if result.file and not _is_too_large(result)]
    checked = check_pack(readable, limits, groups)
    found += _believable(checked, is_whole=len(readable) == len(parsed))
    if any(diagnostic.is_error for diagnostic in found) or not readable:
        return CompileResult(None, ordered(found))
    return _compiled(checked, found)


def _is_too_large(result: ParseResult) -> bool:
    return any(diagnostic.code in _TOO_LARGE for diagnostic in result.diagnostics)


def _believable(checked: CheckedPack, *, is_whole: bool) -> Iterator[Diagnostic]:
    """Yield what the checker found; with a file unread, names it may have given are not called unknown."""
    for diagnostic in checked.diagnostics:
        if is_whole or not (diagnostic.code == "E306" or "`signals." in diagnostic.message):
            yield diagnostic


def _compiled(checked: CheckedPack, found: list[Diagnostic]) -> CompileResult:
    program = cached(checked.ruleset)
    found += lint(checked, program)
    found += lint_coverage(checked, run_checked_tests(program, checked.tests))
    diagnostics = ordered(strictly(found) if checked.ruleset.settings.strict else found)
    if any(diagnostic.is_error for diagnostic in diagnostics):
        return CompileResult(None, diagnostics, checked.tests)
    return CompileResult(program, diagnostics, checked.tests)


def run_tests(compiled: CompileResult) -> TestReport:
    """Return what the tests of a compiled pack come to.

    Raises ValueError for a pack that did not compile.
    """
    if compiled.program is None:
        raise ValueError("a pack that does not compile has no program to test")
    return run_checked_tests(compiled.program, compiled.tests)
