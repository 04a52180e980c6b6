"""`manage.py delete_tenant SLUG`: says what a tenant has; with `--yes-i-mean SLUG` it deletes all of it for good."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from stellapolicy.kernel.clock import now
from stellapolicy.kernel.refusals import Refusal
from stellapolicy.management.erasure import ErasureRefused, Estate, erase_tenant, survey
from stellapolicy.tenancy.schema import as_owner


class Command(BaseCommand):
    help = "Lists what a tenant has; --yes-i-mean deletes every row and file of it, as the owner of the database."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--yes-i-mean", default="", metavar="SLUG", help="The same slug again: delete for good.")
        parser.add_argument("--reason", default="", help="Kept in the audit of the default tenant.")

    def handle(self, *_args: Any, **options: Any) -> None:
        slug, meant = options["slug"], options["yes_i_mean"]
        if meant and meant != slug:
            raise CommandError(f"--yes-i-mean says {meant}, the tenant is {slug}: nothing was deleted")
        try:
            if not meant:
                self._list(survey(slug))
                self.stdout.write(f"Nothing was deleted. To delete all of it: --yes-i-mean {slug}")
                return
            with as_owner():
                self._list(erase_tenant(slug, reason=options["reason"], at=now()))
        except ErasureRefused as refused:
            raise CommandError(str(refused)) from refused
        except Refusal as refusal:
            raise CommandError(f"{refusal.detail} [{refusal.code}]") from refusal
        self.stdout.write(f"{slug} is deleted; the audit of the default tenant remembers it.")

    def _list(self, estate: Estate) -> None:
        for table, count in sorted(estate.rows.items()):
            self.stdout.write(f"{count:>10}  {table}")
        self.stdout.write(f"{len(estate.files):>10}  files that no other tenant has")
