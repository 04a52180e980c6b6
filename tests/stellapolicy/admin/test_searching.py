"""Searches answered by an index, and counts that cost no more than a page."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from policies.models import Artifact
from stellapolicy.admin import paginator
from stellapolicy.admin.paginator import BoundedPaginator
from stellapolicy.admin.searching import digest_begins
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, TenantFactory
from tests.reports import digest_of


@pytest.fixture
def tenant(db: None) -> Tenant:
    """A tenant with thirty artifacts."""
    tenant = TenantFactory()
    with tenant_scope(tenant.pk):
        Artifact.objects.bulk_create(
            Artifact(digest=digest_of(str(number)), first_seen_at=NOON + timedelta(minutes=number))
            for number in range(30)
        )
    return tenant


@pytest.mark.parametrize("beginning", ["sha256:", ""])
@pytest.mark.parametrize("length", [4, 12, 64])
def test_a_digest_is_found_by_its_beginning_with_or_without_its_algorithm(
    tenant: Tenant, beginning: str, length: int
) -> None:
    wanted = digest_of("7")
    begins = digest_begins("digest", beginning + wanted.removeprefix("sha256:")[:length])
    assert begins is not None

    with tenant_scope(tenant.pk):
        assert list(Artifact.objects.filter(begins).values_list("digest", flat=True)) == [wanted]


@pytest.mark.parametrize("term", ["", "abc", "registry.example", "sha256:xyz0", "12 4"])
def test_what_can_be_no_beginning_of_a_digest_is_not_searched_as_one(term: str) -> None:
    assert digest_begins("digest", term) is None


def test_a_short_list_is_counted_exactly(tenant: Tenant) -> None:
    with tenant_scope(tenant.pk):
        pages = BoundedPaginator(Artifact.objects.all(), 10)

        assert pages.count == 30
        assert not pages.is_estimated


def test_a_long_list_is_estimated_and_never_counted_whole(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paginator, "EXACT_UP_TO", 20)
    with tenant_scope(tenant.pk), CaptureQueriesContext(connection) as queries:
        pages = BoundedPaginator(Artifact.objects.all(), 10)

        assert pages.count > 20

    assert pages.is_estimated
    assert "LIMIT 21" in queries[0]["sql"]
    assert queries[1]["sql"].startswith("EXPLAIN")


def test_a_list_in_memory_is_counted_by_its_length() -> None:
    assert BoundedPaginator(["a", "b"], 10).count == 2
