"""An import outside any transaction: batch by batch, each kept for good, and none by half."""

import signal

import pytest

from exceptions.models import PolicyException
from exceptions.services.importing import MOST_AT_ONCE, ImportResult, Outcome, import_exceptions
from stellapolicy.audit.models import Entry
from stellapolicy.tenancy.scope import tenant_scope
from tests.exceptions.desk import Desk, make_desk
from tests.factories import NOON
from tests.gates.conftest import Shop, make_shop
from tests.processes import python

pytestmark = pytest.mark.django_db(transaction=True)
MORE = 5
NAMES = [f"CVE-2020-{10_000 + number}" for number in range(MOST_AT_ONCE + MORE)]
CONTENT = "\n".join(NAMES)


@pytest.fixture
def shop(transactional_db: None) -> Shop:
    """Return a shop whose rows other connections see."""
    return make_shop()


@pytest.fixture
def desk(shop: Shop) -> Desk:
    """Return its people."""
    return make_desk(shop.tenant)


def brought(desk: Desk, content: str = CONTENT, *, ticket: str = "SEC-1", all_or_nothing: bool = False) -> ImportResult:
    """Import some content at noon, in no transaction of ours."""
    return import_exceptions(
        actor=desk.actor("ada"),
        content=content.encode(),
        filename=".trivyignore",
        ticket=ticket,
        all_or_nothing=all_or_nothing,
        at=NOON,
    )


def kept(shop: Shop) -> int:
    with tenant_scope(shop.tenant.pk):
        return PolicyException.objects.count()


def records(shop: Shop) -> list[str]:
    with tenant_scope(shop.tenant.pk):
        entries = Entry.objects.filter(action="exception.imported").order_by("seq")
        return [entry.reason.partition(": ")[2] for entry in entries]


_DYING = """
import sys
from datetime import datetime
from uuid import UUID
import django
django.setup()
import os, signal
from exceptions.services import importing
from stellapolicy.kernel.actor import Actor
keep, kept = importing.keep_request, []
def die_late(**said):
    kept.append(said)
    if len(kept) > importing.MOST_AT_ONCE + 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return keep(**said)
importing.keep_request = die_late
tenant, person, scopes, content, at = sys.argv[1:]
actor = Actor(
    tenant_id=UUID(tenant), subject=person, scopes=frozenset(scopes.split(",")), extra={"person": person}
)
importing.import_exceptions(
    actor=actor, content=content.encode(), filename=".trivyignore", ticket="SEC-1", at=datetime.fromisoformat(at)
)
"""


def test_each_batch_is_recorded_by_itself(shop: Shop, desk: Desk) -> None:
    result = brought(desk)

    assert result.counts["proposed"] == kept(shop) == len(NAMES)
    assert records(shop) == [f"{MOST_AT_ONCE} of {MOST_AT_ONCE} proposed", f"{MORE} of {MORE} proposed"]


def test_an_import_killed_in_the_middle_leaves_whole_batches_and_may_be_run_again(shop: Shop, desk: Desk) -> None:
    ada = desk.actor("ada")
    words = [str(ada.tenant_id), ada.subject, ",".join(ada.scopes), CONTENT, NOON.isoformat()]

    killed = python("-c", _DYING, *words, DJANGO_SETTINGS_MODULE="stellapolicy.settings")

    assert killed.wait(timeout=90) == -signal.SIGKILL
    assert kept(shop) == MOST_AT_ONCE
    assert records(shop) == [f"{MOST_AT_ONCE} of {MOST_AT_ONCE} proposed"]
    again = brought(desk)
    assert (again.counts["known"], again.counts["proposed"]) == (MOST_AT_ONCE, MORE)


def test_all_or_nothing_is_one_batch(shop: Shop, desk: Desk) -> None:
    refused = brought(desk, f"{CONTENT}\nCVE-2020-20000 exp:2036-01-01", all_or_nothing=True)

    assert refused.entries[-1].outcome is Outcome.REFUSED
    assert kept(shop) == 0
    assert records(shop) == []
