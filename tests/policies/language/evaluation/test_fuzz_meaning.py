"""Whatever parses is answered by checker, compiler and lints with diagnostics or a program; they never fall over."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.language import tree
from policies.language.compilation import compile_pack, run_tests
from policies.language.formatter import format_tree
from policies.language.source import Source
from policies.language.verdict import Status
from tests.policies.language import strategies
from tests.policies.language.evaluation.programs import facts, programs


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(strategies.policy_files, facts)
def test_any_tree_is_answered(file: tree.PolicyFile, finding: dict[str, Any]) -> None:
    result = compile_pack([Source("p.stella", format_tree(file))])

    assert result.program is not None or result.diagnostics
    if result.program is not None:
        assert result.program.evaluate(finding).status in Status


@settings(max_examples=60, deadline=None)
@given(programs, st.data())
def test_a_program_with_a_hole_torn_into_it_is_answered(source: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(source)))
    end = data.draw(st.integers(start, min(len(source), start + 30)))

    result = compile_pack([Source("p.stella", source[:start] + source[end:])])

    assert result.program is not None or any(diagnostic.is_error for diagnostic in result.diagnostics)
    if result.program is not None:
        assert run_tests(result).rule_coverage >= 0
