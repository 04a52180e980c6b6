"""check, fmt and ir: what a pack is, before anything is judged by it."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from policies.language.command_line.answers import Answer, ExitCode
from policies.language.command_line.arguments import Request
from policies.language.command_line.files import STANDARD_INPUT, read_sources
from policies.language.compilation import CompileResult, compile_pack
from policies.language.diagnostics import Diagnostic
from policies.language.formatter import CannotFormat, format_source
from policies.language.rendering import render
from policies.language.source import Source
from stellapolicy.kernel import canonical_json
from stellapolicy.kernel.canonical_json import JsonValue


def compiled(request: Request) -> tuple[tuple[Source, ...], CompileResult]:
    """Return the sources a request names and what they compile to."""
    sources = read_sources(request.files)
    return sources, compile_pack(sources, groups=frozenset(request.groups))


def refused(sources: Sequence[Source], diagnostics: Sequence[Diagnostic]) -> Answer:
    """Return the answer of every command to a pack that does not compile."""
    return Answer(
        ExitCode.DIAGNOSTICS,
        "",
        {"diagnostics": diagnostics_to_json(diagnostics)},
        complaint=render(diagnostics, sources),
    )


def diagnostics_to_json(diagnostics: Sequence[Diagnostic]) -> list[JsonValue]:
    """Return diagnostics as they stand in documents."""
    return [diagnostic.to_json() for diagnostic in diagnostics]


def check(request: Request) -> Answer:
    """Report every mistake and warning of a pack; 4 where one of them is an error."""
    sources, result = compiled(request)
    if result.program is None:
        return refused(sources, result.diagnostics)
    rules = len(result.program.rules) + len(result.program.release_rules)
    text = f"{_counted(len(sources), 'file')}, {_counted(rules, 'rule')}, {result.program.digest}\n"
    document: JsonValue = {"diagnostics": diagnostics_to_json(result.diagnostics), "program": result.program.digest}
    return Answer(ExitCode.FINE, text, document, complaint=render(result.diagnostics, sources))


def ir(request: Request) -> Answer:
    """Show the canonical program of a pack and its digest."""
    sources, result = compiled(request)
    if result.program is None:
        return refused(sources, result.diagnostics)
    document: JsonValue = {"digest": result.program.digest, "program": result.program.canonical}
    lines = "".join(_program_lines(result.program.canonical))
    return Answer(ExitCode.FINE, f"{result.program.digest}\n{lines}", document)


def _program_lines(canonical: Mapping[str, JsonValue]) -> Iterator[str]:
    """Show each part of a program, and each rule of it, on a line of its own in its canonical JSON."""
    for name in sorted(canonical):
        part = canonical[name]
        members = part if isinstance(part, list) else [part]
        yield from (f"{name} {canonical_json.dumps(member).decode()}\n" for member in members)


def fmt(request: Request) -> Answer:
    """Lay policies out in place, or with `--check` say which are not; files with mistakes are left and reported."""
    sources = read_sources(request.files)
    changed: list[str] = []
    shown: list[str] = []
    mistakes: list[Diagnostic] = []
    for source in sources:
        try:
            formatted = format_source(source.text, source.name)
        except CannotFormat as refusal:
            mistakes += refusal.diagnostics
            continue
        if source.name == STANDARD_INPUT and not request.only_check:
            shown.append(formatted)
        elif _write(source, formatted, only_check=request.only_check):
            changed.append(source.name)
    is_fine = not mistakes and not (request.only_check and changed)
    text = "".join(shown) + "".join(f"{_verb(request)} {name}\n" for name in changed)
    document: JsonValue = {"changed": changed, "diagnostics": diagnostics_to_json(mistakes), "formatted": shown}
    return Answer(
        ExitCode.FINE if is_fine else ExitCode.DIAGNOSTICS, text, document, complaint=render(mistakes, sources)
    )


def _verb(request: Request) -> str:
    return "would format" if request.only_check else "formatted"


def _write(source: Source, formatted: str, *, only_check: bool) -> bool:
    """Write a file where it differs, byte order mark and carriage returns included; return whether it does."""
    wanted = formatted.encode("utf-8")
    if source.name == STANDARD_INPUT:
        return source.text != formatted
    path = Path(source.name)
    if path.read_bytes() == wanted:
        return False
    if not only_check:
        path.write_bytes(wanted)
    return True


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
