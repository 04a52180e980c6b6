"""Thirty days of a shop that ships five services, told through the services of the product: for the pictures."""

import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from gates.requests import GateRequest
from gates.services import jobs
from gates.services.evaluation import evaluate_gate
from policies.services.evidence import ArtifactReference, Upload
from stellapolicy.access.models import User
from stellapolicy.access.roles import Scope
from stellapolicy.access.services.tokens import issue_token, revoke_token
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.management.demo import DEMO_TENANT, seed_demo
from stellapolicy.tenancy.models import Service, Team, Tenant
from stellapolicy.tenancy.scope import tenant_scope

_SERVICES = ("checkout", "catalogue", "payments", "search", "gateway")
_DAYS = 30
_SATURDAY = 5
_TEMPLATES = Path(__file__).resolve().parents[2] / "stellapolicy" / "management" / "demo_reports"


@dataclass(frozen=True, slots=True)
class Release:
    """One build on its way."""

    image: str
    environment: str
    at: datetime
    report: bytes

    def question(self) -> GateRequest:
        """Return what its pipeline asks."""
        return GateRequest(
            artifact=ArtifactReference(digest_of(self.image), self.image),
            environment=self.environment,
            uploads=(Upload(f"{self.image.rpartition('/')[2].replace(':', '-')}.json", self.report),),
            build={
                "repository": f"https://git.example/shop/{self.image.rpartition('/')[2].partition(':')[0]}",
                "commit": digest_of(self.image)[7:47],
                "pipeline": "https://ci.example/shop/pipelines/4711",
            },
        )


def tell(*, at: datetime) -> Tenant:
    """Let the shop of the demo ship for thirty days until the instant, and return its tenant."""
    seed_demo(at=at - timedelta(days=_DAYS), say=lambda _: None)
    tenant = Tenant.objects.get(slug=DEMO_TENANT)
    pipeline = Actor(tenant_id=tenant.pk, subject="token:ci-shop", scopes=frozenset(Scope))
    with tenant_scope(tenant.pk):
        _organise()
    chance = random.Random(20260302)  # noqa: S311 - a story that is the same every time
    for morning, releases in _days(chance, at):
        seed_demo(at=morning, say=lambda _: None)
        with tenant_scope(tenant.pk):
            for release in releases:
                evaluate_gate(actor=pipeline, request=release.question(), at=release.at)
    seed_demo(at=at, say=lambda _: None)
    with tenant_scope(tenant.pk):
        _waiting(pipeline, at)
        _tokens(tenant, at)
    return tenant


def _days(chance: random.Random, at: datetime) -> Iterator[tuple[datetime, list[Release]]]:
    """Give each day's morning, when the feeds are read, and what shipped after it."""
    versions = dict.fromkeys(_SERVICES, 0)
    for days_ago in range(_DAYS - 1, -1, -1):
        evening = at - timedelta(days=days_ago)
        busy = chance.randint(0, 2) if evening.weekday() >= _SATURDAY else chance.randint(3, 9)
        hours = sorted(chance.sample(range(1, 14), busy), reverse=True)
        releases = [_release(chance, versions, evening - timedelta(hours=hour)) for hour in hours]
        yield evening - timedelta(hours=15), releases


def _release(chance: random.Random, versions: dict[str, int], moment: datetime) -> Release:
    service = chance.choice(_SERVICES)
    versions[service] += chance.randint(0, 1)
    image = f"registry.example/shop/{service}:1.{versions[service]}.0"
    template = _load(chance.choices(("fixed", "catalogue", "vulnerable"), weights=(6, 2, 1.4))[0])
    environment = chance.choice(("production", "production", "staging", "development"))
    return Release(image, environment, moment, _about(template, image, scanned_at=moment - timedelta(minutes=9)))


def _waiting(pipeline: Actor, at: datetime) -> None:
    """Put two questions into the queue."""
    for service in ("search", "gateway"):
        image = f"registry.example/shop/{service}:2.0.0-rc1"
        report = _about(_load("fixed"), image, scanned_at=at)
        jobs.enqueue(actor=pipeline, request=Release(image, "staging", at, report).question(), at=at)


def _organise() -> None:
    """Give the shop the services that the demo does not have."""
    team = Team.objects.get(slug="shop")
    for slug, tier in (("payments", 0), ("search", 2), ("gateway", 1)):
        Service.objects.create(
            slug=slug, name=slug.title(), team=team, tier=tier, repositories=[f"registry.example/shop/{slug}"]
        )


def _tokens(tenant: Tenant, at: datetime) -> None:
    """Issue the tokens of four pipelines and revoke the oldest."""
    ada = Actor(tenant_id=tenant.pk, subject="user:ada", scopes=frozenset(Scope))
    person, scopes = User.objects.get(username="pipeline"), ["evidence:write", "gate:evaluate", "gate:read"]
    names = ("ci-legacy", "ci-checkout", "ci-payments", "ci-search")
    issued = [issue_token(actor=ada, user=person, name=name, scopes=scopes, at=at) for name in names]
    revoke_token(actor=ada, pk=issued[0].token.pk, at=at, reason="Replaced by ci-checkout.")


def _load(name: str) -> dict[str, Any]:
    text = (_TEMPLATES / f"{name}.json").read_text(encoding="utf-8")
    report: dict[str, Any] = json.loads(text)
    return report


def _about(template: dict[str, Any], image: str, *, scanned_at: datetime) -> bytes:
    """Return a report like the template about another image."""
    name = image.rpartition(":")[0]
    metadata = {**template["Metadata"], "RepoTags": [image], "RepoDigests": [f"{name}@{digest_of(image)}"]}
    metadata["ImageID"] = digest_of(f"configuration of {image}")
    stated = {"ArtifactName": image, "CreatedAt": rfc3339(scanned_at), "Metadata": metadata}
    return json.dumps({**template, **stated}).encode()


def digest_of(text: str) -> str:
    """Return a digest for a name."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
