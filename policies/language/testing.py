"""Running the tests inside a pack: what failed and why, which rules matched, which conditions were seen both ways."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from policies.language import terms
from policies.language.checker import CheckedTest, Expectation
from policies.language.compiler import truths
from policies.language.compiler.unit import FACTS, FINDINGS, Body, Unit
from policies.language.evaluator.explainer import atoms_of
from policies.language.facts import value_to_json
from policies.language.program import Program
from policies.language.terms import Term
from policies.language.trace import RuleOutcome, Truth
from policies.language.types import UNKNOWN, Facts, FactValue, Type
from policies.language.verdict import ReleaseVerdict, Verdict
from policies.language.wording import word_term
from stellapolicy.kernel.canonical_json import JsonValue

_PERCENT = 100


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test that ran: its place, the verdict its facts led to, and a sentence for each expectation that failed."""

    __test__ = False

    name: str
    policy: str
    file: str
    line: int
    verdict: Verdict
    release: ReleaseVerdict
    failures: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether every expectation held."""
        return not self.failures

    def to_json(self) -> dict[str, JsonValue]:
        """Return the form the command line and the API answer with."""
        return {
            "name": self.name,
            "policy": self.policy,
            "file": self.file,
            "line": self.line,
            "passed": self.passed,
            "failures": list(self.failures),
            "status": self.verdict.status.value,
        }


@dataclass(frozen=True, slots=True)
class RuleCoverage:
    """A rule and the tests that made it match."""

    rule: str
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AtomCoverage:
    """A part of a rule's condition, and whether tests saw it true and saw it false."""

    rule: str
    atom: str
    seen_true: bool
    seen_false: bool


@dataclass(frozen=True, slots=True)
class TestReport:
    """What all tests of a pack came to."""

    __test__ = False

    results: tuple[TestResult, ...]
    rules: tuple[RuleCoverage, ...]
    atoms: tuple[AtomCoverage, ...]

    @property
    def passed(self) -> bool:
        """Whether every test passed."""
        return all(result.passed for result in self.results)

    @property
    def rule_coverage(self) -> float:
        """How many percent of the rules a test made match; 100 without rules."""
        return _percent([bool(rule.tests) for rule in self.rules])

    @property
    def condition_coverage(self) -> float:
        """How many percent of the truths that conditions can show were seen; 100 without conditions."""
        return _percent([seen for atom in self.atoms for seen in (atom.seen_true, atom.seen_false)])

    def to_json(self) -> dict[str, JsonValue]:
        """Return the form the command line and the API answer with."""
        return {
            "passed": self.passed,
            "results": [result.to_json() for result in self.results],
            "rule_coverage": self.rule_coverage,
            "condition_coverage": self.condition_coverage,
            "rules": [{"rule": rule.rule, "tests": list(rule.tests)} for rule in self.rules],
            "atoms": [
                {"rule": atom.rule, "atom": atom.atom, "seen_true": atom.seen_true, "seen_false": atom.seen_false}
                for atom in self.atoms
            ],
        }


def _percent(seen: Sequence[bool]) -> float:
    return _PERCENT * sum(seen) / len(seen) if seen else float(_PERCENT)


def run_tests(program: Program, tests: Sequence[CheckedTest]) -> TestReport:
    """Return what the tests of a pack come to; a test changes nothing, so their order does not matter."""
    return _Run(program, tests).report()


class _Run:
    """One run of all tests of a pack."""

    def __init__(self, program: Program, tests: Sequence[CheckedTest]) -> None:
        self._program = program
        self._tests = tests
        self._expectations = _compiled_expectations(tests)
        self._release_atoms = _compiled_release_atoms(program)
        self._matched: dict[str, list[str]] = {rule.name: [] for rule in (*program.rules, *program.release_rules)}
        self._seen: dict[tuple[str, str], set[bool]] = {
            (rule.name, word_term(atom)): set()
            for rule in (*program.rules, *program.release_rules)
            for atom in atoms_of(rule.condition)
        }

    def report(self) -> TestReport:
        """Run every test."""
        results = tuple(self._result(test) for test in self._tests)
        rules = tuple(RuleCoverage(rule, tuple(tests)) for rule, tests in sorted(self._matched.items()))
        atoms = tuple(
            AtomCoverage(rule, atom, seen_true=True in seen, seen_false=False in seen)
            for (rule, atom), seen in sorted(self._seen.items())
        )
        return TestReport(results, rules, atoms)

    def _result(self, test: CheckedTest) -> TestResult:
        verdict, trace = self._program.explain(test.facts)
        release = self._program.evaluate_release([(test.facts, verdict)])
        label = f"{test.policy}: {test.name}"
        for rule in trace.rules:
            if rule.outcome is RuleOutcome.MATCHED:
                self._matched[rule.rule].append(label)
            for atom in rule.atoms:
                self._see(rule.rule, atom.text, atom.truth)
        for name in release.matched_rules:
            self._matched[name].append(label)
        for (name, text), function in self._release_atoms.items():
            answer = function([test.facts])
            self._see(name, text, Truth.TRUE if answer is True else Truth.FALSE if answer is False else Truth.UNKNOWN)
        told = _told(test, verdict, release)
        failures = tuple(
            _failure(expectation, told)
            for expectation in test.expectations
            if self._expectations[expectation.condition](told) is not True
        )
        line, _ = test.source.position(test.span.start)
        return TestResult(test.name, test.policy, test.source.name, line, verdict, release, failures)

    def _see(self, rule: str, atom: str, truth: Truth) -> None:
        if truth is not Truth.UNKNOWN:
            self._seen[(rule, atom)].add(truth is Truth.TRUE)


def _compiled_expectations(tests: Sequence[CheckedTest]) -> Mapping[Term, Callable[[Facts], Any]]:
    unit = Unit({})
    body = Body(unit, (FACTS,))
    wanted = dict.fromkeys(expectation.condition for test in tests for expectation in test.expectations)
    names = {condition: truths.predicate(body, condition, (FACTS,)) for condition in wanted}
    functions = unit.compiled()
    return {condition: functions[name] for condition, name in names.items()}


def _compiled_release_atoms(program: Program) -> Mapping[tuple[str, str], Callable[[Sequence[Facts]], Any]]:
    unit = Unit(program.maps)
    body = Body(unit, (FINDINGS,))
    names = {
        (rule.name, word_term(atom)): truths.predicate(body, atom, (FINDINGS,))
        for rule in program.release_rules
        for atom in atoms_of(rule.condition)
    }
    functions = unit.compiled()
    return {key: functions[name] for key, name in names.items()}


def _told(test: CheckedTest, verdict: Verdict, release: ReleaseVerdict) -> Facts:
    """Return a verdict as facts that expectations read; rules of the test's own policy by their short name."""
    prefix = f"{test.policy}/"
    told: dict[str, FactValue | None] = {
        "status": verdict.status.value,
        "worst": verdict.worst.value,
        "severity": verdict.severity.value,
        "score": verdict.score,
        "confidence": verdict.confidence,
        "rule": None if verdict.rule is None else verdict.rule.removeprefix(prefix),
        "because": verdict.because,
        "code": None if verdict.code is None else verdict.code.value,
        "undecided": verdict.undecided,
        "messages": verdict.messages,
        "matched_rules": tuple(name.removeprefix(prefix) for name in verdict.matched_rules),
        "unknown_facts": verdict.unknown_facts,
        "release.status": release.status.value,
        "release.rule": None if release.rule is None else release.rule.removeprefix(prefix),
        "release.undecided": release.undecided,
        "release.matched_rules": tuple(name.removeprefix(prefix) for name in release.matched_rules),
    }
    instants = set(_annotated_instants(test))
    for path, value in verdict.annotations:
        key = f"annotations.{path}"
        told[key] = datetime.fromisoformat(str(value)) if key in instants else value
    return {path: value for path, value in told.items() if value is not None}


def _annotated_instants(test: CheckedTest) -> Iterator[str]:
    for expectation in test.expectations:
        for term in terms.walk(expectation.condition):
            if isinstance(term, terms.Fact) and term.type is Type.INSTANT:
                yield term.path


def _failure(expectation: Expectation, told: Facts) -> str:
    found = (f"{path} is {_shown(told.get(path, UNKNOWN))}" for path in sorted(terms.reads(expectation.condition)))
    return f"expected {expectation.text}; {', '.join(found)}"


def _shown(value: FactValue) -> str:
    plain = value_to_json(value)
    if plain is None:
        return "not there"
    return f'"{plain}"' if isinstance(plain, str) else str(plain)
