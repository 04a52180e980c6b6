"""`manage.py role PERSON ROLE`: gives a role at the machine itself, as the first administrator needs."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from stellapolicy.access.models import User
from stellapolicy.access.roles import Role, Scope
from stellapolicy.access.services.people import assign_role
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import now
from stellapolicy.kernel.refusals import Refusal
from stellapolicy.tenancy.scope import tenant_scope
from stellapolicy.tenancy.selectors import named_tenant


class Command(BaseCommand):
    help = "Gives somebody a role in a whole tenant, without a second person; the audit trail says that it was so."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("person", help="How they sign in.")
        parser.add_argument("role", choices=[role.value for role in Role])
        parser.add_argument("--tenant", default="")
        parser.add_argument("--reason", default="given at the machine itself")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            self.stdout.write(_give(options))
        except Refusal as refusal:
            raise CommandError(f"{refusal.detail} [{refusal.code}]") from refusal


def _give(options: dict[str, Any]) -> str:
    tenant = named_tenant(options["tenant"])
    person = User.objects.filter(username=options["person"]).first()
    if person is None:
        raise CommandError(f"there is nobody called {options['person']}")
    # Whoever may run commands on this machine holds its database.
    actor = Actor(tenant_id=tenant.pk, subject="command:role", scopes=frozenset({Scope.GOVERNANCE_WRITE}))
    with tenant_scope(tenant.pk):
        assign_role(actor=actor, user=person, role=Role(options["role"]), reason=options["reason"], at=now())
    return f"{person.username} is {options['role']} in {tenant.slug}."
