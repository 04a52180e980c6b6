"""Keeps packs: sources in, compiled and tested revisions out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from policies.errors import PackDoesNotCompile, PackUnknown
from policies.language.compilation import CompileResult, compile_pack, run_tests
from policies.language.diagnostics import Diagnostic
from policies.language.formatter import CannotFormat, format_source
from policies.language.program import Program
from policies.language.source import Source
from policies.models import PackRevision, PolicyPack
from stellapolicy.audit import services as audit
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.refusals import Fault


@dataclass(frozen=True, slots=True)
class PackFile:
    """One source file of a pack."""

    path: str
    text: str


@transaction.atomic
def draft_revision(*, actor: Actor, pack: str, files: Sequence[PackFile], at: datetime) -> PackRevision:
    """Compile the files and keep them as a new draft; sources that do not compile are refused whole.

    Raises PackUnknown, and PackDoesNotCompile with every mistake at its place.
    """
    row = PolicyPack.objects.locked().filter(name=pack).first()
    if row is None:
        raise PackUnknown(f"{pack[:100]!r} is no pack of this tenant")
    revision = keep_revision(actor=actor, pack=row, files=files, at=at)
    audit.record(actor, "pack.revision_drafted", revision, at=at, after_digest=revision.digest)
    return revision


def keep_revision(*, actor: Actor, pack: PolicyPack, files: Sequence[PackFile], at: datetime) -> PackRevision:
    """Write the next revision of a pack that the caller holds."""
    ordered = sorted(files, key=lambda file: file.path)
    sources = [Source(name=file.path, text=file.text) for file in ordered]
    result, program = compiled(sources)
    last = pack.revisions.aggregate(last=Max("version"))["last"] or 0
    return PackRevision.objects.create(
        pack=pack,
        version=last + 1,
        sources=[{"path": file.path, "text": file.text} for file in ordered],
        program=program.canonical,
        digest=program.digest,
        warnings=[diagnostic.to_json() for diagnostic in result.diagnostics],
        tests=run_tests(result).to_json(),
        author=actor.subject,
        created_at=at,
    )


def compiled(sources: Sequence[Source]) -> tuple[CompileResult, Program]:
    """Return what these sources compile to, warnings beside the program, or refuse with every mistake."""
    result = compile_pack(sources)
    if result.program is None:
        raise _refusal(result.diagnostics)
    return result, result.program


def formatted(files: Sequence[PackFile]) -> list[PackFile]:
    """Return the files in their one format, or refuse with every mistake."""
    try:
        return [PackFile(file.path, format_source(file.text, file.path)) for file in files]
    except CannotFormat as refusal:
        raise _refusal(refusal.diagnostics) from None


def _refusal(diagnostics: Sequence[Diagnostic]) -> PackDoesNotCompile:
    faults = tuple(
        Fault(
            pointer=f"/files/{diagnostic.file}",
            code=diagnostic.code,
            message=f"{diagnostic.file}:{diagnostic.line}:{diagnostic.column}: {diagnostic.message}"
            + (f" ({diagnostic.hint})" if diagnostic.hint else ""),
        )
        for diagnostic in diagnostics
        if diagnostic.is_error
    )
    first = f"; the first: {faults[0].message}" if faults else ": there is no policy in it"
    return PackDoesNotCompile(f"{len(faults)} mistake(s){first}", faults=faults)
