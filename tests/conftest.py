"""What every test may ask for."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection
from psycopg import sql
from pytest_django.plugin import DjangoDbBlocker

from stellapolicy.tenancy.schema import as_owner
from tests.network import connection_mode_of_this_test, only_loopback

__all__ = ["connection_mode_of_this_test", "only_loopback"]  # fixtures of every test


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest, django_db_modify_db_settings: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Create the test database as the owner, then run every test as the role the product runs as."""
    from django.test.utils import setup_databases, teardown_databases

    with django_db_blocker.unblock(), as_owner():
        # Nothing is serialised: no test needs the rows back, and rows of tenants cannot be read outside a scope.
        databases = setup_databases(verbosity=0, interactive=False, serialized_aliases=set())
        _let_the_app_role_flush()
    yield
    with django_db_blocker.unblock(), as_owner():
        teardown_databases(databases, verbosity=0)


def _let_the_app_role_flush() -> None:
    """Tests that commit are followed by TRUNCATE, which production withholds from the application role."""
    statement = sql.SQL("GRANT TRUNCATE ON ALL TABLES IN SCHEMA {} TO {}").format(
        sql.Identifier(settings.DATABASE_SCHEMA), sql.Identifier(settings.DATABASE_APP_ROLE)
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)
