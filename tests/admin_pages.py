"""A tenant in which every page of the admin has something to show, and the addresses of all these pages."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from gates.models import GateDecision, GateJob, GateMode
from gates.requests import GateRequest
from gates.services import jobs
from gates.services.evaluation import evaluate_gate
from policies.models import EpssScore, FeedState, IntelligenceEvent, KevEntry
from policies.services.feeds import load_feed
from stellapolicy.access.models import ApiToken, RoleAssignment, User
from stellapolicy.access.roles import Role
from stellapolicy.admin.base import PageAdmin
from stellapolicy.kernel.actor import Actor
from stellapolicy.management.seeding import seed_contents
from stellapolicy.tenancy.models import Service, Team, Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.exceptions.desk import Desk, make_desk
from tests.factories import TenantFactory, UserFactory, almighty, give_roles, person_with, token_for
from tests.inhabitants.access import believe
from tests.inhabitants.exceptions import forgive
from tests.inhabitants.governance import govern
from tests.inhabitants.outbox import tell
from tests.inhabitants.releases import release
from tests.reports import HARMLESS, KEV_CRITICAL, LOG4SHELL, Vuln, epss_day, kev_catalogue, trivy
from tests.shop import asked, enforce

# What every tenant of an installation shares: a row of these is nobody's secret.
SHARED: frozenset[type[Model]] = frozenset({EpssScore, KevEntry, FeedState, IntelligenceEvent})
HIGH = Vuln("CVE-2023-44487", "golang.org/x/net", "0.7.0", "0.17.0", "HIGH", 7.5)


@dataclass(frozen=True, slots=True)
class Inhabited:
    """A tenant with a row on every page, and somebody who may see them all."""

    tenant: Tenant
    actor: Actor
    person: User
    token: ApiToken
    at: datetime
    desk: Desk

    def ask(
        self, image: str, *reports: bytes, environment: str = "production", at: datetime | None = None
    ) -> GateDecision:
        """Ask a gate."""
        with tenant_scope(self.tenant.pk):
            request = asked(image, *reports, environment=environment)
            return evaluate_gate(actor=self.actor, request=request, at=at or self.at)

    def queue(self, request: GateRequest) -> GateJob:
        """Put a question into the queue."""
        with tenant_scope(self.tenant.pk):
            return jobs.enqueue(actor=self.actor, request=request, at=self.at)

    def sign_in(self, person: User | None = None) -> Client:
        """Return a browser in which somebody (else the one who may see everything) is signed in."""
        client = Client()
        client.force_login(person or self.person)
        return client


def inhabit(slug: str = "acme") -> Inhabited:
    """Make such a tenant: blocked, hidden, queued, tokens, teams, feeds."""
    tenant, at = TenantFactory(slug=slug), datetime.now(tz=UTC)
    seed_contents(tenant, at=at)
    actor = almighty(tenant)
    person = person_with(tenant, Role.AUDITOR)
    with tenant_scope(tenant.pk):
        enforce(actor, GateMode.ENFORCE)
        for day, score in ((at - timedelta(days=1), 0.2), (at, 0.97)):
            load_feed(actor=actor, content=epss_day({LOG4SHELL: score}, day=day.date().isoformat()), at=at)
        load_feed(actor=actor, content=kev_catalogue(LOG4SHELL, released_at="2026-03-02T00:00:00.000Z"), at=at)
        team = Team.objects.create(slug=f"{slug}-team", name=f"{slug} team")
        service = Service.objects.create(
            slug=f"{slug}-service", name=f"{slug} service", team=team, repositories=[f"{slug}/*"]
        )
    give_roles(person, tenant, Role.SERVICE, service=service)
    token = token_for(person_with(tenant, Role.SERVICE), tenant, "gate:evaluate", "evidence:write").token
    inhabited = Inhabited(tenant, actor, person, token, at, make_desk(tenant))
    scanned = at - timedelta(hours=1)
    inhabited.ask(f"{slug}/api", trivy(f"{slug}/api", [HIGH, HARMLESS], hidden=[KEV_CRITICAL], scanned_at=scanned))
    inhabited.queue(asked(f"{slug}/api", environment="staging"))
    believe(tenant, service, at=at)
    govern(tenant, at=at)
    tell(actor, person, at=at)
    release(actor, f"{slug}/api", at=at)
    forgive(inhabited.desk, f"{slug}/api", held=HARMLESS.id, asked=HIGH.id, at=at)
    return inhabited


def stranger() -> User:
    """Return somebody who may see everything, in a tenant of their own with nothing in it."""
    tenant = TenantFactory()
    seed_contents(tenant, at=datetime.now(tz=UTC))
    return person_with(tenant, *Role)


def superuser() -> User:
    """Return a superuser without any role."""
    return UserFactory(is_superuser=True)


def pages() -> list[PageAdmin[Model]]:
    """Return every page of the admin, by model."""
    registered = admin.site._registry.values()
    return sorted((page for page in registered if isinstance(page, PageAdmin)), key=lambda page: page.opts.label_lower)


def rows_of(page: PageAdmin[Model], tenant: Tenant) -> list[Model]:
    """Return the rows of a page that belong to the tenant."""
    model = page.model
    with tenant_scope(tenant.pk):
        if model is User:
            return list(User.objects.filter(pk__in=RoleAssignment.objects.values("user")))
        rows = model._default_manager.all()
        return list(rows.filter(tenant=tenant) if hasattr(model, "tenant") else rows)


def list_address(page: PageAdmin[Model]) -> str:
    """Return where a list is."""
    return reverse(f"admin:{page.opts.app_label}_{page.opts.model_name}_changelist")


def page_address(page: PageAdmin[Model], row: Model, verb: str = "change") -> str:
    """Return where the page of a row is, or another of Django's own doors to it."""
    return reverse(f"admin:{page.opts.app_label}_{page.opts.model_name}_{verb}", args=[row.pk])


def addresses_of(page: PageAdmin[Model], row: Model) -> Iterator[str]:
    """Give every address below a page that names a row: Django's own doors and ours."""
    for pattern in page.get_urls():
        parameters = list(pattern.pattern.converters)
        if len(parameters) == 1 and pattern.name:
            yield reverse(f"admin:{pattern.name}", args=[row.pk])
