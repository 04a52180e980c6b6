"""`manage.py wiring`: what stands behind every port of this installation; exit 1 where production may not run so."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from stellapolicy.wiring import wired


class Command(BaseCommand):
    help = "Prints every port, the class behind it and what configures it."

    def handle(self, *_args: Any, **_options: Any) -> None:
        found = list(wired())
        for known in found:
            mark = "" if known.is_fit else "  not fit for production"
            self.stdout.write(f"{known.port.name:<16}{known.stands:<66}{known.port.configured_by}{mark}")
        if unfit := [known.port.name for known in found if not known.is_fit]:
            raise CommandError(f"not fit for production: {', '.join(unfit)}")
