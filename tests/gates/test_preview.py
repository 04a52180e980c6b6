"""What would flip if an exception held, or held no longer: answered by deciding, and nothing is written."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from exceptions import ports
from exceptions.matching.scope import Scope
from exceptions.matching.standing import StandingException
from exceptions.models import PolicyException
from exceptions.ports import Previewed
from exceptions.rules.vocabulary import ExceptionType, Reason
from exceptions.selectors import standing_form
from gates.models import GateDecision
from gates.services import preview as previewing
from stellapolicy.access.roles import Scope as Held
from stellapolicy.kernel.actor import Actor
from stellapolicy.tenancy.models import Service, Team
from stellapolicy.tenancy.scope import tenant_scope
from tests.exceptions.desk import DAY
from tests.exceptions.matching.wording import standing
from tests.factories import NOON
from tests.gates.conftest import Shop
from tests.gates.counter import BAD, HOUR, Counter, open_counter
from tests.reports import HARMLESS, many, trivy

ABOUT = Scope(vulnerabilities=(BAD.id,))


@pytest.fixture
def counter(shop: Shop) -> Iterator[Counter]:
    """Return a shop in the scope of its tenant, whose release is blocked."""
    with tenant_scope(shop.tenant.pk):
        yield open_counter(shop)


def asked(counter: Counter, exception: PolicyException) -> StandingException:
    """Return the newest terms as if they held."""
    return standing_form(exception, exception.asked)


def look(
    counter: Counter,
    *,
    scope: Scope = ABOUT,
    added: StandingException | None = None,
    removed: frozenset[str] = frozenset(),
    at: datetime = NOON + HOUR,
    actor: Actor | None = None,
) -> Previewed:
    return ports.preview().preview(actor=actor or counter.shop.actor, scope=scope, added=added, removed=removed, at=at)


def flips(previewed: Previewed) -> list[tuple[str, str, str, str]]:
    return [(one.artifact.name, one.environment, one.before, one.after) for one in previewed.flips]


def supposed(**said: Any) -> StandingException:
    """Return a candidate that nobody asked for yet."""
    window = {"starts_at": NOON, "expires_at": NOON + 5 * DAY, "approved_at": NOON}
    return standing(said.pop("scope", ABOUT), **{"type": ExceptionType.VULNERABILITY, **window, **said})


def test_a_request_flips_what_it_would_let_through(counter: Counter) -> None:
    exception = counter.desk.ask(vulnerability=BAD.id, at=NOON + HOUR)

    found = look(counter, added=asked(counter, exception))

    assert flips(found) == [("shop/api", "production", "block", "warn")]
    (flip,) = found.flips
    assert (flip.raw, flip.blocked_by_before, flip.blocked_by_after, flip.changed_findings) == (
        "block",
        "policy_verdict",
        "",
        1,
    )
    assert (found.targets, found.flipping, found.complete) == (1, 1, True)


def test_the_end_of_an_exception_flips_back(counter: Counter) -> None:
    exception = counter.desk.in_force(vulnerability=BAD.id)
    counter.ask(at=NOON + HOUR)

    found = look(counter, removed=frozenset({exception.number}))

    assert flips(found) == [("shop/api", "production", "warn", "block")]
    assert BAD.id in found.flips[0].first_reason


def test_a_changed_finding_is_shown_with_what_it_is_and_would_be(counter: Counter) -> None:
    found = look(counter, added=supposed())

    (sample,) = found.samples
    assert (sample.identifier, sample.before, sample.after) == (BAD.id, "blocked", "deferred")


def test_what_the_preview_says_is_what_the_gate_then_says(counter: Counter) -> None:
    exception = counter.desk.ask(vulnerability=BAD.id, at=NOON + HOUR)
    (flip,) = look(counter, added=asked(counter, exception)).flips
    counter.desk.approve(exception, at=NOON + HOUR)

    decision = counter.ask(at=NOON + 2 * HOUR)

    assert (decision.decision, decision.body["raw"]["decision"]) == (flip.after, flip.raw)


def test_the_preview_writes_nothing(counter: Counter) -> None:
    with CaptureQueriesContext(connection) as queries:
        look(counter, added=supposed())

    begun = {query["sql"].lstrip().split(" ", 1)[0] for query in queries}
    assert begun <= {"SELECT", "WITH", "SAVEPOINT", "RELEASE"}
    assert GateDecision.objects.count() == 1


def test_environments_out_of_scope_are_left_alone(counter: Counter) -> None:
    counter.ask(environment="staging")

    here = Scope(vulnerabilities=(BAD.id,), environments=("staging",))

    assert {one.environment for one in look(counter, scope=here, added=supposed(scope=here)).flips} == {"staging"}


def test_what_no_gate_ever_answered_about_is_asked_of_all_of_them(counter: Counter) -> None:
    from policies.services.evidence import ArtifactReference, Upload, receive_evidence
    from tests.reports import digest_of

    report = Upload("r.json", trivy("shop/new", [BAD], scanned_at=NOON - HOUR))
    reference = ArtifactReference(digest_of("shop/new"), "shop/new")
    receive_evidence(actor=counter.shop.actor, artifact=reference, uploads=[report], at=NOON)

    found = look(counter, added=supposed())

    new = {one.environment for one in found.flips if one.artifact.name == "shop/new"}
    assert new == {"development", "production", "staging"}


def test_flips_come_first(counter: Counter) -> None:
    counter.ask(image="shop/web", environment="development")
    counter.ask(image="shop/job")

    found = look(counter, added=supposed())

    assert [one.is_flip for one in found.flips] == sorted((one.is_flip for one in found.flips), reverse=True)
    assert found.targets == 3


def test_a_narrower_exception_that_shadows_a_broader_one_shows_as_a_flip(counter: Counter) -> None:
    counter.desk.in_force(vulnerability=BAD.id, reason=Reason.FALSE_POSITIVE)
    narrow = Scope(vulnerabilities=(BAD.id,), environments=("production",))

    found = look(counter, scope=narrow, added=supposed(id="EXC-2026-0099", scope=narrow))

    assert flips(found) == [("shop/api", "production", "pass", "warn")]


def test_narrower_terms_show_what_they_would_no_longer_cover(counter: Counter) -> None:
    counter.ask(image="shop/web")
    exception = counter.desk.in_force(vulnerability=BAD.id)
    only = replace(ABOUT, digests=(GateDecision.objects.filter(artifact__name="shop/web").get().artifact.digest,))
    terms = replace(standing_form(exception), scope=only)

    found = look(counter, scope=only, added=terms, removed=frozenset({exception.number}))

    assert ("shop/api", "production", "warn", "block") in flips(found)


def test_more_targets_than_are_looked_at_are_said_to_be_there(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter.ask(image="shop/web")
    monkeypatch.setattr(previewing, "MOST_TARGETS", 1)

    found = look(counter, added=supposed())

    assert (len(found.flips), found.targets, found.complete) == (1, 2, False)


def test_too_many_findings_end_the_look_and_it_says_so(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    counter.ask(BAD, *many(20), HARMLESS)
    monkeypatch.setattr(previewing, "MOST_FINDINGS", 10)

    found = look(counter, added=supposed())

    assert (found.flips, found.complete) == ((), False)


def test_whoever_sees_one_service_sees_its_artifacts_alone_and_that_there_is_more(counter: Counter) -> None:
    team = Team.objects.create(slug="web", name="Web")
    service = Service.objects.create(slug="web", name="Web", team=team, repositories=["web/*"])
    counter.ask(image="web/page")
    narrow = Actor(counter.shop.tenant.pk, "user:wren", frozenset({Held.EXCEPTION_READ}), frozenset({service.pk}))

    found = look(counter, added=supposed(), actor=narrow)

    assert {one.artifact.name for one in found.flips} == {"web/page"}
    assert found.complete is False
