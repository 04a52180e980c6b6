"""Somebody with the keys of the database edits history; the walk along the chain finds it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from threading import Barrier, Thread

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from stellapolicy.audit.chain import BreakKind
from stellapolicy.audit.selectors import links, verify
from stellapolicy.audit.services import Target, record
from stellapolicy.kernel.actor import Actor
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.schema import as_owner
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, TenantFactory, almighty

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def recorded(tenant: Tenant, actor: Actor) -> Tenant:
    with tenant_scope(tenant.pk):
        for number in range(1, 6):
            record(actor, "team.made", Target("tenancy.team", str(number)), at=NOON)
    return tenant


@contextmanager
def unlocked() -> Iterator[None]:
    """Let the owner of the tables write history: triggers and row-level security are off inside."""
    tables = ("audit_entry", "audit_chainhead")
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER append_only")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        try:
            yield
        finally:
            cursor.execute("ALTER TABLE audit_entry ENABLE TRIGGER append_only")
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")


def tamper(*statements: str) -> None:
    with unlocked(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def test_an_untouched_chain_is_intact(recorded: Tenant) -> None:
    found = verify(recorded.pk)

    assert (found.entries, found.breaks) == (5, ())


@pytest.mark.parametrize(
    "statements, expected",
    [
        (["UPDATE audit_entry SET actor = 'user:mallory' WHERE seq = 3"], {(3, BreakKind.EDITED)}),
        (["UPDATE audit_entry SET at = at - interval '1 second' WHERE seq = 5"], {(5, BreakKind.EDITED)}),
        (["DELETE FROM audit_entry WHERE seq = 2"], {(3, BreakKind.MISSING)}),
        (["DELETE FROM audit_entry WHERE seq = 1"], {(2, BreakKind.MISSING)}),
        (["DELETE FROM audit_entry WHERE seq = 5"], {(4, BreakKind.SHORTENED)}),
        (["DELETE FROM audit_entry"], {(0, BreakKind.SHORTENED)}),
        (
            [
                "UPDATE audit_entry SET seq = 99 WHERE seq = 2",
                "UPDATE audit_entry SET seq = 2 WHERE seq = 3",
                "UPDATE audit_entry SET seq = 3 WHERE seq = 99",
            ],
            {
                (2, BreakKind.UNCHAINED),
                (2, BreakKind.EDITED),
                (3, BreakKind.UNCHAINED),
                (3, BreakKind.EDITED),
                (4, BreakKind.UNCHAINED),
            },
        ),
        (
            [
                "DELETE FROM audit_entry WHERE seq = 3",
                "UPDATE audit_entry SET seq = seq - 1 WHERE seq = 4",
                "UPDATE audit_entry SET seq = seq - 1 WHERE seq = 5",
                "UPDATE audit_chainhead SET seq = 4",
            ],
            {(3, BreakKind.UNCHAINED), (3, BreakKind.EDITED), (4, BreakKind.EDITED)},
        ),
    ],
)
def test_tampering_is_found(statements: list[str], expected: set[tuple[int, BreakKind]], recorded: Tenant) -> None:
    tamper(*statements)

    found = verify(recorded.pk)

    assert {(place.seq, place.kind) for place in found.breaks} == expected


def test_two_writers_at_once_keep_the_chain_whole(tenant: Tenant, actor: Actor) -> None:
    start = Barrier(4)

    def write() -> None:
        start.wait()
        try:
            for number in range(10):
                with tenant_scope(tenant.pk):
                    record(actor, "team.made", Target("tenancy.team", str(number)), at=NOON)
        finally:
            connection.close()

    at_once(write, 4)

    found = verify(tenant.pk)
    assert (found.entries, found.breaks) == (40, ())


def at_once(work: Callable[[], None], times: int) -> None:
    threads = [Thread(target=work) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_the_command_says_intact(recorded: Tenant) -> None:
    output = StringIO()

    call_command("audit", "verify", stdout=output)

    assert output.getvalue().startswith("acme: intact, 5 entries, head sha256:")


def test_the_command_fails_on_a_broken_chain_and_names_the_place(recorded: Tenant) -> None:
    TenantFactory(slug="globex")
    tamper("UPDATE audit_entry SET reason = 'forged' WHERE seq = 3")
    output = StringIO()

    with pytest.raises(CommandError, match="1 tenant is broken"):
        call_command("audit", "verify", stdout=output)

    assert "acme: broken" in output.getvalue()
    assert "entry 3: edited" in output.getvalue()
    assert "globex: intact, 0 entries" in output.getvalue()


def test_the_command_refuses_an_unknown_tenant(recorded: Tenant) -> None:
    with pytest.raises(CommandError, match="no tenant nowhere"):
        call_command("audit", "verify", "--tenant", "nowhere")


def test_the_export_is_one_json_object_a_line_in_order(recorded: Tenant) -> None:
    other = TenantFactory(slug="globex")
    with tenant_scope(other.pk):
        record(almighty(other), "team.made", Target("tenancy.team", "9"), at=NOON)
    output = StringIO()

    call_command("audit", "export", "--tenant", "acme", stdout=output)

    lines = [json.loads(line) for line in output.getvalue().splitlines()]
    assert [line["seq"] for line in lines] == [1, 2, 3, 4, 5]
    assert lines[0]["at"] == "2026-03-02T12:00:00Z"
    assert [line["hash"] for line in lines] == [link.hash for link in links(recorded.pk)]
