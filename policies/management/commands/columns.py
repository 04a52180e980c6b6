"""Looks after the columns of the estate: write what is missing, verify, compact, rebuild."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from policies.services import columns
from stellapolicy.kernel.clock import now
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from stellapolicy.tenancy.selectors import named_tenant


class Command(BaseCommand):
    help = "Writes missing columns, verifies them against the database, compacts small files, or rebuilds all."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("deed", choices=["write", "verify", "compact", "rebuild"])
        parser.add_argument("--tenant", default="", help="slug; without it every tenant")

    def handle(self, *, deed: str, tenant: str, **_: Any) -> None:
        tenants = [named_tenant(tenant)] if tenant else list(Tenant.objects.order_by("slug"))
        damaged = 0
        for one in tenants:
            with tenant_scope(one.pk):
                damaged += self._do(deed, one)
        if damaged:
            raise CommandError(f"{damaged} damaged; `manage.py columns rebuild` makes them anew from the database")

    def _do(self, deed: str, tenant: Tenant) -> int:
        match deed:
            case "write":
                self.stdout.write(f"{tenant.slug}: {columns.write_missing(at=now())} snapshots written")
            case "compact":
                self.stdout.write(f"{tenant.slug}: {columns.compact(at=now())} files put together")
            case "rebuild":
                self.stdout.write(f"{tenant.slug}: {columns.rebuild(at=now())} snapshots written anew")
            case _:
                faults = columns.verify()
                for fault in faults:
                    self.stdout.write(f"{tenant.slug}: {fault.digest}: {fault.detail}")
                self.stdout.write(f"{tenant.slug}: {'intact' if not faults else 'damaged'}")
                return len(faults)
        return 0
