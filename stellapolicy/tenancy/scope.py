"""The tenant scope: one transaction in which rows of exactly one tenant exist."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from django.db import connection, transaction

_current: ContextVar[UUID | None] = ContextVar("stella_tenant", default=None)


class UnscopedQuery(Exception):  # noqa: N818 - reads as a sentence
    """Rows of tenants were asked for outside a tenant scope; PostgreSQL would silently answer with none."""


class ScopeSwitched(Exception):  # noqa: N818 - reads as a sentence
    """A scope was opened for another tenant inside the scope of a first."""


@contextmanager
def tenant_scope(tenant_id: UUID) -> Iterator[None]:
    """Open a transaction whose queries see and write the rows of this tenant only.

    INVARIANT: the setting is local to the transaction, so a pooled connection never carries a tenant onwards. Whatever
    is raised rolls it back with everything else, to before the scope was opened.
    """
    current = _current.get()
    if current == tenant_id:
        with transaction.atomic():
            yield
        return
    if current is not None:
        raise ScopeSwitched(f"scope of tenant {current} is open, {tenant_id} was asked for")
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('app.tenant', %s, true)", [str(tenant_id)])
        token = _current.set(tenant_id)
        try:
            yield
        finally:
            _current.reset(token)
        if not connection.needs_rollback:
            _leave()


def _leave() -> None:
    """Forget the tenant where an outer transaction goes on (tests run inside one)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.tenant', '', true)")


def current_tenant() -> UUID:
    """Return the tenant of the open scope, or refuse."""
    tenant_id = _current.get()
    if tenant_id is None:
        raise UnscopedQuery("open a tenant_scope() before touching rows of a tenant")
    return tenant_id
