"""Lints: what a pack says that its author can hardly have meant. Warnings; errors where the pack is strict."""

from collections.abc import Iterator

from policies.language.checker import CheckedPack
from policies.language.diagnostics import Diagnostic, diagnose
from policies.language.lints.atoms import lint_atoms
from policies.language.lints.hiding import lint_hiding
from policies.language.lints.rules import lint_rules
from policies.language.program import Program
from policies.language.testing import TestReport

__all__ = ["lint", "lint_coverage"]


def lint(checked: CheckedPack, program: Program) -> list[Diagnostic]:
    """Return the warnings of a pack without errors."""
    return [*lint_rules(checked), *lint_atoms(checked), *lint_hiding(checked, program)]


def lint_coverage(checked: CheckedPack, report: TestReport) -> list[Diagnostic]:
    """Return a warning for every rule that no test of the pack made match."""
    return list(_uncovered(checked, report))


def _uncovered(checked: CheckedPack, report: TestReport) -> Iterator[Diagnostic]:
    for coverage in report.rules:
        if not coverage.tests:
            written = checked.written[coverage.rule]
            message = f"no test makes `{written.node.name.text}` match"
            hint = 'add a test: `test "…" { given { … } expect "' + written.node.name.text + '" in matched_rules }`'
            yield diagnose(written.source, "W503", written.node.name.span, message, hint=hint)
