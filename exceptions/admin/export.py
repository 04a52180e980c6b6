"""The list as it is narrowed, as a file: one line an exception, for a spreadsheet or a script."""

import csv
import json
from collections.abc import Iterator
from io import StringIO
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from exceptions.admin.reading import listed
from exceptions.models import PolicyException
from stellapolicy.admin.base import PageAdmin
from stellapolicy.kernel.clock import now, rfc3339

MOST: Final = 10_000
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_TYPES: Final = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}


def export_view(page: PageAdmin[PolicyException], request: HttpRequest, *, form: str) -> HttpResponse:
    """Answer with the rows of the list, filters and search included, the newest first."""
    if not page.has_view_permission(request):
        raise PermissionDenied
    rows = listed(page, request)[:MOST]
    content = _csv(rows.iterator()) if form == "csv" else _ndjson(rows.iterator())
    answer = HttpResponse(content, content_type=_TYPES[form])
    answer["Content-Disposition"] = f'attachment; filename="exceptions.{form}"'
    return answer


def _line(row: PolicyException) -> dict[str, Any]:
    return {
        "number": row.number,
        "state": row.standing(at=now()).value,
        "type": row.type,
        "reason": row.reason,
        "effect": row.effect,
        "level": row.level,
        "severity": row.severity,
        "vulnerabilities": row.vulnerabilities,
        "packages": row.packages,
        "rules": row.rules,
        "services": row.services,
        "environments": row.environments,
        "requester": row.person,
        "owner_team": row.owner_team.slug if row.owner_team is not None else "",
        "ticket": row.ticket,
        "artifacts": row.artifact_count,
        "starts_at": rfc3339(row.starts_at),
        "expires_at": rfc3339(row.expires_at),
        "last_applied_at": rfc3339(row.last_applied_at) if row.last_applied_at else "",
        "created_at": rfc3339(row.created_at),
    }


def _csv(rows: Iterator[PolicyException]) -> str:
    written = StringIO()
    lines = (_line(row) for row in rows)
    first = next(lines, None)
    if first is None:
        return ""
    sheet = csv.DictWriter(written, fieldnames=list(first))
    sheet.writeheader()
    for line in (first, *lines):
        sheet.writerow({name: _plain(value) for name, value in line.items()})
    return written.getvalue()


def _plain(value: object) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    text = " ".join(value) if isinstance(value, list) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _ndjson(rows: Iterator[PolicyException]) -> str:
    return "".join(f"{json.dumps(_line(row), ensure_ascii=False)}\n" for row in rows)
