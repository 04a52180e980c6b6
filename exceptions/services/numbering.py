"""Numbers of exceptions: EXC, the year, and the next one of the tenant."""

from datetime import datetime

from django.db import connection

from exceptions.models import ExceptionNumber
from stellapolicy.kernel.ids import new_id
from stellapolicy.tenancy.scope import current_tenant

_TAKE = f"""
    INSERT INTO {ExceptionNumber._meta.db_table} AS given (id, tenant_id, year, last) VALUES (%s, %s, %s, 1)
    ON CONFLICT (tenant_id, year) DO UPDATE SET last = given.last + 1
    RETURNING last
"""  # noqa: S608, SLF001 - the name of our own table


def next_number(*, at: datetime) -> str:
    """Return the next number of the tenant; whoever asks meanwhile waits until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [new_id(), current_tenant(), at.year])
        (last,) = cursor.fetchone()
    return f"EXC-{at.year}-{last:04d}"
