"""What becomes of every real file: read as which format with how many records, or refused with which code and place.

`python -m tests.policies.importers.conformance` prints the table; with `--write` it becomes docs/conformance.md.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from policies.importers.records import EpssDay, Imported, ImportedReport, KevCatalogue
from policies.importers.refusals import ImportRefused
from policies.importers.registry import import_file
from tests.real_data import real_data

PAGE = Path(__file__).resolve().parents[3] / "docs/conformance.md"
FOLDERS = ("intel", "sbom", "scans", "vex")
# Lists about the files, not files somebody would upload.
BESIDE = frozenset(
    {
        "intel/README.md",
        "scans/COUNTS_trivy_grype.json",
        "scans/EXPECTED_COUNTS.csv",
        "vex/csaf-validator/testcases.json",
        "vex/trivy-apply/cases.json",
    }
)
_HEAD = """# Conformance
What becomes of every file of the collected real reports, inventories, VEX documents and feeds. Written by
`python -m tests.policies.importers.conformance --write`, checked by the tests.

| file | outcome | components | findings | claims | reachability | place of a refusal, or what was found |
|---|---|--:|--:|--:|--:|---|
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One file and what becomes of it."""

    path: str
    outcome: str
    components: int = 0
    findings: int = 0
    claims: int = 0
    reachability: int = 0
    remark: str = ""

    def written(self) -> str:
        """The row as Markdown."""
        counts = (self.components, self.findings, self.claims, self.reachability)
        shown = " | ".join(str(count) if count else "" for count in counts)
        return f"| {self.path} | {self.outcome} | {shown} | {self.remark.replace('|', '¦')} |"


def paths() -> Iterator[str]:
    """Return every file that somebody would upload, by its place among the real data."""
    for folder in FOLDERS:
        root = real_data(folder)
        for path in sorted(root.rglob("*")):
            name = f"{folder}/{path.relative_to(root).as_posix()}"
            if path.is_file() and name not in BESIDE and path.suffix != ".md":
                yield name


def judged(path: str) -> Row:
    """Return what becomes of a file."""
    try:
        return _read(path, import_file(real_data(path).read_bytes()))
    except ImportRefused as refusal:
        places = ", ".join(sorted({fault.pointer for fault in refusal.faults if fault.pointer}))
        return Row(path, f"refused `{refusal.code}`", remark=places[:120])


def _read(path: str, imported: Imported) -> Row:
    match imported:
        case ImportedReport():
            kinds = Counter(finding.kind.value for finding in imported.findings)
            return Row(
                path,
                imported.format,
                len(imported.components),
                len(imported.findings),
                len(imported.claims),
                len(imported.reachability),
                ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())),
            )
        case EpssDay():
            return Row(path, "epss", remark=f"{len(imported):,} scores of {imported.score_date.isoformat()}")
        case KevCatalogue():
            return Row(path, "kev", remark=f"{len(imported.entries):,} entries, version {imported.version}")


def page() -> str:
    """Return the whole table as Markdown."""
    rows = [judged(path) for path in paths()]
    outcomes = Counter("refused" if row.outcome.startswith("refused") else "read" for row in rows)
    summary = f"\n{len(rows)} files: {outcomes['read']} read, {outcomes['refused']} refused, each whole.\n"
    return _HEAD + "\n".join(row.written() for row in rows) + "\n" + summary


if __name__ == "__main__":
    text = page()
    if "--write" in sys.argv:
        PAGE.write_text(text, encoding="utf-8")
    else:
        print(text)  # noqa: T201 - a command prints
