"""Every operation takes whatever the document allows, and much that it does not, and answers as the document says.

The operations come from the code, so that a new endpoint is tried without being named here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import booleans
from pytest_django.fixtures import Settings
from pytest_django.plugin import DjangoDbBlocker
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from stellapolicy.access.roles import Role, Scope
from stellapolicy.tenancy.scope import tenant_scope
from tests.admin_pages import Inhabited, inhabit
from tests.factories import person_with, token_for
from tests.walk import references
from tests.walk.operations import document, operations

# So many of each operation that all of them together take about a minute of one processor, however many there are.
EXAMPLES = max(5, min(15, 1100 // len(operations())))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]


@pytest.fixture(scope="module")
def acme(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Inhabited]:
    """A tenant with a row of everything, made once and forgotten in the end."""
    with django_db_blocker.unblock(), _one_connection(), transaction.atomic():
        yield inhabit("acme")
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def headers(acme: Inhabited) -> dict[str, str]:
    """The headers of a token that may do everything."""
    issued = token_for(person_with(acme.tenant, *Role), acme.tenant, *Scope)
    return {"Authorization": f"Bearer {issued.secret}", "Accept-Encoding": "identity"}


@pytest.fixture(scope="module")
def known(acme: Inhabited) -> dict[str, str]:
    """A real value for each address that ends in a parameter."""
    with tenant_scope(acme.tenant.pk):
        found = {address: next(iter(source(acme)), None) for address, source in references.PATHS.items()}
    return {address: str(value) for address, value in found.items() if value is not None}


@pytest.fixture(autouse=True)
def _without_limits(settings: Settings) -> None:
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS)


@contextmanager
def _one_connection() -> Iterator[None]:
    """Let the server keep the connection of the test between requests."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


API = schemathesis.openapi.from_dict(document())
API.app = WSGIHandler()
BY_NAME = {
    found.definition.raw["operationId"]: found
    for found in (each.ok() for each in API.get_all_operations() if isinstance(each, Ok))
}


@pytest.mark.parametrize("name", [operation.name for operation in operations()])
def test_an_operation_answers_as_described(
    name: str, acme: Inhabited, headers: dict[str, str], known: dict[str, str], django_db_blocker: DjangoDbBlocker
) -> None:
    operation = BY_NAME[name]
    described = next(each for each in operations() if each.name == name)
    real = [known[place] for place in described.references if place in known]

    cases = operation.as_strategy(GenerationMode.POSITIVE) | operation.as_strategy(GenerationMode.NEGATIVE)

    @given(case=cases, is_real=booleans())
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def answer(case: Case[Any], *, is_real: bool) -> None:
        if is_real and case.path_parameters and len(real) == len(case.path_parameters):
            case.path_parameters.update(zip(case.path_parameters, real, strict=True))
        with transaction.atomic():
            response = case.call(headers=headers)
            transaction.set_rollback(True)
        case.validate_response(response, checks=CHECKS)

    with django_db_blocker.unblock():
        answer()
