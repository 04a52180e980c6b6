from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from stellapolicy.audit import actions
from stellapolicy.audit.chain import GENESIS
from stellapolicy.audit.errors import UnknownAction
from stellapolicy.audit.models import ChainHead, Entry
from stellapolicy.audit.services import Target, record
from stellapolicy.kernel.actor import Actor
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import ScopeSwitched, UnscopedQuery, tenant_scope
from tests.factories import NOON, TeamFactory

TEAM = Target("tenancy.team", "1")


@pytest.fixture
def scope(tenant: Tenant) -> Iterator[None]:
    with tenant_scope(tenant.pk):
        yield


@pytest.mark.usefixtures("scope")
class TestRecording:
    def test_each_entry_follows_the_one_before(self, actor: Actor) -> None:
        first = record(actor, "team.made", TEAM, at=NOON)
        second = record(actor, "team.made", TEAM, at=NOON + timedelta(seconds=1))

        head = ChainHead.objects.get()
        assert (first.seq, first.prev_hash) == (1, GENESIS)
        assert (second.seq, second.prev_hash) == (2, first.hash)
        assert (head.seq, head.hash) == (2, second.hash)

    def test_an_entry_says_who_did_what_to_what_and_why(self, actor: Actor) -> None:
        team = TeamFactory()
        alice = replace(actor, subject="user:alice", address="192.0.2.7", request_id="r-1")

        record(alice, "team.made", team, at=NOON, reason="asked for", ticket="T-1", after_digest="sha256:" + "a" * 64)

        entry = Entry.objects.get()
        assert (entry.actor, entry.address, entry.request_id) == ("user:alice", "192.0.2.7", "r-1")
        assert (entry.target_type, entry.target_id) == ("tenancy.team", str(team.pk))
        assert (entry.reason, entry.ticket, entry.after_digest[:9]) == ("asked for", "T-1", "sha256:aa")

    def test_recording_takes_three_statements(self, actor: Actor) -> None:
        record(actor, "team.made", TEAM, at=NOON)

        with CaptureQueriesContext(connection) as captured:
            record(actor, "team.made", TEAM, at=NOON)

        assert len(captured) == 3

    def test_an_action_that_nobody_registered_is_refused(self, actor: Actor) -> None:
        with pytest.raises(UnknownAction):
            record(actor, "team.vanished", TEAM, at=NOON)

    def test_an_action_has_one_label(self) -> None:
        with pytest.raises(ValueError, match=r"team\.made"):
            actions.register({"team.made": "Something else"})

    def test_an_entry_cannot_be_changed(self, actor: Actor) -> None:
        record(actor, "team.made", TEAM, at=NOON)

        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            Entry.objects.update(actor="user:mallory")

    def test_an_entry_cannot_be_removed(self, actor: Actor) -> None:
        record(actor, "team.made", TEAM, at=NOON)

        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            Entry.objects.all().delete()

    def test_the_actor_of_another_tenant_cannot_write_here(self, actor: Actor, other_tenant: Tenant) -> None:
        with pytest.raises(ScopeSwitched):
            record(replace(actor, tenant_id=other_tenant.pk), "team.made", TEAM, at=NOON)


def test_nothing_is_recorded_outside_a_scope(actor: Actor) -> None:
    with pytest.raises(UnscopedQuery):
        record(actor, "team.made", TEAM, at=NOON)


def test_what_was_undone_leaves_no_gap(actor: Actor, tenant: Tenant) -> None:
    with tenant_scope(tenant.pk):
        record(actor, "team.made", TEAM, at=NOON)
        try:
            with transaction.atomic():
                record(actor, "team.made", TEAM, at=NOON)
                raise LookupError  # noqa: TRY301 - something fails after the entry
        except LookupError:
            pass
        after = record(actor, "team.made", TEAM, at=NOON)

    assert after.seq == 2


def test_each_tenant_has_a_chain_of_its_own(actor: Actor, tenant: Tenant, other_tenant: Tenant) -> None:
    with tenant_scope(tenant.pk):
        record(actor, "team.made", TEAM, at=NOON)

    with tenant_scope(other_tenant.pk):
        entry = record(replace(actor, tenant_id=other_tenant.pk), "team.made", TEAM, at=NOON)

    assert (entry.seq, entry.prev_hash) == (1, GENESIS)
