"""Records each time an exception changed a verdict, for the rooms above that judge."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import connection

from exceptions.models import ExceptionApplication
from stellapolicy.kernel.ids import new_id
from stellapolicy.kernel.retention import Purge, Reach
from stellapolicy.tenancy.scope import current_tenant

KEPT: Final = timedelta(days=400)

# One statement, whatever the number of findings. The exceptions themselves are marked as used where the present was
# judged, unless somebody holds one at this moment: who judges a release never waits for who changes an exception, and
# the next application marks it.
_RECORD = """
    WITH applied AS (
        INSERT INTO exceptions_exceptionapplication (id, tenant_id, exception_id, terms_id, run, artifact_digest,
               environment, finding, raw_status, status, effect, program_digest, at)
        SELECT row.id, %(tenant)s, row.exception, row.terms, %(run)s, %(artifact)s,
               %(environment)s, row.finding, row.raw_status, row.status, row.effect, %(program)s, %(at)s
        FROM jsonb_to_recordset(%(rows)s::jsonb)
          AS row(id uuid, exception uuid, terms uuid, finding text, raw_status text, status text, effect text)
        RETURNING exception_id
    ), used AS (
        SELECT id FROM exceptions_policyexception
        WHERE %(is_present)s AND tenant_id = %(tenant)s AND id IN (SELECT exception_id FROM applied)
          AND (last_applied_at IS NULL OR last_applied_at < %(at)s)
        ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE exceptions_policyexception SET last_applied_at = %(at)s, owner_asked_at = NULL
    WHERE id IN (SELECT id FROM used)
"""


@dataclass(frozen=True, slots=True)
class Applied:
    """One finding that an exception changed."""

    exception: UUID
    terms: UUID
    finding: str
    raw_status: str
    status: str
    effect: str


def record_applications(
    applied: Sequence[Applied],
    *,
    run: UUID,
    artifact_digest: str,
    environment: str,
    program_digest: str,
    is_present: bool,
    at: datetime,
) -> None:
    """Write what exceptions changed in one decision or run; one statement, none where nothing was changed.

    is_present: whether the present evidence was judged, as of now. INVARIANT: what was changed is kept in any case, and
    nobody keeps an idle exception alive by asking about another day.
    """
    if not applied:
        return
    rows = [
        {
            "id": new_id(),
            "exception": one.exception,
            "terms": one.terms,
            "finding": one.finding,
            "raw_status": one.raw_status,
            "status": one.status,
            "effect": one.effect,
        }
        for one in applied
    ]
    said: dict[str, Any] = {  # Any: whatever the driver takes
        "tenant": current_tenant(),
        "run": run,
        "artifact": artifact_digest,
        "environment": environment,
        "program": program_digest,
        "is_present": is_present,
        "at": at,
        "rows": orjson.dumps(rows).decode(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_RECORD, said)


def remove_old(before: datetime, limit: int) -> int:
    """Remove applications older than an instant, at most so many, and return how many."""
    old = ExceptionApplication.objects.filter(at__lt=before).order_by("at", "id").values("pk")[:limit]
    removed, _ = ExceptionApplication.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()
    return removed


APPLICATIONS = Purge(
    name="exceptions.applications",
    what="each time an exception changed a verdict",
    kept=KEPT,
    reach=Reach.TENANT,
    remove=remove_old,
)
