"""`manage.py feeds load FILE… | fetch [NAME…] | list`: the operator's own door to the feeds."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from policies.intelligence import standing
from policies.models import FeedName, FeedState, HeldFeed
from policies.models.feeds import FeedOrigin
from policies.services.feed_fetch import FetchOutcome, fetch_feed
from policies.services.feed_uploads import receive_feed
from policies.services.feeds import LoadedFeed
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import now
from stellapolicy.kernel.refusals import Refusal
from stellapolicy.tenancy.scope import tenant_scope
from stellapolicy.tenancy.selectors import named_tenant


class Command(BaseCommand):
    help = "Loads, fetches and lists the feeds every tenant shares: whole or not at all."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        load = verbs.add_parser("load", help="Loads files, recognised by their content.")
        load.add_argument("files", nargs="+", type=Path)
        load.add_argument("--tenant", default="", help="In whose audit the load is recorded.")
        fetch = verbs.add_parser("fetch", help="Fetches the feeds that have an address, unless they are unchanged.")
        fetch.add_argument("names", nargs="*", choices=[*FeedName.values, []])
        verbs.add_parser("list", help="Says how every feed stands.")

    def handle(self, *_args: Any, **options: Any) -> None:
        match options["verb"]:
            case "load":
                self._load(options["files"], tenant=options["tenant"])
            case "fetch":
                self._fetch([FeedName(name) for name in options["names"] or FeedName.values])
            case _:
                self._list()

    def _load(self, files: list[Path], *, tenant: str) -> None:
        owner = named_tenant(tenant or settings.INSTALLATION_TENANT)
        actor = Actor(tenant_id=owner.pk, subject="command:feeds")
        for path in files:
            try:
                content = path.read_bytes()
                with tenant_scope(owner.pk):
                    received = receive_feed(actor=actor, content=content, origin=FeedOrigin.COMMAND, at=now())
            except OSError as error:
                raise CommandError(f"{path}: {error.strerror}") from error
            except Refusal as refusal:
                raise CommandError(f"{path}: {refusal.detail} [{refusal.code}]") from refusal
            if isinstance(received, HeldFeed):
                raise CommandError(f"{path}: {received.reason}; kept aside as {received.pk} [{received.code}]")
            self.stdout.write(f"{path.name}: {_said(received)}")

    def _fetch(self, names: list[FeedName]) -> None:
        failed = False
        for name in names:
            try:
                fetched = fetch_feed(name=name, at=now())
            except Refusal as refusal:
                raise CommandError(f"{name.value}: {refusal.detail} [{refusal.code}]") from refusal
            failed |= fetched.outcome in {FetchOutcome.FAILED, FetchOutcome.KEPT_ASIDE}
            said = _said(fetched.loaded) if fetched.loaded else fetched.detail
            code = f" [{fetched.code}]" if fetched.code else ""
            self.stdout.write(f"{name.value}: {fetched.outcome.value}{'; ' if said else ''}{said}{code}")
        if failed:
            raise CommandError("not every feed could be fetched")

    def _list(self) -> None:
        known = {state.name: state for state in FeedState.objects.all()}
        for name in FeedName:
            state = known.get(name)
            stands = standing(state, at=now())
            said = f"{name.value}: {stands.freshness.value}"
            if state is not None and state.model_date:
                said += f", {state.version} of {state.model_date}, {state.row_count} rows"
            if state is not None and state.is_failed:
                said += f"; {state.failures} failed checks, the last one: {state.error} [{state.error_code}]"
            self.stdout.write(said)


def _said(loaded: LoadedFeed) -> str:
    past = ", into the history alone" if loaded.is_past else ""
    return f"{loaded.name} {loaded.version}, {loaded.row_count} rows, {loaded.changed} changed{past}"
