"""Who may read an exception is said by all of its terms, also of exceptions that are older than that column."""

from importlib import import_module

from django.db import connection

from exceptions.asking import TermsChange
from exceptions.matching.scope import Scope
from exceptions.models import PolicyException
from exceptions.services.request import change_terms
from tests.exceptions.desk import Desk, fresh
from tests.factories import NOON, ServiceFactory
from tests.gates.conftest import Shop
from tests.reports import LOG4SHELL

NAMES = ("mine", "other")


def test_the_column_is_filled_from_all_terms_and_not_from_the_latest(in_shop: Shop, desk: Desk) -> None:
    services = {name: ServiceFactory(slug=name).pk for name in NAMES}
    within, moved, narrowed = (desk.ask(vulnerability=LOG4SHELL, service="mine") for _ in range(3))
    other, anywhere, mine = (Scope((LOG4SHELL,), services=names) for names in (("other",), (), ("mine",)))
    for exception, scopes in ((moved, [other]), (narrowed, [anywhere, mine])):
        for scope in scopes:
            change_terms(actor=desk.actor("ada"), pk=exception.pk, change=TermsChange(scope=scope), at=NOON)
    PolicyException.objects.update(reach=[])
    PolicyException.objects.filter(pk=narrowed.pk).update(reach=[services["mine"]])

    with connection.cursor() as cursor:
        cursor.execute(import_module("exceptions.migrations.0003_readers_and_signed_subjects").REACH)

    assert fresh(within).reach == [services["mine"]]
    assert fresh(moved).reach == sorted(services.values())
    assert fresh(narrowed).reach == []
