"""The columns of the estate: written, scanned, verified, compacted and rebuilt on a real database and storage."""

from collections.abc import Iterator
from datetime import timedelta

import polars as pl
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from policies.models import ColumnFile, Snapshot, SnapshotColumns
from policies.services import column_files, columns
from policies.services.estate import estate
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON
from tests.gates.conftest import Shop, make_shop
from tests.reports import HARMLESS, KEV_CRITICAL, many, trivy

LATER = NOON + timedelta(hours=2)


@pytest.fixture
def estate_of_three(db: None) -> Iterator[Shop]:
    """Be in a tenant with three snapshots of one, one and forty findings."""
    shop = make_shop()
    with tenant_scope(shop.tenant.pk):
        for name, vulns in (("shop/a", [KEV_CRITICAL]), ("shop/b", [HARMLESS]), ("shop/c", many(40))):
            shop.ask(name, trivy(name, vulns, scanned_at=NOON - timedelta(hours=1)))
        yield shop


def names() -> list[str]:
    return sorted(Snapshot.objects.values_list("name", flat=True))


def held(frame: pl.LazyFrame) -> list[str]:
    return sorted(frame.select("snapshot").collect()["snapshot"].unique().to_list())


def test_every_finding_of_the_estate_can_be_scanned(estate_of_three: Shop) -> None:
    columns.write_missing(at=NOON)

    frame = estate()

    assert held(frame) == names()
    critical = frame.filter(pl.col("severity") == "critical").select("identifier").collect()
    assert "CVE-2021-44228" in critical["identifier"].to_list()


def test_some_snapshots_are_scanned_alone(estate_of_three: Shop) -> None:
    columns.write_missing(at=NOON)
    columns.compact(at=NOON)

    assert held(estate(names()[:1])) == names()[:1]


def test_columns_are_written_once(estate_of_three: Shop) -> None:
    snapshot = Snapshot.objects.order_by("pk")[0]

    first, second = (columns.write_columns(snapshot=snapshot, at=NOON) for _ in range(2))

    assert first == second
    assert columns.write_missing(at=NOON) == len(names()) - 1
    assert columns.write_missing(at=NOON) == 0


def test_many_snapshots_are_written_in_a_constant_number_of_writes(estate_of_three: Shop) -> None:
    with CaptureQueriesContext(connection) as queries:
        columns.write_missing(at=NOON)

    inserts = [one for one in queries if one["sql"].startswith("INSERT")]
    assert len(inserts) == 2


def test_compaction_puts_small_files_into_one_and_changes_no_row(estate_of_three: Shop) -> None:
    for snapshot in Snapshot.objects.all():
        columns.write_columns(snapshot=snapshot, at=NOON)
    before = estate().sort("snapshot", "position").collect()

    assert columns.compact(at=NOON) == len(names())

    assert ColumnFile.objects.current().count() == 1
    assert estate().sort("snapshot", "position").collect().equals(before)
    assert columns.verify() == ()


def test_a_superseded_file_stays_for_its_readers_and_goes_afterwards(estate_of_three: Shop) -> None:
    for snapshot in Snapshot.objects.all():
        columns.write_columns(snapshot=snapshot, at=NOON)
    columns.compact(at=NOON)
    assert ColumnFile.objects.count() == len(names()) + 1

    columns.compact(at=LATER)

    assert ColumnFile.objects.count() == 1


def test_a_changed_file_is_found_and_rebuilt_from_the_database(estate_of_three: Shop) -> None:
    columns.write_missing(at=NOON)
    file = ColumnFile.objects.get()
    column_files.storage().delete(file.stored_as)
    with column_files.storage().open(file.stored_as, "wb") as stream:
        stream.write(b"something else")

    assert [fault.detail for fault in columns.verify()] == [f"the file of {file.digest} is not what was written"]
    column_files.storage().delete(file.stored_as)
    columns.rebuild(at=LATER)

    assert columns.verify() == ()
    assert held(estate()) == names()


def test_a_missing_file_is_reported(estate_of_three: Shop) -> None:
    columns.write_missing(at=NOON)
    file = ColumnFile.objects.get()
    column_files.storage().delete(file.stored_as)

    assert [fault.detail for fault in columns.verify()] == [f"{file.digest} is not in the storage"]


def test_rows_that_are_not_those_of_the_database_are_reported(estate_of_three: Shop) -> None:
    columns.write_missing(at=NOON)
    one, other = SnapshotColumns.objects.order_by("row_count")[1:3]
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL ROLE stella_owner")
        cursor.execute("ALTER TABLE policies_snapshotfinding DISABLE TRIGGER append_only")
        cursor.execute(
            "UPDATE policies_snapshotfinding SET severity = 'none' WHERE snapshot_id = %s AND position = 0",
            [other.snapshot_id],
        )
        cursor.execute("SET LOCAL ROLE stella_app")

    faults = columns.verify()

    assert [fault.detail for fault in faults] == [f"the columns of {other.snapshot.name} differ from the database"]
    assert one.snapshot.name not in faults[0].detail


def test_another_tenant_has_an_estate_of_its_own(db: None) -> None:
    ours, theirs = make_shop(), make_shop(slug="other")
    with tenant_scope(ours.tenant.pk):
        ours.ask("shop/a", trivy("shop/a", [KEV_CRITICAL], scanned_at=NOON - timedelta(hours=1)))
        columns.write_missing(at=NOON)

    with tenant_scope(theirs.tenant.pk):
        assert estate().collect().height == 0
        assert columns.verify() == ()


def test_the_command_says_what_is_damaged_and_mends_it(
    estate_of_three: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    columns.write_missing(at=NOON)
    column_files.storage().delete(ColumnFile.objects.get().stored_as)

    with pytest.raises(CommandError, match="columns rebuild"):
        call_command("columns", "verify", tenant=estate_of_three.tenant.slug)
    call_command("columns", "rebuild", tenant=estate_of_three.tenant.slug)
    call_command("columns", "verify", tenant=estate_of_three.tenant.slug)

    assert "intact" in capsys.readouterr().out
