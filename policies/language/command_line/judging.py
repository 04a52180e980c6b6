"""eval, explain and test: what a pack says."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from policies.language.command_line.answers import Answer, ExitCode
from policies.language.command_line.arguments import Form, Request
from policies.language.command_line.files import read_findings
from policies.language.command_line.policies import compiled, diagnostics_to_json, refused
from policies.language.compilation import run_tests
from policies.language.facts import FactsRefused
from policies.language.program import Program
from policies.language.rendering import render
from policies.language.ruleset import RUN_AT
from policies.language.testing import TestReport, TestResult
from policies.language.types import Facts
from policies.language.verdict import ReleaseVerdict, Status, Verdict
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import rfc3339


@dataclass(frozen=True, slots=True)
class _Findings:
    """The findings of a facts file as facts, and what is wrong with those that cannot be read."""

    facts: tuple[Facts, ...]
    faults: tuple[dict[str, JsonValue], ...]


def evaluate(request: Request) -> Answer:
    """Give the verdict on each finding and on all together; with `--gate` answer 2 where one is blocked."""
    sources, result = compiled(request)
    if result.program is None:
        return refused(sources, result.diagnostics)
    findings = _findings(request, result.program)
    if findings.faults:
        return _refused_facts(findings)
    verdicts = [result.program.evaluate(facts) for facts in findings.facts]
    release = result.program.evaluate_release(list(zip(findings.facts, verdicts, strict=True)))
    is_blocked = Status.BLOCKED in {release.status, *(verdict.status for verdict in verdicts)}
    document: JsonValue = {
        "program": result.program.digest,
        "release": release.to_json(),
        "verdicts": [verdict.to_json() for verdict in verdicts],
    }
    code = ExitCode.BLOCKED if request.gate and is_blocked else ExitCode.FINE
    return Answer(code, "".join(_verdict_lines(findings, verdicts, release)), document)


def _verdict_lines(findings: _Findings, verdicts: list[Verdict], release: ReleaseVerdict) -> Iterator[str]:
    for number, (facts, verdict) in enumerate(zip(findings.facts, verdicts, strict=True), start=1):
        yield f"{number} {_named(facts)}: {verdict.status}{_cause(verdict)}\n"
        yield from (f"    {message}\n" for message in verdict.messages)
    yield f"release: {release.status}{_cause(release)}\n"
    yield from (f"    {message}\n" for message in release.messages)


def _named(facts: Facts) -> str:
    """Name a finding by the facts people know it by."""
    known = (facts.get(path) for path in ("vuln.id", "secret.rule", "malware.id", "component.purl", "component.name"))
    return " ".join(str(value) for value in known if isinstance(value, str)) or "finding"


def _cause(verdict: Verdict | ReleaseVerdict) -> str:
    rule = "" if verdict.rule is None else f" by {verdict.rule}"
    because = "" if verdict.because is None else f": {verdict.because}"
    if verdict.undecided:
        return f", undecided{rule}{because}; unknown: {', '.join(verdict.unknown_facts)}"
    return f"{rule}{because}"


def explain(request: Request) -> Answer:
    """Say why each verdict is what it is: every rule with its outcome, its atoms and their values."""
    sources, result = compiled(request)
    if result.program is None:
        return refused(sources, result.diagnostics)
    findings = _findings(request, result.program)
    if findings.faults:
        return _refused_facts(findings)
    traces = [result.program.explain(facts)[1] for facts in findings.facts]
    shown = [trace.to_markdown() if request.form is Form.MARKDOWN else trace.to_text() for trace in traces]
    return Answer(
        ExitCode.FINE,
        "\n".join(shown),
        {"program": result.program.digest, "traces": [{"id": trace.id, **trace.to_json()} for trace in traces]},
    )


def _findings(request: Request, program: Program) -> _Findings:
    if request.facts is None:
        raise ValueError("the command line asks for facts where they are needed")
    read: list[Facts] = []
    faults: list[dict[str, JsonValue]] = []
    for number, document in enumerate(read_findings(request.facts)):
        try:
            read.append(program.read_facts(_at(document, request)))
        except FactsRefused as refusal:
            faults += [
                {"code": fault.code, "message": fault.message, "pointer": f"/{number}{fault.pointer}"}
                for fault in refusal.faults
            ]
    return _Findings(tuple(read), tuple(faults))


def _at(document: Mapping[str, JsonValue], request: Request) -> Mapping[str, JsonValue]:
    """Give a finding the instant of the run where it does not say its own."""
    if request.at is None or document.get(RUN_AT) is not None:
        return document
    return {**document, RUN_AT: rfc3339(request.at)}


def _refused_facts(findings: _Findings) -> Answer:
    lines = (f"error[{fault['code']}]: {fault['message']}\n --> {fault['pointer']}\n" for fault in findings.faults)
    return Answer(ExitCode.DIAGNOSTICS, "", {"faults": list(findings.faults)}, complaint="\n".join(lines))


def test(request: Request) -> Answer:
    """Run the tests inside a pack and show what they cover; 5 where one fails."""
    sources, result = compiled(request)
    if result.program is None:
        return refused(sources, result.diagnostics)
    report = run_tests(result)
    document = {"diagnostics": diagnostics_to_json(result.diagnostics), **report.to_json()}
    return Answer(
        ExitCode.FINE if report.passed else ExitCode.FAILED_TEST,
        "".join(_report_lines(report)),
        document,
        complaint=render(result.diagnostics, sources),
    )


def _report_lines(report: TestReport) -> Iterator[str]:
    for result in report.results:
        yield from _result_lines(result)
    failed = sum(not result.passed for result in report.results)
    yield f"{len(report.results)} tests, {failed} failed\n"
    yield f"rules covered: {report.rule_coverage:.0f} %, conditions covered: {report.condition_coverage:.0f} %\n"
    yield from (f"  never matched: {rule.rule}\n" for rule in report.rules if not rule.tests)
    for atom in report.atoms:
        missing = [word for word, seen in (("true", atom.seen_true), ("false", atom.seen_false)) if not seen]
        if missing:
            yield f"  never {' nor '.join(missing)}: {atom.rule}: {atom.atom}\n"


def _result_lines(result: TestResult) -> Iterator[str]:
    yield f"{'ok' if result.passed else 'FAILED'} {result.policy}: {result.name}\n"
    if not result.passed:
        yield f"  --> {result.file}:{result.line}\n"
    yield from (f"  {failure}\n" for failure in result.failures)
