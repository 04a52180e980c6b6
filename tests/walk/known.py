"""What the inhabited tenant has, ready to be put into any request."""

from dataclasses import dataclass
from itertools import islice, product
from typing import Any

from django.http import HttpResponse
from rest_framework.test import APIClient

from stellapolicy.tenancy.scope import tenant_scope
from tests.admin_pages import Inhabited
from tests.walk import references
from tests.walk.operations import Operation, body_of

TRIES = 3


@dataclass(frozen=True, slots=True)
class Known:
    """Real values of the first tenant: by address, and by member of a body or query."""

    paths: dict[str, list[str]]
    members: dict[str, list[str]]

    def fillings(self, operation: Operation) -> list[tuple[str, ...]]:
        """Return what to put for the parameters of an address."""
        return list(product(*(self.paths.get(place, []) for place in operation.references)))

    def said(self, operation: Operation) -> tuple[dict[str, str], Any]:
        """Return the query and the body of an operation, a real value wherever one is named."""
        query = {name: self.members[name][0] for name in operation.query if self.members.get(name)}
        return query, replaced(body_of(operation), self.members)


def known_of(acme: Inhabited) -> Known:
    """Return the real values of a tenant; rows that only a reference makes are made now."""
    return Known(
        paths={place: values(acme, source) for place, source in references.PATHS.items()},
        members={name: values(acme, source) for name, source in references.MEMBERS.items()},
    )


def values(acme: Inhabited, source: references.Source) -> list[str]:
    with tenant_scope(acme.tenant.pk):
        return [str(value) for value in islice(source(acme), TRIES)]


def replaced(value: Any, known: dict[str, list[str]]) -> Any:
    match value:
        case dict():
            return {
                name: known[name][0]
                if name in known and isinstance(inner, str)
                else known[name]
                if name in known and isinstance(inner, list) and all(isinstance(each, str) for each in inner)
                else replaced(inner, known)
                for name, inner in value.items()
            }
        case list():
            return [replaced(inner, known) for inner in value]
        case _:
            return value


def ask(
    client: APIClient, operation: Operation, filled: tuple[str, ...], *, said: tuple[dict[str, str], Any] = ({}, None)
) -> HttpResponse:
    query, body = said
    address = operation.filled(*filled)
    if operation.method == "get":
        return client.get(address, query)
    return getattr(client, operation.method)(address, body, format="json")  # type: ignore[no-any-return]
