"""Diagnostics for people: the message, the line, a caret under the place, the hint."""

import unicodedata
from collections.abc import Iterable

from policies.language.diagnostics import Diagnostic, DiagnosticSeverity
from policies.language.source import Source

_TAB = "    "
_WINDOW = 100
_BEFORE_PLACE = 40
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def render(diagnostics: Iterable[Diagnostic], sources: Iterable[Source]) -> str:
    """Return diagnostics as text, each with its excerpt where its source is given, and a count at the end."""
    by_name = {source.name: source for source in sources}
    found = tuple(diagnostics)
    parts = [_rendered(one, by_name.get(one.file)) for one in found]
    if found:
        parts.append(_summary(found))
    return "\n\n".join(parts) + "\n" if parts else ""


def _rendered(diagnostic: Diagnostic, source: Source | None) -> str:
    margin = " " * len(str(diagnostic.line))
    place = f"{_safe(diagnostic.file)}:{diagnostic.line}:{diagnostic.column}"
    lines = [f"{diagnostic.severity}[{diagnostic.code}]: {_safe(diagnostic.message)}", f"{margin}--> {place}"]
    if source is not None and diagnostic.line <= source.line_count:
        shown, caret = _excerpt(diagnostic, source)
        lines += [f"{margin} |", f"{diagnostic.line} | {shown}".rstrip(), f"{margin} | {caret}"]
    if diagnostic.hint is not None:
        lines.append(f"{margin} = hint: {_safe(diagnostic.hint)}")
    return "\n".join(lines)


def _excerpt(diagnostic: Diagnostic, source: Source) -> tuple[str, str]:
    """Return the line, cut to a window around the place, and the carets below it."""
    line = source.line(diagnostic.line)
    begin = diagnostic.column - 1
    length = max(1, min(diagnostic.span.end - diagnostic.span.start, len(line) - begin))
    left = max(0, begin - _BEFORE_PLACE) if len(line) > _WINDOW else 0
    right = min(len(line), left + _WINDOW)
    before, marked = _safe(line[left:begin]), _safe(line[begin : min(begin + length, right)])
    after = _safe(line[min(begin + length, right) : right])
    head, tail = "…" if left else "", "…" if right < len(line) else ""
    caret = " " * _columns(head + before) + "^" * max(1, _columns(marked))
    return head + before + marked + after + tail, caret


def _safe(text: str) -> str:
    """Show what a terminal would hide or obey: control and direction characters become a replacement character."""
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character == "\t":
        return _TAB
    return "\ufffd" if unicodedata.category(character) in _HIDDEN_CATEGORIES else character


def _columns(text: str) -> int:
    """The width of text in a terminal; wide characters of East Asian scripts take two columns, marks none."""
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def _summary(diagnostics: tuple[Diagnostic, ...]) -> str:
    errors = sum(one.severity is DiagnosticSeverity.ERROR for one in diagnostics)
    warnings = len(diagnostics) - errors
    counts = [_counted(errors, "error"), _counted(warnings, "warning")]
    return " and ".join(count for count in counts if count)


def _counted(number: int, noun: str) -> str:
    if number == 0:
        return ""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
