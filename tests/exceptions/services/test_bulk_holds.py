"""Many at once hold what their actor may see, and nothing else."""

from threading import Event, Thread

import pytest
from django.db import connection, connections

from exceptions.models import PolicyException
from exceptions.services.bulk import BulkRow, Verb, act_on_many
from stellapolicy.tenancy.scope import tenant_scope
from tests.exceptions.desk import make_desk
from tests.factories import NOON, ServiceFactory
from tests.gates.conftest import make_shop
from tests.reports import LOG4SHELL


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_a_row_they_may_not_see() -> None:
    shop = make_shop()
    desk, is_held, is_over = make_desk(shop.tenant), Event(), Event()
    with tenant_scope(shop.tenant.pk):
        service = ServiceFactory(slug="elsewhere")
        hidden = desk.ask(vulnerability=LOG4SHELL)
    bound = desk.actor("riley", services=[service.pk])

    def hold() -> None:
        with tenant_scope(shop.tenant.pk):
            list(PolicyException.objects.locked().filter(pk=hidden.pk))
            is_held.set()
            is_over.wait(timeout=30)
        connections.close_all()

    other = Thread(target=hold)
    other.start()
    is_held.wait(timeout=30)
    try:
        with tenant_scope(shop.tenant.pk):
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '2s'")
            rows = [BulkRow(hidden.number)]
            [result] = act_on_many(
                actor=bound, verb=Verb.REJECT, rows=rows, comment="no", all_or_nothing=False, at=NOON
            )
    finally:
        is_over.set()
        other.join()

    assert result.refusal is not None
    assert result.refusal.code == "exception.not_found"
