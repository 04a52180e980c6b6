"""Importing exceptions: what is proposed, known, covered or refused, and that nothing is ever approved by it."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from exceptions.errors import ImportRefused
from exceptions.formats.values import LossKind
from exceptions.models import PolicyException
from exceptions.rules.vocabulary import Reason
from exceptions.services.approval import approve_exception
from exceptions.services.importing import ImportResult, Outcome, import_exceptions
from policies.models import SnapshotFinding
from stellapolicy.access.models import User
from stellapolicy.audit.models import Entry
from stellapolicy.governance.errors import SecondPersonRequired
from stellapolicy.kernel.actor import Actor, ScopeMissing
from stellapolicy.kernel.refusals import Refusal
from stellapolicy.tenancy.models import Service
from tests.exceptions.desk import DAY, WHY, Desk, waiting
from tests.factories import NOON, ServiceFactory, UserFactory
from tests.gates.conftest import Shop
from tests.reports import HARMLESS, KEV_CRITICAL, LOG4SHELL, trivy

HOUR = timedelta(hours=1)
WRITING = ("INSERT", "UPDATE", "DELETE")
BOTH = f"{LOG4SHELL}\n{HARMLESS.id}\n"


@pytest.fixture
def scanned(in_shop: Shop) -> Shop:
    """Return the shop with an image that holds a known exploited critical, and something harmless."""
    in_shop.ask("shop/api", trivy("shop/api", [KEV_CRITICAL, HARMLESS], scanned_at=NOON - HOUR))
    return in_shop


def brought(desk: Desk, content: str, *, by: str = "ada", **said: Any) -> ImportResult:
    """Import some content at noon."""
    actor = said.pop("actor", None) or desk.actor(by)
    return import_exceptions(
        actor=actor, content=content.encode(), **{"filename": ".trivyignore", "ticket": "SEC-1", "at": NOON, **said}
    )


def outcomes(result: ImportResult) -> list[tuple[str, Outcome]]:
    return [(entry.title, entry.outcome) for entry in result.entries]


def line(vulnerability: str, **said: Any) -> str:
    """Return a line of our own format."""
    row = {
        "format": "stella-exception@1",
        "type": "vulnerability",
        "reason": "accepted_risk",
        "scope": {"vulnerabilities": [vulnerability]},
        "rationale": WHY,
        **said,
    }
    return json.dumps(row)


def test_every_entry_is_asked_for_by_whoever_imports(scanned: Shop, desk: Desk) -> None:
    result = brought(desk, BOTH)

    rows = {row.vulnerabilities[0]: row for row in PolicyException.objects.all()}
    assert outcomes(result) == [(LOG4SHELL, Outcome.PROPOSED), (HARMLESS.id, Outcome.PROPOSED)]
    assert {row.state for row in rows.values()} == {"proposed"}
    assert {row.person for row in rows.values()} == {desk.actor("ada").person}
    assert [rows[entry.title].number for entry in result.entries] == [entry.number for entry in result.entries]
    assert rows[LOG4SHELL].tags == ["imported:trivyignore"]
    assert (rows[LOG4SHELL].level, rows[HARMLESS.id].level) == ("a4", "a1")


def test_an_end_that_nobody_stated_is_moved_to_what_the_level_allows(scanned: Shop, desk: Desk) -> None:
    critical, harmless = brought(desk, BOTH).entries

    assert critical.expires_at == NOON + 7 * DAY
    assert harmless.expires_at == NOON + 30 * DAY
    assert "2026-03-09T12:00:00Z is the latest" in critical.losses[-1].message
    assert [loss.kind for loss in harmless.losses if loss.member == "expires_at"] == [LossKind.GUESSED]


def test_an_end_that_the_file_states_is_refused_like_any_that_is_too_long(scanned: Shop, desk: Desk) -> None:
    [entry] = brought(desk, f"{LOG4SHELL} exp:2026-09-01").entries

    assert (entry.outcome, entry.code) == (Outcome.REFUSED, "exception.too_long")
    assert "at most 7 days" in entry.why
    assert [fault.pointer for fault in entry.faults] == ["line 1: /expires_at"]


def test_what_one_entry_lacks_keeps_no_other_waiting(scanned: Shop, desk: Desk) -> None:
    result = brought(desk, BOTH, ticket="")

    assert outcomes(result) == [(LOG4SHELL, Outcome.REFUSED), (HARMLESS.id, Outcome.PROPOSED)]
    assert result.entries[0].code == "exception.ticket_missing"
    assert result.counts["proposed"] == PolicyException.objects.count() == 1


def test_all_or_nothing_keeps_nothing_where_one_is_refused(scanned: Shop, desk: Desk) -> None:
    result = brought(desk, BOTH, ticket="", all_or_nothing=True)

    assert outcomes(result) == [(LOG4SHELL, Outcome.REFUSED), (HARMLESS.id, Outcome.UNDONE)]
    assert [entry.number for entry in result.entries] == ["", ""]
    assert not PolicyException.objects.exists()
    assert not Entry.objects.filter(action="exception.imported").exists()


def test_all_or_nothing_keeps_all_where_none_is_refused(scanned: Shop, desk: Desk) -> None:
    result = brought(desk, f"{BOTH}CVE-2019-1543 exp:2020-01-01", all_or_nothing=True)

    assert [outcome for _, outcome in outcomes(result)] == [Outcome.PROPOSED, Outcome.PROPOSED, Outcome.SKIPPED]


def test_a_dry_run_says_what_would_come_and_keeps_nothing(scanned: Shop, desk: Desk) -> None:
    result = brought(desk, f"{BOTH}{HARMLESS.id}\n", dry_run=True)

    assert [outcome for _, outcome in outcomes(result)] == [Outcome.PROPOSED, Outcome.PROPOSED, Outcome.KNOWN]
    assert {entry.number for entry in result.entries} == {""}
    assert [entry.level for entry in result.entries] == ["a4", "a1", "a1"]
    assert not PolicyException.objects.exists()
    assert not Entry.objects.filter(action__startswith="exception.").exists()


def test_a_dry_run_writes_nothing_that_would_have_to_be_taken_back(scanned: Shop, desk: Desk) -> None:
    with CaptureQueriesContext(connection) as caught:
        brought(desk, BOTH, dry_run=True)

    assert [one["sql"] for one in caught.captured_queries if one["sql"].lstrip().startswith(WRITING)] == []


def test_a_dry_run_foresees_that_the_same_twice_is_asked_for_once(scanned: Shop, desk: Desk) -> None:
    foreseen = brought(desk, f"{BOTH}{HARMLESS.id}\n", dry_run=True)
    done = brought(desk, f"{BOTH}{HARMLESS.id}\n")

    assert outcomes(foreseen) == outcomes(done)


def test_a_dry_run_foresees_that_what_needs_nobody_covers_the_same_again(in_shop: Shop, desk: Desk) -> None:
    informs = replace(HARMLESS, severity="NONE", score=0.0)
    in_shop.ask("shop/api", trivy("shop/api", [informs], scanned_at=NOON - HOUR))
    content = "\n".join([line(HARMLESS.id)] * 2)

    foreseen = brought(desk, content, dry_run=True)
    done = brought(desk, content)

    assert [entry.level for entry in done.entries] == ["a0", ""]
    assert outcomes(foreseen) == outcomes(done)
    assert outcomes(done)[1] == (HARMLESS.id, Outcome.ALREADY_COVERED)


def test_everything_is_looked_at_before_anything_is_held(scanned: Shop, desk: Desk) -> None:
    with CaptureQueriesContext(connection) as caught:
        brought(desk, BOTH)

    statements = [one["sql"] for one in caught.captured_queries]
    first_write = next(place for place, sql in enumerate(statements) if sql.lstrip().startswith(WRITING))
    looks = [place for place, sql in enumerate(statements) if SnapshotFinding._meta.db_table in sql]
    assert looks
    assert max(looks) < first_write


def test_the_same_file_twice_proposes_nothing_twice(scanned: Shop, desk: Desk) -> None:
    first = brought(desk, BOTH)
    again = brought(desk, BOTH, at=NOON + HOUR)

    assert [outcome for _, outcome in outcomes(again)] == [Outcome.KNOWN, Outcome.KNOWN]
    assert [entry.number for entry in again.entries] == [entry.number for entry in first.entries]
    assert PolicyException.objects.count() == 2


def test_what_somebody_else_asks_for_is_not_yours(scanned: Shop, desk: Desk) -> None:
    brought(desk, HARMLESS.id)

    assert outcomes(brought(desk, HARMLESS.id, by="sam")) == [(HARMLESS.id, Outcome.PROPOSED)]


def test_another_reason_or_another_place_is_another_request(scanned: Shop, desk: Desk) -> None:
    brought(desk, HARMLESS.id)

    assert outcomes(brought(desk, HARMLESS.id, reason=Reason.SCHEDULED_FIX)) == [(HARMLESS.id, Outcome.PROPOSED)]
    assert outcomes(brought(desk, HARMLESS.id, environments=("staging",))) == [(HARMLESS.id, Outcome.PROPOSED)]


def test_what_is_in_force_covers_and_is_named(scanned: Shop, desk: Desk) -> None:
    held = desk.in_force(vulnerability=HARMLESS.id, days=40)

    [entry] = brought(desk, HARMLESS.id).entries

    assert (entry.outcome, entry.number, entry.code) == (Outcome.ALREADY_COVERED, held.number, "already_covered")
    assert PolicyException.objects.count() == 1


def test_own_approval_is_refused_after_an_import(scanned: Shop, desk: Desk) -> None:
    brought(desk, HARMLESS.id, by="riley")

    exception = PolicyException.objects.get()
    request = waiting(exception)
    assert request is not None
    with pytest.raises(SecondPersonRequired):
        approve_exception(
            actor=desk.actor("riley"), pk=exception.pk, payload_hash=request.payload_hash, comment="mine", at=NOON
        )
    assert PolicyException.objects.get().state == "proposed"


def test_a_superuser_neither_imports_nor_approves_by_being_one(scanned: Shop, desk: Desk) -> None:
    root: User = UserFactory(is_superuser=True)
    almighty = Actor(tenant_id=desk.tenant.pk, subject=root.subject, extra={"person": root.subject})
    with pytest.raises(ScopeMissing):
        brought(desk, HARMLESS.id, actor=almighty)

    brought(desk, HARMLESS.id)

    exception = PolicyException.objects.get()
    request = waiting(exception)
    assert request is not None
    with pytest.raises(Refusal):
        approve_exception(
            actor=almighty, pk=exception.pk, payload_hash=request.payload_hash, comment="I may do all", at=NOON
        )
    assert PolicyException.objects.get().state == "proposed"


def test_whoever_else_may_approve_approves_what_was_imported(scanned: Shop, desk: Desk) -> None:
    brought(desk, HARMLESS.id)

    assert desk.approve(PolicyException.objects.get()).state == "active"


def test_a_file_that_calls_itself_approved_is_proposed(scanned: Shop, desk: Desk) -> None:
    [entry] = brought(desk, line(HARMLESS.id, state="active", approved_by=["the CISO"])).entries

    assert (entry.outcome, entry.state) == (Outcome.PROPOSED, "proposed")
    assert {loss.member for loss in entry.losses if loss.kind is LossKind.DROPPED} == {"state", "approved_by"}


def test_whoever_acts_for_one_service_imports_for_it_alone(scanned: Shop, desk: Desk) -> None:
    service: Service = ServiceFactory(slug="checkout")
    actor = desk.actor("ada", services=[service.pk])

    [unbound] = brought(desk, HARMLESS.id, actor=actor).entries
    [bound] = brought(desk, HARMLESS.id, actor=actor, services=("checkout",)).entries

    assert (unbound.outcome, unbound.code) == (Outcome.REFUSED, "scope.missing")
    assert bound.outcome is Outcome.PROPOSED


def test_an_environment_that_is_unknown_here_is_told_at_its_entry(scanned: Shop, desk: Desk) -> None:
    content = line(HARMLESS.id, scope={"vulnerabilities": [HARMLESS.id], "environments": ["moon"]})

    [entry] = brought(desk, content).entries

    assert [(fault.pointer, fault.code) for fault in entry.faults] == [
        ("line 1: /scope/environments/0", "environment.unknown")
    ]


def test_a_file_with_a_mistake_proposes_nothing_of_it(scanned: Shop, desk: Desk) -> None:
    with pytest.raises(ImportRefused) as refused:
        brought(desk, f"{HARMLESS.id}\n{LOG4SHELL} exp:soon\n")

    assert [fault.pointer for fault in refused.value.faults] == ["line 2"]
    assert not PolicyException.objects.exists()


def test_a_ticket_longer_than_a_ticket_is_refused(in_shop: Shop, desk: Desk) -> None:
    with pytest.raises(ImportRefused):
        brought(desk, HARMLESS.id, ticket="x" * 201)


def test_the_import_is_recorded_with_the_digest_of_its_file(scanned: Shop, desk: Desk) -> None:
    result = brought(desk, BOTH)

    entry = Entry.objects.get(action="exception.imported")
    assert (entry.target_id, entry.actor) == (result.digest, desk.actor("ada").subject)
    assert entry.reason.endswith(".trivyignore: 2 of 2 proposed")


def test_a_control_that_is_asked_for_and_not_named_is_refused_as_by_hand(scanned: Shop, desk: Desk) -> None:
    [entry] = brought(desk, HARMLESS.id, reason=Reason.COMPENSATING_CONTROL).entries

    assert [fault.code for fault in entry.faults] == ["controls.missing"]
