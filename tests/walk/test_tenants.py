"""Every endpoint, asked by another tenant for the first tenant's own rows: nothing is found, nothing written."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from django.apps import apps
from django.db.models import Model
from django.http import HttpResponse
from rest_framework.test import APIClient

from policies.models import Artifact, Snapshot
from stellapolicy.access.roles import Role, Scope
from stellapolicy.kernel import digest
from stellapolicy.management.seeding import seed_contents
from stellapolicy.tenancy.models import Service, Team, Tenant, TenantModel
from stellapolicy.tenancy.scope import tenant_scope
from tests.admin_pages import Inhabited
from tests.clients import client_of
from tests.factories import TenantFactory, person_with, token_for
from tests.walk import references
from tests.walk.known import Known, ask
from tests.walk.operations import addresses, members_of, operations, shape

pytestmark = pytest.mark.django_db

NOT_DESCRIBED = {"/openapi.json"}


@pytest.fixture
def stranger(db: None) -> APIClient:
    tenant = TenantFactory(slug="globex")
    seed_contents(tenant, at=datetime.now(tz=UTC))
    return client_of(tenant, *Scope)


def looks_like_a_reference(name: str, said: dict[str, Any]) -> bool:
    if name in references.NOT_REFERENCES:
        return False
    inner = said.get("items", said)
    return (
        name in references.MEMBERS or inner.get("format") == "uuid" or name.endswith(("_id", "_ids", "digest", "_hash"))
    )


def test_every_address_of_the_api_is_described() -> None:
    described = {shape(operation) for operation in operations()}

    assert addresses() - described == NOT_DESCRIBED


def test_every_parameter_of_every_address_has_an_example_to_walk_with() -> None:
    missing = {place for operation in operations() for place in operation.references} - set(references.PATHS)

    assert missing == set(), "say in tests/walk/references.py what stands for these, under @path"


def test_every_member_that_names_a_row_has_an_example_to_walk_with() -> None:
    missing = {
        name
        for operation in operations()
        for name, said in (*members_of(operation.body_schema), *operation.query.items())
        if looks_like_a_reference(name, said) and name not in references.MEMBERS
    }

    assert missing == set(), "say in tests/walk/references.py what stands for these, under @member"


def test_every_example_to_walk_with_is_there(known: Known) -> None:
    nowhere = {place for place, found in known.paths.items() if not found}

    assert nowhere == set(), "let `inhabit` make a row of these, or make it where tests/walk/references.py names it"


def test_what_stands_for_a_parameter_is_found_by_its_own_tenant(acme: Inhabited, known: Known) -> None:
    insider = client_of(acme.tenant, *Scope)

    found = {
        str(operation): {ask(insider, operation, filled).status_code for filled in known.fillings(operation)}
        for operation in operations()
        if operation.method == "get" and operation.references and not operation.needs_a_query
    }

    assert {name: answers for name, answers in found.items() if 200 not in answers} == {}


def test_another_tenant_finds_nothing_and_writes_nothing(acme: Inhabited, stranger: APIClient, known: Known) -> None:
    foreign, before = identifiers(acme.tenant), contents(acme.tenant)

    shown = {
        f"{operation} {filled}": found
        for operation in operations()
        for filled in known.fillings(operation)
        if (found := foreign_rows(ask(stranger, operation, filled, said=known.said(operation)), foreign))
    }

    assert shown == {}
    assert contents(acme.tenant) == before


def test_a_row_named_in_an_address_is_not_there_for_another_tenant(stranger: APIClient, known: Known) -> None:
    answered = {
        f"{operation} {filled}": answer.status_code
        for operation in operations()
        for filled in known.fillings(operation)
        if any(is_uuid(value) for value in filled)
        and (answer := ask(stranger, operation, filled, said=known.said(operation))).status_code < 400
    }

    assert answered == {}


def test_a_token_of_one_service_sees_no_row_of_another(acme: Inhabited, known: Known) -> None:
    hidden = rows_of_services(acme.tenant)
    limited = limited_client(acme)

    shown = {
        f"{operation} {filled}": found
        for operation in operations()
        if operation.method == "get"
        for filled in known.fillings(operation)
        if (found := foreign_rows(ask(limited, operation, filled, said=known.said(operation)), hidden))
    }

    assert shown == {}


def limited_client(acme: Inhabited) -> APIClient:
    """Return a client whose token holds every scope in a service that has nothing."""
    with tenant_scope(acme.tenant.pk):
        empty = Service.objects.create(slug="empty", name="Empty", team=Team.objects.create(slug="new", name="New"))
    issued = token_for(person_with(acme.tenant, *Role), acme.tenant, *Scope, service_id=empty.pk)
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {issued.secret}")
    return client


def is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def tenant_rows(tenant: Tenant) -> Iterator[Model]:
    """Give every row of a tenant, of every table that has one."""
    with tenant_scope(tenant.pk):
        for model in sorted(apps.get_models(), key=lambda each: each._meta.label):
            if any(field.related_model is Tenant for field in model._meta.concrete_fields):
                yield from model._base_manager.filter(tenant=tenant).order_by("pk")


def identifiers(tenant: Tenant) -> set[str]:
    """Return what only an answer about this tenant's rows can hold."""
    return {str(row.pk) for row in tenant_rows(tenant) if isinstance(row.pk, UUID)} | {str(tenant.pk)}


def rows_of_services(tenant: Tenant) -> set[str]:
    """Return what names a row that belongs to a service: its id, and its content."""
    with tenant_scope(tenant.pk):
        rows = [
            row
            for model in apps.get_models()
            if issubclass(model, TenantModel) and model.service_path
            for row in model._base_manager.filter(**{f"{model.service_path}__isnull": False})
        ]
    names = {str(row.pk) for row in rows}
    return names.union(row.digest for row in rows if isinstance(row, Artifact)).union(
        row.name for row in rows if isinstance(row, Snapshot)
    )


def foreign_rows(answer: HttpResponse, foreign: set[str]) -> list[str]:
    """Return the rows that an answer shows; a refusal may repeat what it was asked, and nothing else."""
    if answer.status_code >= 400:
        return []
    text = answer.content.decode(errors="replace")
    return sorted(each for each in foreign if each in text)


def contents(tenant: Tenant) -> str:
    """Return a digest over every row of a tenant."""
    rows = [
        [row._meta.label, *(str(getattr(row, field.attname)) for field in row._meta.concrete_fields)]
        for row in tenant_rows(tenant)
    ]
    return digest.of_bytes(orjson.dumps(rows))
