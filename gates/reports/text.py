"""The decision for a person at a terminal: the verdict first, then why, then what to do, then how to prove it."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from gates.checks.base import Outcome, Reason
from gates.reports.view import CheckView, DecisionView, ExceptionView, FindingView

_WHY = 3
_ROWS = 20
_FIXES = 10
_WIDEST = 48
_HEADS = ("finding", "component", "severity", "cvss", "epss", "kev", "raw status", "status", "exception", "weighs")
_HELD = frozenset({Outcome.BLOCK, Outcome.WARN})


def text_report(decision: DecisionView) -> str:
    """Return the decision as plain text without colour; a list cut short says how much it leaves out."""
    sections = (
        _head(decision),
        _section("Without exceptions", _raw(decision)),
        _section("Exceptions", _exceptions(decision)),
        _section("Checks", map(_check, decision.checks)),
        _section("Notes", _notes(decision.checks)),
        _section("Findings", _findings(decision.findings)),
        _section("What would fix it", _fixes(decision.checks)),
        _section("Suppressed by the scanner, counted all the same", _suppressed(decision)),
        _section("Claims", _claims(decision)),
        _section("Evidence", _evidence(decision)),
        _section("Digests", _digests(decision)),
        _section("Replay", _replay(decision)),
    )
    lines = (line for section in sections for line in section)
    return "\n".join(printable(line).rstrip() for line in lines) + "\n"


def printable(text: str) -> str:
    """Return text without control characters: a package name must not speak to the terminal."""
    return "".join("\ufffd" if unicodedata.category(letter) in {"Cc", "Cf", "Zl", "Zp"} else letter for letter in text)


def _head(decision: DecisionView) -> list[str]:
    """The verdict in the first line, and why in the three after it."""
    subject = decision.artifact.name or decision.artifact.digest
    where = f"{decision.environment.name} ({decision.environment.tier})"
    return [f"{decision.decision.upper()}: {subject} to {where}. {decision.wording}", *_why(decision.checks)]


def _why(checks: Sequence[CheckView]) -> Iterator[str]:
    held = [(check, reason) for check in checks for reason in check.reasons if reason.outcome in _HELD]
    held.sort(key=lambda pair: -pair[1].outcome.rank)
    shown = held[:_WHY]
    for place, (check, reason) in enumerate(shown, start=1):
        hidden = len(held) - _WHY if place == _WHY else 0
        more = f" (and {_number(hidden, 'more reason')})" if hidden > 0 else ""
        yield f"  {reason.outcome}  {check.check}: {reason.text}{more}"
    if not held:
        yield "  Nothing was found that speaks against it."


def _raw(decision: DecisionView) -> Iterator[str]:
    """What an exception never hides: the answer without any."""
    raw = decision.raw
    if raw is None or not decision.exceptions:
        return
    statuses = ", ".join(f"{number} {status}" for status, number in raw.counts.by_status.items())
    by = f" by {raw.blocked_by}" if raw.blocked_by else ""
    yield f"{raw.verdict.upper()}{by}: {statuses}"


def _exceptions(decision: DecisionView) -> Iterator[str]:
    rows = [
        (
            one.id,
            one.effect,
            one.reason,
            _number(one.changed, "finding"),
            f"does not apply: {one.held}" if one.held else _time_left(one),
            "; ".join([*one.fired, *_beyond(one)]),
        )
        for one in decision.exceptions[:_ROWS]
    ]
    yield from table([tuple(cell.replace("_", " ") for cell in row[:5]) + row[5:] for row in rows]) if rows else ()
    yield from _left_out(len(decision.exceptions) - _ROWS, "exception")


def _beyond(one: ExceptionView) -> Iterator[str]:
    if one.beyond:
        yield f"not for {_number(len(one.beyond), 'finding')} worse than what was approved"


def _time_left(one: ExceptionView) -> str:
    """Return until when it applies and how long that is; a grace ends first."""
    if one.grace_until is not None and one.grace_seconds_left is not None:
        return f"in grace until {one.grace_until} ({_length(one.grace_seconds_left)} left)"
    shadowed = f", shadowed by {', '.join(one.shadowed_by)}" if one.shadowed_by and not one.changed else ""
    return f"until {one.expires_at} ({_length(one.seconds_left)} left){shadowed}"


def _length(seconds: int) -> str:
    """Return a length of time in its largest whole unit."""
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 2 * size:
            return _number(seconds // size, unit)
    return _number(seconds, "second")


def _section(title: str, lines: Iterable[str]) -> list[str]:
    inside = [f"  {line}" for line in lines]
    return ["", title, *inside] if inside else []


def _check(check: CheckView) -> str:
    reasons = f"  {_number(len(check.reasons), 'reason')}" if check.reasons else ""
    return f"{check.outcome:<14}  {check.check}{reasons}"


def _notes(checks: Sequence[CheckView]) -> Iterator[str]:
    """What several checks have to say of one feed reads once."""
    notes = [reason.text for check in checks for reason in check.reasons if reason.outcome not in _HELD]
    distinct = list(dict.fromkeys(notes))
    yield from distinct[:_ROWS]
    yield from _left_out(len(distinct) - _ROWS, "note")


def _findings(findings: Sequence[FindingView]) -> Iterator[str]:
    """Give the findings as a table; exceptions have a column where there is one."""
    if findings:
        has_exceptions = any(finding.exception for finding in findings)
        rows = [_HEADS, *(_row(finding) for finding in findings[:_ROWS])]
        yield from table(rows if has_exceptions else [(*row[:-2], row[-1]) for row in rows])
        yield from _left_out(len(findings) - _ROWS, "finding")


def _row(finding: FindingView) -> tuple[str, ...]:
    suppressed = "*" if finding.suppressed_by else ""
    return (
        f"{finding.id}{suppressed}",
        _component(finding),
        _severity(finding),
        finding.cvss or "?",
        finding.epss or "?",
        {True: "yes", False: "no", None: "?"}[finding.kev],
        finding.raw_status + ("?" if finding.undecided else ""),
        finding.status,
        finding.exception or "",
        finding.outcome.value,
    )


def _severity(finding: FindingView) -> str:
    raw = finding.raw_severity or finding.severity
    return finding.severity if raw == finding.severity else f"{raw} as {finding.severity}"


def _component(finding: FindingView) -> str:
    name = f"{finding.component} {finding.version}".strip() or finding.purl
    return name if len(name) <= _WIDEST else name[: _WIDEST - 1] + "…"


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Give the rows with their columns aligned, two spaces apart."""
    clean = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*clean, strict=True)]
    for row in clean:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))


def _fixes(checks: Sequence[CheckView]) -> Iterator[str]:
    reasons: list[Reason] = [reason for check in checks for reason in check.reasons if reason.outcome in _HELD]
    reasons.sort(key=lambda reason: -reason.outcome.rank)
    fixes = list(dict.fromkeys(reason.fix for reason in reasons if reason.fix))
    yield from (f"- {fix}" for fix in fixes[:_FIXES])
    yield from _left_out(len(fixes) - _FIXES, "remedy", "remedies")


def _suppressed(decision: DecisionView) -> Iterator[str]:
    rows = [
        (one.id, one.purl, one.severity, one.status, f"by {one.suppressed_by} ({one.source})", one.statement)
        for one in decision.suppressed[:_ROWS]
    ]
    yield from table(rows) if rows else ()
    yield from _left_out(len(decision.suppressed) - _ROWS, "finding")


def _claims(decision: DecisionView) -> Iterator[str]:
    rows = [
        (
            "accepted" if claim.accepted else "refused",
            claim.vulnerability,
            claim.status,
            f"by {claim.source}" if claim.source else "by an unknown author",
            f"trust {claim.strength / 10_000:.2f}, needed {claim.threshold / 10_000:.2f}",
        )
        for claim in decision.claims[:_ROWS]
    ]
    yield from table(rows) if rows else ()
    yield from _left_out(len(decision.claims) - _ROWS, "claim")


def _evidence(decision: DecisionView) -> Iterator[str]:
    evidence = decision.evidence
    yield f"scan {evidence.scan}, of {evidence.scanned_at or 'unknown date'}; {_severities(decision)}"
    yield from (f"partial: {reason}" for reason in evidence.partial_reasons)
    if not evidence.subject_stated:
        yield "the report does not name its artifact"
    if decision.connection_mode != "connected":
        yield f"the installation was {decision.connection_mode}"


def _severities(decision: DecisionView) -> str:
    counted = ", ".join(f"{number} {severity}" for severity, number in decision.counts.by_severity.items())
    return f"{_number(decision.counts.findings, 'finding')}{f' ({counted})' if counted else ''}"


def _digests(decision: DecisionView) -> Iterator[str]:
    stated = sorted((name, value) for name, value in decision.digests.items() if value)
    yield from table(stated) if stated else ()


def _replay(decision: DecisionView) -> Iterator[str]:
    yield f"decided at {decision.at} by {decision.pack or 'an unnamed pack'}, gate {_gate(decision)}"
    yield f"determinism hash {decision.determinism_hash}"
    if "replay" in decision.links:
        yield f"POST {decision.links['replay']} repeats it and answers `exact`, or every difference"
    if decision.id:
        yield f"decision {decision.id}"


def _gate(decision: DecisionView) -> str:
    preset = f" (preset {decision.gate.preset})" if decision.gate.preset else ""
    return f"{decision.gate.name} version {decision.gate.version}{preset}, mode {decision.mode}"


def _left_out(number: int, one: str, many: str | None = None) -> Iterator[str]:
    if number > 0:
        yield f"… and {number} more {one if number == 1 else many or one + 's'}"


def _number(number: int, one: str) -> str:
    return f"{number} {one}" if number == 1 else f"{number} {one}s"
