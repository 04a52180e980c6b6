"""Demo data for a laptop: a tenant whose production gate enforces, people, feeds of the day and reports to try."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from gates.bootstrap import seed_gates
from gates.models import GateDecision, GateMode
from gates.requests import GateRequest
from gates.services.evaluation import evaluate_gate
from policies.bootstrap import seed_packs
from policies.importers.registry import import_report
from policies.models import FeedState
from policies.services.evidence import ArtifactReference, Upload
from policies.services.feeds import SAMPLE, load_feed
from stellapolicy.access.models import User
from stellapolicy.access.roles import Role, Scope
from stellapolicy.access.services.people import assign_role, create_person
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.tenancy.bootstrap import seed_environments, seed_tenant
from stellapolicy.tenancy.models import Service, Team
from stellapolicy.tenancy.scope import tenant_scope

DEMO_TENANT = "demo"
_REPORTS = Path(__file__).parent / "demo_reports"
_FEEDS = Path(__file__).parent / "demo_feeds"
_MODES = {"production": GateMode.ENFORCE, "staging": GateMode.WARN, "development": GateMode.OBSERVE}
# Loading a feed of the very moment would be dated ahead of a decision by clocks that differ a little.
_SCANNED_AGO = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class _Person:
    username: str
    full_name: str
    roles: tuple[Role, ...]
    signs_in: bool = True


_PEOPLE = (
    _Person("ada", "Ada (administrator)", (Role.ADMIN,)),
    _Person("riley", "Riley (reviewer)", (Role.REVIEWER,)),
    _Person("sam", "Sam (security)", (Role.SECURITY, Role.POLICY_AUTHOR)),
    _Person("casey", "Casey (release captain)", (Role.RELEASE_CAPTAIN,)),
    _Person("kit", "Kit (chief information security officer)", (Role.CISO,)),
    _Person("pipeline", "The delivery pipeline", (Role.SERVICE,), signs_in=False),
)


def seed_demo(*, at: datetime, say: Callable[[str], object]) -> None:
    """Make the demo tenant whole; safe to run at every start, when it freshens feeds and reports."""
    tenant = seed_tenant(slug=DEMO_TENANT, name="Demo", at=at)
    actor = Actor(
        tenant_id=tenant.pk,
        subject="system:demo",
        scopes=frozenset({Scope.GOVERNANCE_WRITE, Scope.EVIDENCE_WRITE, Scope.GATE_EVALUATE}),
    )
    with tenant_scope(tenant.pk):
        seed_environments()
        seed_packs(actor=actor, at=at)
        seed_gates(actor=actor, at=at, modes=_MODES)
        _seed_services()
        _seed_people(actor, at=at)
        _freshen_feeds(actor, at=at)
        folder = _write_reports(at=at)
        if not GateDecision.objects.exists():
            _decide_some(actor, folder, at=at)
    say(f"Demo: tenant `{DEMO_TENANT}`, its people, the feeds of today, and reports in {folder}.")


def _seed_services() -> None:
    team, _ = Team.objects.get_or_create(slug="shop", defaults={"name": "Shop"})
    for slug, name, tier in (("checkout", "Checkout", 0), ("catalogue", "Catalogue", 2)):
        Service.objects.get_or_create(
            slug=slug,
            defaults={"name": name, "team": team, "tier": tier, "repositories": [f"registry.example/shop/{slug}"]},
        )


def _seed_people(actor: Actor, *, at: datetime) -> None:
    for person in _PEOPLE:
        if User.objects.filter(username=person.username).exists():
            continue
        user = create_person(
            actor=actor,
            username=person.username,
            email=f"{person.username}@demo.invalid",
            full_name=person.full_name,
            password=os.environ["DEMO_PASSWORD"] if person.signs_in else None,
            at=at,
        )
        for role in person.roles:
            assign_role(actor=actor, user=user, role=role, at=at)


def _freshen_feeds(actor: Actor, *, at: datetime) -> None:
    """Load a sample of each feed as of today, unless a real one was loaded."""
    real = set(FeedState.objects.exclude(version=SAMPLE).values_list("name", flat=True))
    today = at.date().isoformat()
    for path in sorted(_FEEDS.iterdir()):
        content = path.read_text(encoding="utf-8").replace("@TODAY@", today)
        if path.stem not in real:
            load_feed(actor=actor, content=content.encode(), is_sample=True, at=at)


def _write_reports(*, at: datetime) -> Path:
    folder = Path(settings.VAR_DIR) / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(_REPORTS.glob("*.json")):
        content = path.read_text(encoding="utf-8").replace("@SCANNED_AT@", rfc3339(at - _SCANNED_AGO))
        (folder / path.name).write_text(content, encoding="utf-8")
    return folder


def _decide_some(actor: Actor, folder: Path, *, at: datetime) -> None:
    """Ask a few gates, so that the first look at the admin shows something."""
    for name, environment in (("catalogue", "staging"), ("catalogue", "production"), ("vulnerable", "development")):
        content = (folder / f"{name}.json").read_bytes()
        evaluate_gate(actor=actor, request=request_about(content, f"{name}.json", environment=environment), at=at)


def request_about(content: bytes, filename: str, *, environment: str) -> GateRequest:
    """Return the question whether what a report is about may go to an environment."""
    report = import_report(content)
    digest = report.subject.digests[0].rpartition("@")[2]
    return GateRequest(
        artifact=ArtifactReference(digest, report.subject.name),
        environment=environment,
        uploads=(Upload(filename, content),),
    )
