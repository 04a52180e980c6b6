"""`python -m policies.importers FILE…`: what an import would make of a file, without database or server.

Exit codes: 0 every file can be imported, 4 a file is refused, 10 anything unforeseen, 11 wrong usage; never 1.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from policies.importers.refusals import ImportRefused
from policies.importers.registry import import_file
from policies.importers.summary import refused, summarise
from policies.importers.table import as_text
from stellapolicy.kernel import canonical_json
from stellapolicy.kernel.canonical_json import JsonValue

FINE, REFUSED, INTERNAL, USAGE = 0, 4, 10, 11


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str]) -> int:
    """Print what becomes of each file and return the exit code."""
    parser = _Parser(prog="python -m policies.importers", description="Shows what an import would make of a file.")
    parser.add_argument("files", nargs="+", metavar="FILE", type=Path)
    parser.add_argument("--json", action="store_true", help="canonical JSON for machines instead of text")
    options = parser.parse_args(arguments)
    missing = [path for path in options.files if not path.is_file()]
    if missing:
        parser.error(f"no such file: {missing[0]}")
    shown = [_look_at(path) for path in options.files]
    if options.json:
        sys.stdout.write(canonical_json.dumps([{"file": name, **summary} for name, summary in shown]).decode() + "\n")
    else:
        sys.stdout.write("\n\n".join(as_text(name, summary) for name, summary in shown) + "\n")
    return REFUSED if any("refused" in summary for _, summary in shown) else FINE


def _look_at(path: Path) -> tuple[str, dict[str, JsonValue]]:
    try:
        with path.open("rb") as stream:
            return str(path), summarise(import_file(stream))
    except ImportRefused as refusal:
        return str(path), refused(refusal)


def run() -> NoReturn:
    """Run the command; whatever was not foreseen leaves with 10, so that 1 never means anything."""
    try:
        code = main(sys.argv[1:])
    except Exception as surprise:  # noqa: BLE001 - the outermost door turns a surprise into its exit code
        sys.stderr.write(f"internal error: {surprise!r}\n")
        code = INTERNAL
    sys.exit(code)


if __name__ == "__main__":
    run()
