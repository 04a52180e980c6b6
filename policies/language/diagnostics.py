"""Diagnostics: every mistake with its code, its place and what to do about it."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from policies.language.codes import CODES
from policies.language.limits import STANDARD
from policies.language.source import Source, Span
from stellapolicy.kernel.canonical_json import JsonValue

_LONGEST_COMPARED = 64


class DiagnosticSeverity(StrEnum):
    """Whether a diagnostic keeps a policy from compiling."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake or warning: `line` and `column` count from 1, `span` is in code points of the source."""

    code: str
    severity: DiagnosticSeverity
    message: str
    file: str
    line: int
    column: int
    span: Span
    hint: str | None = None

    @property
    def is_error(self) -> bool:
        """Whether this keeps the policy from compiling."""
        return self.severity is DiagnosticSeverity.ERROR

    def to_json(self) -> dict[str, JsonValue]:
        """Return the form that the command line and the API answer with."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "message": self.message,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "span": [self.span.start, self.span.end],
            "hint": self.hint,
        }


def diagnose(source: Source, code: str, span: Span, message: str, *, hint: str | None = None) -> Diagnostic:
    """Return a diagnostic placed in a source; `W…` codes warn, all others are errors.

    Raises KeyError for a code that the registry does not know.
    """
    _ = CODES[code]
    severity = DiagnosticSeverity.WARNING if code.startswith("W") else DiagnosticSeverity.ERROR
    line, column = source.position(span.start)
    return Diagnostic(code, severity, message, source.name, line, column, span, hint)


@dataclass(slots=True)
class Gathering:
    """The diagnostics of one source, gathered while it is read; past the limit it counts and keeps silent."""

    source: Source
    limit: int = STANDARD.mistakes
    _found: dict[Diagnostic, None] = field(default_factory=dict)
    _is_full: bool = False

    def report(self, code: str, span: Span, message: str, *, hint: str | None = None) -> None:
        """Add a diagnostic; the same one twice is kept once."""
        if len(self._found) < self.limit:
            self._found[diagnose(self.source, code, span, message, hint=hint)] = None
        elif not self._is_full:
            self._is_full = True
            summary = f"more than {self.limit} mistakes; the rest of this file is not reported"
            self._found[diagnose(self.source, "E407", span, summary)] = None

    @property
    def is_full(self) -> bool:
        """Whether the limit was passed, so that reading on tells nobody anything."""
        return self._is_full

    @property
    def has_errors(self) -> bool:
        """Whether anything gathered keeps the policy from compiling."""
        return any(diagnostic.is_error for diagnostic in self._found)

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Return everything gathered, in the total order of `ordered`."""
        return ordered(self._found)


def ordered(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return diagnostics by file, place, code and message: the same set always reads the same."""
    return tuple(sorted(diagnostics, key=lambda one: (one.file, one.span, one.code, one.message)))


def strictly(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return the diagnostics with every warning made an error, as `strict` asks."""
    return tuple(replace(one, severity=DiagnosticSeverity.ERROR) for one in diagnostics)


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate most like a word, or None where none is like it; long words are not compared."""
    if len(word) > _LONGEST_COMPARED:
        return None
    found = difflib.get_close_matches(word, sorted(candidates), n=1)
    return found[0] if found else None


def did_you_mean(word: str, candidates: Iterable[str]) -> str | None:
    """Return the hint that offers the closest candidate, or None."""
    found = closest(word, candidates)
    return None if found is None else f"did you mean `{found}`?"
