"""`manage.py environment`: prints the variables an installation reads; `--write` puts them into the documentation."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from stellapolicy.management.environment import replaced, table, variables


class Command(BaseCommand):
    help = "Prints every environment variable with its meaning and the default of production."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--write", action="store_true", help="Puts the table into docs/operations.md.")

    def handle(self, *_args: Any, **options: Any) -> None:
        said = table(variables(Path(settings.BASE_DIR) / "stellapolicy" / "settings.py"))
        if not options["write"]:
            self.stdout.write(said)
            return
        document = Path(settings.BASE_DIR) / "docs" / "operations.md"
        document.write_text(replaced(document.read_text(encoding="utf-8"), said), encoding="utf-8")
