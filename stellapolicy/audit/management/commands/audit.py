"""Tell whether the history is whole (`audit verify`), and what it says (`audit export`)."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from stellapolicy.audit import selectors
from stellapolicy.kernel import canonical_json
from stellapolicy.tenancy.models import Tenant


class Command(BaseCommand):
    help = "Verify the hash chain of the audit entries (exit 1 where it is broken), or export it as NDJSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        for verb, sentence in (("verify", "walk every chain"), ("export", "one JSON object a line, in order")):
            verbs.add_parser(verb, help=sentence).add_argument("--tenant", help="slug; without it every tenant")

    def handle(self, *, verb: str, tenant: str | None, **_: Any) -> None:
        tenants = Tenant.objects.order_by("slug")
        chosen = list(tenants.filter(slug=tenant) if tenant else tenants)
        if tenant and not chosen:
            raise CommandError(f"there is no tenant {tenant}")
        if verb == "export":
            self._export(chosen)
        else:
            self._verify(chosen)

    def _export(self, tenants: list[Tenant]) -> None:
        for tenant in tenants:
            for link in selectors.links(tenant.pk):
                line = {**link.statement.to_json(), "hash": link.hash}
                self.stdout.write(canonical_json.dumps(line).decode())

    def _verify(self, tenants: list[Tenant]) -> None:
        broken = 0
        for tenant in tenants:
            found = selectors.verify(tenant.pk)
            state = "broken" if found.breaks else "intact"
            self.stdout.write(f"{tenant.slug}: {state}, {found.entries} entries, head {found.head_hash}")
            for place in found.breaks:
                self.stdout.write(f"  entry {place.seq}: {place.kind}, {place.detail}")
            broken += bool(found.breaks)
        if broken:
            raise CommandError(f"the chain of {broken} tenant{'' if broken == 1 else 's'} is broken")
