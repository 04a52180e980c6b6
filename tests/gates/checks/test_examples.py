"""Every line of the specification's table, as a worked example."""

import pytest

from gates.checks.base import CheckKind, CheckResult, Outcome
from gates.checks.chain import ChainStep, run_chain
from tests.gates.checks.examples import COMPLETENESS, EPSS, FRESHNESS, KEV, POLICY, Example
from tests.gates.checks.exception_examples import EXCUSED, RECHECK
from tests.gates.checks.severity_examples import AGGREGATE, CVSS

EXAMPLES = (*POLICY, *COMPLETENESS, *FRESHNESS, *KEV, *EPSS, *CVSS, *AGGREGATE, *RECHECK, *EXCUSED)


def judge(example: Example) -> CheckResult:
    return run_chain((ChainStep(example.check, example.options),), example.subject)[0]


def contradicts(example: Example) -> bool:
    """Whether a check says something else than the example."""
    result = judge(example)
    return (result.outcome, tuple(reason.code for reason in result.reasons)) != (example.outcome, example.codes)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.check}: {example.sentence}")
def test_a_check_judges_the_worked_example_as_the_specification_says(example: Example) -> None:
    result = judge(example)

    assert not contradicts(example), result


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.check}: {example.sentence}")
def test_the_outcome_of_a_check_is_that_of_its_heaviest_reason(example: Example) -> None:
    result = judge(example)

    heaviest = max((reason.outcome for reason in result.reasons), key=lambda one: one.rank, default=Outcome.PASS)
    assert result.outcome is heaviest


def test_every_check_has_examples_of_passing_warning_and_blocking() -> None:
    shown = {(example.check, example.outcome) for example in EXAMPLES}

    for kind in CheckKind:
        assert {(kind, Outcome.PASS), (kind, Outcome.WARN), (kind, Outcome.BLOCK)} <= shown
