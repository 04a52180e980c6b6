"""Write the tables of docs/api.md from the OpenAPI document, or tell whether they are up to date."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from stellapolicy.api import schema
from stellapolicy.management.api_tables import inserted


class Command(BaseCommand):
    help = "Write the tables of docs/api.md from the API as it is; with --check only say whether they are."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--file", type=Path, default=Path(settings.BASE_DIR) / "docs" / "api.md")
        parser.add_argument("--check", action="store_true", help="change nothing; exit 1 where they differ")

    def handle(self, *_args: Any, file: Path, check: bool, **_: Any) -> None:
        page = file.read_text(encoding="utf-8")
        written = inserted(page, json.loads(schema.document()))
        if written == page:
            return
        if check:
            raise CommandError(f"{file.name} is not what the API is: run `manage.py api_tables`")
        file.write_text(written, encoding="utf-8")
