"""`manage.py bootstrap`: seeds what the product needs; `--demo` adds a tenant to try it in."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from stellapolicy.kernel.clock import now
from stellapolicy.management.demo import seed_demo
from stellapolicy.management.seeding import bootstrap


class Command(BaseCommand):
    help = "Seeds roles, tenant, packs, gates and the schedule; safe to run at every start."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", action="store_true", help="Adds the tenant `demo` with people and reports.")

    def handle(self, *_args: Any, **options: Any) -> None:
        at = now()
        bootstrap(at=at, say=self.stdout.write)
        if options["demo"]:
            if not settings.LAPTOP:
                raise CommandError("demo people have a shared password: --demo is for a laptop only")
            seed_demo(at=at, say=self.stdout.write)
