"""`manage.py tune FOLDER…`: what every shipped pack and preset says of real reports, as a Markdown table."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from gates.deciding.tuning import Feeds, Trial, try_out
from policies.bootstrap import SHIPPED, shipped_files
from policies.importers.records import EpssDay, ImportedReport, KevCatalogue, SourceType
from policies.importers.refusals import ImportRefused
from policies.importers.registry import import_file
from policies.language.program import Program
from policies.language.source import Source
from policies.services.packs import compiled

_MARKS = {"pass": "pass", "warn": "warn", "block": "**block**", "observed": "(block)"}


class Command(BaseCommand):
    help = "Prints the verdict of every shipped pack and preset on the scan reports found in folders."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folders", nargs="+", type=Path)
        parser.add_argument("--epss", type=Path, required=True)
        parser.add_argument("--kev", type=Path, required=True)

    def handle(self, *_args: Any, **options: Any) -> None:
        trials = try_out(_reports(options["folders"]), _packs(), _feeds(options["epss"], options["kev"]))
        for line in table(trials):
            self.stdout.write(line)


def table(trials: Sequence[Trial]) -> Iterable[str]:
    """Give the lines of a table: a row for each report, a column for each pack and preset, and the sums below."""
    columns = list(dict.fromkeys((trial.pack, trial.preset) for trial in trials))
    yield "| report | findings | " + " | ".join(f"{pack} · {preset}" for pack, preset in columns) + " |"
    yield "|---|---|" + "---|" * len(columns)
    for name in dict.fromkeys(trial.report for trial in trials):
        row = {(trial.pack, trial.preset): trial for trial in trials if trial.report == name}
        cells = [_cell(row[column]) for column in columns]
        yield f"| {name} | {row[columns[0]].findings} | " + " | ".join(cells) + " |"
    sums = [Counter(trial.verdict for trial in trials if (trial.pack, trial.preset) == column) for column in columns]
    yield (
        "| **pass / warn / block** | | "
        + " | ".join(f"{one['pass']} / {one['warn']} / {one['block'] + one['observed']}" for one in sums)
        + " |"
    )


def _cell(trial: Trial) -> str:
    mark = _MARKS[trial.verdict]
    return f"{mark} `{trial.why}`" if trial.why else mark


def _packs() -> dict[str, Program]:
    folders = sorted(path.name for path in SHIPPED.iterdir() if path.is_dir())
    return {
        name: compiled([Source(name=file.path, text=file.text) for file in shipped_files(name)])[1] for name in folders
    }


def _reports(folders: Sequence[Path]) -> dict[str, tuple[bytes, ImportedReport]]:
    """Return the scan reports that can be read; an inventory alone is no scan and is left out."""
    found = {}
    for folder in folders:
        for path in sorted(folder.iterdir()):
            try:
                report = import_file(path.read_bytes()) if path.is_file() else None
            except ImportRefused:
                continue
            if isinstance(report, ImportedReport) and report.source_type is SourceType.SCAN:
                found[f"{folder.name}/{path.name}"] = (path.read_bytes(), report)
    return found


def _feeds(epss: Path, kev: Path) -> Feeds:
    day, catalogue = import_file(epss.read_bytes()), import_file(kev.read_bytes())
    if not isinstance(day, EpssDay) or not isinstance(catalogue, KevCatalogue):
        raise CommandError("--epss takes an EPSS day and --kev a KEV catalogue")
    return Feeds(day, catalogue)
