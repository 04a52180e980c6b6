"""`manage.py feeds load FILE…`: loads EPSS days and KEV catalogues, recognised by their content."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from policies.services.feeds import load_feed
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import now
from stellapolicy.kernel.refusals import Refusal
from stellapolicy.tenancy.scope import tenant_scope
from stellapolicy.tenancy.selectors import named_tenant


class Command(BaseCommand):
    help = "Loads feeds: whole or not at all."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("verb", choices=["load"])
        parser.add_argument("files", nargs="+", type=Path)
        parser.add_argument("--tenant", default="", help="In whose audit the load is recorded.")

    def handle(self, *_args: Any, **options: Any) -> None:
        tenant = named_tenant(options["tenant"])
        actor = Actor(tenant_id=tenant.pk, subject="command:feeds")
        for path in options["files"]:
            try:
                content = path.read_bytes()
                with tenant_scope(tenant.pk):
                    loaded = load_feed(actor=actor, content=content, at=now())
            except OSError as error:
                raise CommandError(f"{path}: {error.strerror}") from error
            except Refusal as refusal:
                raise CommandError(f"{path}: {refusal.detail} [{refusal.code}]") from refusal
            self.stdout.write(
                f"{path.name}: {loaded.name} {loaded.version}, {loaded.row_count} rows, {loaded.changed} changed"
            )
