"""`manage.py replay ID`: decides again from what a decision froze, and says whether the answer is the same."""

import sys
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from gates.models import GateDecision
from gates.services.replay import ReplayOutcome, replay
from stellapolicy.kernel.refusals import Refusal
from stellapolicy.tenancy.scope import tenant_scope
from stellapolicy.tenancy.selectors import named_tenant

_DIFFERENT = 2


class Command(BaseCommand):
    help = "Replays a decision; exit 0 when it is byte for byte the same, 2 when it differs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("decision", type=UUID)
        parser.add_argument("--tenant", default="")

    def handle(self, *_args: Any, **options: Any) -> None:
        with tenant_scope(named_tenant(options["tenant"]).pk):
            decision = GateDecision.objects.select_related("snapshot").filter(pk=options["decision"]).first()
            if decision is None:
                raise CommandError(f"{options['decision']} is no decision of this tenant")
            try:
                result = replay(decision)
            except Refusal as refusal:
                raise CommandError(f"{refusal.detail} [{refusal.code}]") from refusal
        self.stdout.write(f"{result.outcome}: {result.body_digest}")
        for pointer, kept, repeated in result.differences:
            self.stdout.write(f"  {pointer}: was {kept!r}, is {repeated!r}")
        if result.outcome is ReplayOutcome.MISMATCH:
            sys.exit(_DIFFERENT)
