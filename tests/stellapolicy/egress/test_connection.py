"""Connected, constrained or sealed: one mode for the installation, in force as soon as it is set."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from stellapolicy.audit.models import Entry
from stellapolicy.egress.errors import NotAllowed, Sealed
from stellapolicy.egress.factory import require_callable, require_host, session
from stellapolicy.egress.models import ConnectionMode
from stellapolicy.egress.selectors import connection_mode, connection_state
from stellapolicy.egress.services.connection import set_mode
from stellapolicy.kernel.actor import Actor
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, TenantFactory, almighty
from tests.stellapolicy.egress.conftest import Serving


def switch(actor: Actor, mode: ConnectionMode) -> None:
    with tenant_scope(actor.tenant_id):
        set_mode(actor=actor, mode=mode, reason="drill", at=NOON)


@pytest.fixture
def committed_actor(transactional_db: None) -> Actor:
    return almighty(TenantFactory(slug="committed"))


@pytest.mark.django_db
def test_an_installation_is_connected_until_somebody_says_otherwise() -> None:
    assert connection_mode() is ConnectionMode.CONNECTED
    assert connection_state() is None


def test_a_change_says_who_when_and_why_in_the_row_and_in_the_audit_trail(actor: Actor) -> None:
    switch(actor, ConnectionMode.SEALED)

    state = connection_state()
    assert state is not None
    assert (state.changed_by, state.changed_at, state.reason) == (actor.subject, NOON, "drill")
    with tenant_scope(actor.tenant_id):
        assert Entry.objects.filter(action="egress.sealed", reason="drill").exists()


def test_a_second_change_replaces_the_first(actor: Actor) -> None:
    switch(actor, ConnectionMode.SEALED)
    switch(actor, ConnectionMode.CONSTRAINED)

    assert connection_mode() is ConnectionMode.CONSTRAINED


@pytest.mark.django_db(transaction=True)
def test_the_mode_is_read_from_the_cache(committed_actor: Actor) -> None:
    connection_mode()

    with CaptureQueriesContext(connection) as asked:
        connection_mode()

    assert len(asked) == 0


@pytest.mark.django_db(transaction=True)
def test_a_change_is_in_force_at_once_although_the_mode_is_cached(committed_actor: Actor) -> None:
    connection_mode()

    switch(committed_actor, ConnectionMode.SEALED)

    assert connection_mode() is ConnectionMode.SEALED


def test_a_sealed_installation_calls_nobody_not_even_inside(actor: Actor, inside: None, serving: Serving) -> None:
    server = serving(lambda _asked: pytest.fail("reached"))
    switch(actor, ConnectionMode.SEALED)

    with session("test", resolver=lambda _host, _port: ["127.0.0.1"]) as client, pytest.raises(Sealed):
        client.get(server.url(host="intern.test"))
    with pytest.raises(Sealed):
        require_callable("https://example.org/", purpose="test")
    with pytest.raises(Sealed):
        require_host("mail.example.org", 25, purpose="mail")


def test_a_constrained_installation_calls_its_list_and_what_is_inside(
    actor: Actor, inside: None, settings: Settings
) -> None:
    settings.EGRESS_ALLOWED_HOSTS = ["feeds.example", "*.mirror.example", "strict.example:8443"]
    switch(actor, ConnectionMode.CONSTRAINED)

    for fine in ("https://feeds.example/", "https://a.mirror.example/", "https://strict.example:8443/"):
        require_callable(fine, purpose="test")
    require_callable("http://intern.test/", purpose="test", resolver=lambda _host, _port: ["127.0.0.1"])
    for other in ("https://example.org/", "https://mirror.example/", "https://strict.example/", "https://8.8.8.8/"):
        with pytest.raises(NotAllowed):
            require_callable(other, purpose="test")
