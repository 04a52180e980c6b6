"""`manage.py exceptions import FILE --person NAME | export`: the operator's own door to moving exceptions."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from exceptions.formats.nodes import moment_of
from exceptions.formats.writing import Format
from exceptions.rules.vocabulary import ExceptionType, Reason
from exceptions.services.exporting import Exported, Only, export_exceptions
from exceptions.services.importing import ImportedEntry, ImportResult, Outcome, import_exceptions
from stellapolicy.access.models import RoleAssignment, User
from stellapolicy.access.roles import Role, Scope, scopes_of_roles
from stellapolicy.access.selectors import grants_of
from stellapolicy.kernel.actor import Actor, ScopeMissing
from stellapolicy.kernel.clock import now
from stellapolicy.kernel.refusals import Refusal
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from stellapolicy.tenancy.selectors import named_tenant

_SUBJECT = "command:exceptions"
_MOST_NAMED = 5


class Command(BaseCommand):
    help = "Proposes the exceptions of a file in somebody's name, or writes those in force as a document."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        brought = verbs.add_parser("import", help="Proposes what a file holds; others decide.")
        brought.add_argument("file", type=Path)
        brought.add_argument("--person", required=True, help="Who asks: they need the scope, and cannot approve it.")
        brought.add_argument("--owner-team", default="")
        brought.add_argument("--environment", action="append", default=[], dest="environments")
        brought.add_argument("--service", action="append", default=[], dest="services")
        brought.add_argument("--ticket", default="")
        brought.add_argument("--reason", choices=[one.value for one in Reason], default="")
        brought.add_argument("--expires-at", default="", help="An instant or a day, for what states no end.")
        brought.add_argument("--dry-run", action="store_true")
        brought.add_argument("--all-or-nothing", action="store_true")
        written = verbs.add_parser("export", help="Writes the exceptions in force.")
        written.add_argument("--format", choices=[one.value for one in Format], default=Format.NDJSON.value)
        written.add_argument("--sign", action="store_true", help="Write the signed envelope (DSSE) instead.")
        written.add_argument("--artifact", default="", help="Digest of the one artifact the document is about.")
        written.add_argument("--vulnerability", default="")
        written.add_argument("--purl", default="")
        written.add_argument("--service", default="")
        written.add_argument("--environment", default="")
        written.add_argument("--owner", default="")
        written.add_argument("--type", choices=[one.value for one in ExceptionType], default="")
        written.add_argument("--reason", choices=[one.value for one in Reason], default="")
        written.add_argument("--output", type=Path, default=None, help="A file; else standard output.")
        for verb in (brought, written):
            verb.add_argument("--tenant", default="")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            tenant = named_tenant(options["tenant"])
            if options["verb"] == "import":
                self._tell(_imported(tenant, options, at=now()))
            else:
                with tenant_scope(tenant.pk):
                    exported = _exported(tenant.pk, options, at=now())
                self._write(exported, options)
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from error
        except Refusal as refusal:
            lines = [f"{refusal.detail} [{refusal.code}]"]
            lines += [f"  {fault.pointer or '/'}: {fault.message} [{fault.code}]" for fault in refusal.faults]
            raise CommandError("\n".join(lines)) from refusal

    def _tell(self, result: ImportResult) -> None:
        for entry in result.entries:
            self.stdout.write(_line(entry))
            for loss in entry.losses:
                self.stdout.write(f"    {loss.kind.value} {loss.member}: {loss.message}")
        for note in result.notes:
            self.stdout.write(f"{note.kind.value} {note.member}: {note.message}")
        counts = ", ".join(f"{count} {outcome}" for outcome, count in result.counts.items() if count)
        dry = " (nothing was kept)" if result.dry_run else ""
        self.stdout.write(f"{result.title}: {counts or 'nothing in it'}{dry}")
        if result.counts[Outcome.REFUSED.value]:
            raise CommandError("not every entry could be proposed")

    def _write(self, exported: Exported, options: dict[str, Any]) -> None:
        for loss in exported.written.losses:
            self.stderr.write(f"{loss.about or 'all'}: {loss.kind.value} {loss.member}: {loss.message}")
        content = exported.written.content.decode()
        if options["sign"]:
            if exported.envelope is None:
                raise CommandError(f"unsigned: {exported.unsigned_because}")
            content = json.dumps(exported.envelope)
        if options["output"] is None:
            self.stdout.write(content, ending="")
        else:
            options["output"].write_text(content, encoding="utf-8")


def _imported(tenant: Tenant, options: dict[str, Any], *, at: datetime) -> ImportResult:
    file: Path = options["file"]
    expires_at = moment_of(options["expires_at"]) if options["expires_at"] else None
    if options["expires_at"] and expires_at is None:
        raise CommandError(f"{options['expires_at']!r} is neither a day nor an instant with a zone")
    with tenant_scope(tenant.pk):
        actor = _person(tenant, options["person"])
    # Outside a transaction, so that the import keeps its batches one after the other.
    return import_exceptions(
        actor=actor,
        content=file.read_bytes(),
        filename=file.name,
        owner_team=options["owner_team"],
        environments=options["environments"],
        services=options["services"],
        ticket=options["ticket"],
        reason=Reason(options["reason"]) if options["reason"] else None,
        expires_at=expires_at,
        dry_run=options["dry_run"],
        all_or_nothing=options["all_or_nothing"],
        at=at,
    )


def _exported(tenant_id: UUID, options: dict[str, Any], *, at: datetime) -> Exported:
    only = Only(
        vulnerability=options["vulnerability"],
        package=options["purl"],
        service=options["service"],
        environment=options["environment"],
        owner_team=options["owner"],
        type=ExceptionType(options["type"]) if options["type"] else None,
        reason=Reason(options["reason"]) if options["reason"] else None,
        artifact=options["artifact"],
    )
    actor = Actor(tenant_id=tenant_id, subject=_SUBJECT, scopes=frozenset({Scope.EXCEPTION_READ}))
    return export_exceptions(actor=actor, wanted=Format(options["format"]), only=only, sign=options["sign"], at=at)


def _person(tenant: Tenant, username: str) -> Actor:
    """Return somebody as they act through whoever runs commands: bounded by what they hold, and nobody's approver."""
    person = User.objects.filter(username=username, is_active=True).first()
    if person is None:
        raise CommandError(f"there is nobody called {username}")
    grants = grants_of(person)
    actor = Actor(
        tenant_id=tenant.pk,
        subject=_SUBJECT,
        scopes=frozenset(grants.everywhere),
        service_scopes={service: frozenset(held) for service, held in grants.by_service.items()},
        extra={"person": person.subject, "username": person.username, "password_by": person.password_set_by},
    )
    if not actor.holds_anywhere(Scope.EXCEPTION_WRITE):
        raise ScopeMissing(f"{username} does not hold {Scope.EXCEPTION_WRITE} in {tenant.slug}; {_who_could()}")
    return actor


def _who_could() -> str:
    """Return who could ask instead, as far as their roles are their own."""
    roles = [role for role in Role if Scope.EXCEPTION_WRITE in scopes_of_roles([role])]
    able = RoleAssignment.objects.filter(role__in=roles, user__is_active=True).order_by("user__username")
    names = list(able.values_list("user__username", flat=True).distinct()[:_MOST_NAMED])
    named = f"--person may be {', '.join(names)}" if names else "nobody does"
    return f"{named} (the roles that do: {', '.join(sorted(roles))})"


def _line(entry: ImportedEntry) -> str:
    about = " ".join(filter(None, (entry.number, entry.level.upper(), f"[{entry.code}]" if entry.code else "")))
    return f"{entry.place or '/'}: {entry.title}: {entry.outcome.value}{f' {about}' if about else ''}" + (
        f" ({entry.why})" if entry.why else ""
    )
