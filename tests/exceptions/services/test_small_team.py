"""Few people who do everything: security, or the owner of a service that gains nothing by it."""

import pytest

from exceptions.models import PolicyException
from exceptions.rules.level_table import SMALL_TEAM, write_levels
from exceptions.rules.vocabulary import Reason
from exceptions.services.approval import approve_exception
from exceptions.services.approval_levels import propose_levels
from stellapolicy.access.models import RoleAssignment
from stellapolicy.access.roles import Role
from stellapolicy.governance.errors import SeatMissing
from stellapolicy.governance.services.approvals import vote
from tests.exceptions.desk import Desk, administrator, waiting
from tests.factories import NOON, ServiceFactory, give_roles
from tests.gates.conftest import Shop
from tests.reports import Vuln, trivy

CRITICAL = Vuln("CVE-2024-4444", "paint", "1.0.0", "", "CRITICAL", 9.1)


def owner(desk: Desk, name: str, service: object) -> None:
    """Let somebody of the desk hold a reviewer's role in one service, and nothing else."""
    RoleAssignment.objects.filter(user=desk.users[name]).delete()
    give_roles(desk.users[name], desk.tenant, Role.REVIEWER, service=service)


@pytest.fixture
def exception(in_shop: Shop, desk: Desk) -> PolicyException:
    """Return a request at A3 about the service `paint`, in a tenant that two administrators made a small team."""
    first, second = administrator(in_shop.tenant), administrator(in_shop.tenant)
    asked = propose_levels(actor=first, levels=write_levels(SMALL_TEAM), reason="there are five of us", at=NOON)
    vote(actor=second, pk=asked.pk, approve=True, payload_hash=asked.payload_hash, reason="so it is", at=NOON)
    paint = ServiceFactory(slug="paint", repositories=["shop/*"])
    owner(desk, "riley", paint)
    owner(desk, "casey", ServiceFactory(slug="glue"))
    in_shop.ask("shop/paint", trivy("shop/paint", [CRITICAL], scanned_at=NOON))
    return desk.ask(vulnerability=CRITICAL.id, service="paint", reason=Reason.FALSE_POSITIVE, days=20)


def approve(desk: Desk, exception: PolicyException, by: str) -> str:
    request = waiting(exception)
    assert request is not None
    done = approve_exception(
        actor=desk.actor(by), pk=exception.pk, payload_hash=request.payload_hash, comment="looked at it", at=NOON
    )
    return str(done.state)


def test_security_and_the_owner_of_another_service_are_two(desk: Desk, exception: PolicyException) -> None:
    assert exception.level == "a3"

    states = [approve(desk, exception, name) for name in ("casey", "sam")]

    assert states == ["proposed", "active"]


def test_the_owner_of_the_very_service_is_no_other(desk: Desk, exception: PolicyException) -> None:
    with pytest.raises(SeatMissing):
        approve(desk, exception, "riley")


def test_whoever_owns_nothing_any_more_lost_the_seat(desk: Desk, exception: PolicyException) -> None:
    RoleAssignment.objects.filter(user=desk.users["casey"]).delete()

    with pytest.raises(SeatMissing):
        approve(desk, exception, "casey")
