"""What exceptions cost a decision, and how long it takes to say what would flip; real PostgreSQL, one process."""

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bench.tables import print_table
from exceptions import ports
from exceptions.matching.scope import PackageScope, Scope
from exceptions.matching.standing import StandingException
from exceptions.rules.recheck import default_conditions
from exceptions.rules.vocabulary import Effect, ExceptionType, Kind, Reason, State
from gates.deciding.settling import prepare, settle
from gates.models import Gate, GateMode
from gates.services.evaluation import evaluate_gate
from gates.services.freezing import Evidence, freeze
from policies import selectors
from policies.models import Artifact
from policies.programs import program_by_digest
from policies.services.feeds import load_feed
from stellapolicy.access.roles import Scope as Held
from stellapolicy.kernel.actor import Actor
from stellapolicy.management.seeding import seed_contents
from stellapolicy.tenancy.bootstrap import seed_tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.reports import epss_day, many, trivy
from tests.shop import asked, enforce

_ROUNDS = 5
_BIG, _SMALL, _IMAGES = 10_000, 500, 20
_BROAD = Scope(packages=(PackageScope("pkg:npm/library-*"),))
_NARROW = Scope(vulnerabilities=("CVE-2019-00003",))


def run() -> None:
    """Seed a tenant, ask its gate about big and small releases, and measure."""
    now = datetime.now(tz=UTC)
    tenant = seed_tenant(slug="bench-preview", name="Bench of previews", at=now)
    seed_contents(tenant, at=now)
    actor = Actor(tenant_id=tenant.pk, subject="system:bench", scopes=frozenset(Held))
    with tenant_scope(tenant.pk):
        enforce(actor, GateMode.ENFORCE)
        scores = {vuln.id: 0.01 for vuln in many(_BIG)}
        load_feed(actor=actor, content=epss_day(scores, day=now.date().isoformat()), at=now)
        _post(actor, "big/image", _BIG, now)
        rows = [
            _row("settle 10,000 findings, no exception", _settling(actor, (), now)),
            _row("settle 10,000 findings, one covers 1", _settling(actor, (_candidate(_NARROW, now),), now)),
            _row("settle 10,000 findings, one covers all", _settling(actor, (_candidate(_BROAD, now),), now)),
            _row("preview, 1 gate, 10,000 findings", lambda: _preview(actor, _BROAD, now)),
        ]
        for number in range(_IMAGES):
            _post(actor, f"small/{number}", _SMALL, now)
        rows.append(_row("preview, 21 gates, 20,000 findings", lambda: _preview(actor, _BROAD, now)))
        rows.append(_row("the same, one vulnerability", lambda: _preview(actor, _NARROW, now)))
    print_table("Exceptions in decisions and previews, one process", ("", "p50", "max"), rows)


def _post(actor: Actor, image: str, size: int, now: datetime) -> None:
    report = trivy(image, many(size), scanned_at=now - timedelta(hours=1))
    evaluate_gate(actor=actor, request=asked(image, report), at=now)


def _candidate(scope: Scope, now: datetime) -> StandingException:
    term = timedelta(days=30)
    return StandingException(
        id="EXC-2026-0001",
        terms_digest="sha256:" + "0" * 64,
        type=ExceptionType.COMPONENT if scope.packages else ExceptionType.VULNERABILITY,
        reason=Reason.ACCEPTED_RISK,
        kind=Kind.ACCEPTANCE,
        effect=Effect.DEFER,
        scope=scope,
        starts_at=now - term,
        expires_at=now + term,
        approved_at=now - term,
        state=State.ACTIVE,
        conditions=default_conditions(Kind.ACCEPTANCE, Reason.ACCEPTED_RISK, term=term),
    )


def _settling(actor: Actor, exceptions: tuple[StandingException, ...], now: datetime) -> Callable[[], object]:
    """Return the part of a decision that exceptions have, apart from everything before it."""
    artifact = Artifact.objects.visible_to(actor, "findings:read").select_related("service__team").get(name="big/image")
    snapshot = selectors.latest_snapshot(artifact.pk)
    assert snapshot is not None
    findings, claims = selectors.checked_content(snapshot)
    evidence = Evidence(artifact, snapshot, findings, selectors.as_claims(claims))
    gate = Gate.objects.in_force().select_related("environment").get(environment__slug="production")
    revision = selectors.active_revision(gate.environment)
    inputs = freeze(gate, evidence, revision, exceptions=exceptions, at=now)
    program = program_by_digest(revision.digest, lambda: revision.program)
    prepared = prepare(replace(inputs), program, evidence.findings, evidence.claims)
    return lambda: settle(prepared, exceptions)


def _preview(actor: Actor, scope: Scope, now: datetime) -> object:
    return ports.preview().preview(
        actor=actor, scope=scope, added=_candidate(scope, now), removed=frozenset(), at=now + timedelta(seconds=1)
    )


def _row(name: str, measured: Callable[[], object]) -> tuple[str, ...]:
    seconds = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        measured()
        seconds.append(time.perf_counter() - began)
    return name, f"{statistics.median(seconds) * 1000:,.0f} ms", f"{max(seconds) * 1000:,.0f} ms"
