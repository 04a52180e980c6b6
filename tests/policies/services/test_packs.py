"""Packs: what compiles is kept as a draft, what does not is refused with its places."""

from collections.abc import Iterator

import pytest
from django.db import IntegrityError, transaction
from django_fsm import TransitionNotAllowed

from policies.bootstrap import DEFAULT_PACK, shipped_files
from policies.errors import PackDoesNotCompile, PackUnknown
from policies.models import PackRevision, PolicyPack, RevisionState
from policies.services.packs import PackFile, draft_revision
from stellapolicy.kernel.actor import Actor
from stellapolicy.management.seeding import seed_contents
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, TenantFactory, almighty

BROKEN = """policy "broken" syntax "stella-dsl@1" {
  rule a { when severty.normalized == "high" then block because "x" }
}
"""


@pytest.fixture
def actor(db: None) -> Iterator[Actor]:
    tenant = TenantFactory()
    seed_contents(tenant, at=NOON)
    with tenant_scope(tenant.pk):
        yield almighty(tenant)


def draft(actor: Actor, *files: PackFile, pack: str = DEFAULT_PACK) -> PackRevision:
    return draft_revision(actor=actor, pack=pack, files=files, at=NOON)


def test_a_draft_is_compiled_tested_and_numbered(actor: Actor) -> None:
    revision = draft(actor, *shipped_files("strict"))

    assert (revision.version, revision.state) == (2, RevisionState.DRAFT)
    assert revision.digest == PackRevision.objects.active().get(pack__name="strict").digest


def test_a_pack_that_does_not_compile_is_refused_with_every_place_and_nothing_kept(actor: Actor) -> None:
    with pytest.raises(PackDoesNotCompile) as refused:
        draft(actor, PackFile("broken.stella", BROKEN))

    (fault,) = refused.value.faults
    assert fault.pointer == "/files/broken.stella"
    assert "broken.stella:2:" in fault.message
    assert "severity.normalized" in fault.message
    assert PackRevision.objects.filter(pack__name=DEFAULT_PACK).count() == 1


def test_a_pack_of_nobody_is_unknown(actor: Actor) -> None:
    with pytest.raises(PackUnknown):
        draft(actor, *shipped_files("strict"), pack="no-such-pack")


def test_bootstrap_twice_installs_each_pack_once(actor: Actor) -> None:
    from policies.bootstrap import seed_packs

    seed_packs(actor=actor, at=NOON)

    assert PackRevision.objects.count() == PolicyPack.objects.count()


def test_a_state_cannot_be_assigned(actor: Actor) -> None:
    revision = draft(actor, *shipped_files("strict"))

    with pytest.raises(AttributeError):
        revision.state = RevisionState.ACTIVE


def test_an_active_revision_cannot_be_installed_again(actor: Actor) -> None:
    with pytest.raises(TransitionNotAllowed):
        PackRevision.objects.active().get(pack__name=DEFAULT_PACK).install()


def test_a_pack_has_at_most_one_active_revision(actor: Actor) -> None:
    revision = draft(actor, *shipped_files("strict"))
    revision.install()

    with pytest.raises(IntegrityError, match="one_active_revision_per_pack"), transaction.atomic():
        revision.save(update_fields=["state"])
