"""`manage.py token NAME`: issues an API token at the machine itself and shows its secret once."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from stellapolicy.access.models import User
from stellapolicy.access.roles import Scope
from stellapolicy.access.selectors import grants_of
from stellapolicy.access.services.tokens import issue_token
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import now
from stellapolicy.kernel.refusals import Refusal
from stellapolicy.tenancy.scope import tenant_scope
from stellapolicy.tenancy.selectors import named_tenant

_USUAL = (
    Scope.EVIDENCE_WRITE,
    Scope.GATE_EVALUATE,
    Scope.GATE_READ,
    Scope.FINDINGS_READ,
    Scope.POLICY_READ,
    Scope.EXCEPTION_READ,
)


class Command(BaseCommand):
    help = "Issues an API token; the secret goes to standard output, alone, so that a shell can take it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--for", dest="person", default="pipeline", help="The person it speaks for.")
        parser.add_argument("--scope", action="append", default=[], help="Once per scope; usual ones for a pipeline.")
        parser.add_argument("--days", type=int, default=90)
        parser.add_argument("--tenant", default="")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            self.stdout.write(_issue(options))
        except Refusal as refusal:
            raise CommandError(f"{refusal.detail} [{refusal.code}]") from refusal


def _issue(options: dict[str, Any]) -> str:
    tenant = named_tenant(options["tenant"])
    person = User.objects.filter(username=options["person"]).first()
    if person is None:
        raise CommandError(f"there is nobody called {options['person']}")
    with tenant_scope(tenant.pk):
        held = grants_of(person).everywhere
        scopes = options["scope"] or [scope for scope in _USUAL if scope in held]
        # Whoever may run commands on this machine holds its database; the token is still bounded by its person.
        actor = Actor(tenant_id=tenant.pk, subject="command:token", scopes=frozenset(Scope))
        issued = issue_token(
            actor=actor,
            user=person,
            name=options["name"],
            scopes=scopes,
            lifetime=timedelta(days=options["days"]),
            at=now(),
        )
    return issued.secret
