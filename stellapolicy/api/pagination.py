"""Pages by key, never by offset: rows that arrive or leave meanwhile are neither repeated nor skipped.

A cursor is the sort key of the last row seen, signed, and good only for the same tenant and the same question.
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

import orjson
from django.core import signing
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.db.models import Q, QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from stellapolicy.api.permissions import actor_of
from stellapolicy.api.rendering import dumps
from stellapolicy.kernel.refusals import Fault, Refusal

DEFAULT_LIMIT: Final = 100
LARGEST_LIMIT: Final = 500
PAGE_PARAMETERS: Final = frozenset({"limit", "cursor"})
_SALT = "stellapolicy.api.cursor"
_LONGEST_CURSOR = 2048


class CursorRefused(Refusal):
    """The cursor was not given out for this question."""

    code = "cursor.refused"
    status = HTTPStatus.BAD_REQUEST
    title = "The cursor is not valid here"


class LimitRefused(Refusal):
    """The page is asked too large, too small or in words."""

    code = "limit.refused"
    status = HTTPStatus.BAD_REQUEST
    title = "The limit is not valid"


class KeysetPagination(BasePagination):
    """Pages a queryset by the view's `page_order`: names of fields that are never null and together unique."""

    def paginate_queryset(self, queryset: QuerySet[Any], request: Request, view: APIView | None = None) -> list[Any]:  # type: ignore[override]  # Any: rows of any model
        """Return the rows of the page asked for, one query, whatever their number."""
        order: Sequence[str] = getattr(view, "page_order", ("-id",))
        limit = _limit(request)
        question = _question(request, order)
        given = request.query_params.get("cursor")
        rows = self.rows_after(queryset, order, _read(given, question) if given else None, limit + 1)
        self.next_cursor = _write(rows[limit - 1], order, question) if len(rows) > limit else None
        return rows[:limit]

    def rows_after(
        self, queryset: QuerySet[Any], order: Sequence[str], last: Sequence[object] | None, count: int
    ) -> list[Any]:  # Any: rows of any model
        """Return so many rows after those with a sort key; the first ones without it."""
        if last is not None:
            queryset = queryset.filter(_beyond(queryset.model, order, last))
        return list(queryset.order_by(*order)[:count])

    def get_paginated_response(self, data: Any) -> Response:  # noqa: ANN401 - rendered rows
        """Return a page and where the next one begins (null after the last)."""
        return Response({"items": data, "next_cursor": self.next_cursor})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:  # Any: JSON Schema
        """Return the JSON Schema of a page."""
        cursor = {"type": ["string", "null"], "description": "Pass it as `cursor`; null after the last page."}
        return {
            "type": "object",
            "required": ["items", "next_cursor"],
            "properties": {"items": schema, "next_cursor": cursor},
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:  # noqa: ARG002  # Any: OpenAPI
        """Return the query parameters of every list."""
        limit = {"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT, "default": DEFAULT_LIMIT}
        return [
            {"name": "limit", "in": "query", "required": False, "description": "Rows a page.", "schema": limit},
            {
                "name": "cursor",
                "in": "query",
                "required": False,
                "description": "`next_cursor` of the page before, for the same question.",
                "schema": {"type": "string", "maxLength": _LONGEST_CURSOR},
            },
        ]


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", str(DEFAULT_LIMIT))
    if not (text.isascii() and text.isdecimal() and 1 <= len(text) <= len(str(LARGEST_LIMIT))):
        raise LimitRefused(f"limit is a whole number from 1 to {LARGEST_LIMIT}")
    if not 1 <= int(text) <= LARGEST_LIMIT:
        raise LimitRefused(f"limit is a whole number from 1 to {LARGEST_LIMIT}")
    return int(text)


def _question(request: Request, order: Sequence[str]) -> str:
    """Return what a cursor is bound to: tenant, address, filters and order."""
    actor = actor_of(request)
    asked = sorted((name, values) for name, values in request.query_params.lists() if name not in PAGE_PARAMETERS)
    whole = [str(actor.tenant_id) if actor else "", request.path, asked, list(order)]
    return hashlib.sha256(orjson.dumps(whole)).hexdigest()


def _write(row: models.Model, order: Sequence[str], question: str) -> str:
    values = [getattr(row, name.removeprefix("-")) for name in order]
    signed = signing.Signer(salt=_SALT).sign(dumps([question, values]).decode())
    return urlsafe_b64encode(signed.encode()).decode().rstrip("=")


def _read(cursor: str, question: str) -> list[Any]:  # Any: values of any field
    if len(cursor) > _LONGEST_CURSOR or not cursor.isascii():
        raise CursorRefused("this cursor was not given out here")
    try:
        signed = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        bound_to, values = orjson.loads(signing.Signer(salt=_SALT).unsign(signed))
    except (ValueError, signing.BadSignature):
        raise CursorRefused("this cursor was not given out here") from None
    if bound_to != question:
        fault = Fault("cursor", CursorRefused.code, "belongs to another tenant, address, filter or order")
        raise CursorRefused("this cursor belongs to another question", faults=(fault,))
    return list(values)


def _beyond(model: type[models.Model], order: Sequence[str], values: Sequence[object]) -> Q:
    """Return the condition of the rows after a sort key: (a > x) or (a = x and b > y), and so on."""
    condition, equal = Q(), Q()
    for name, value in zip(order, values, strict=True):
        field = name.removeprefix("-")
        typed = _typed(model, field, value)
        condition |= equal & Q(**{f"{field}__{'lt' if name.startswith('-') else 'gt'}": typed})
        equal &= Q(**{field: typed})
    return condition


def _typed(model: type[models.Model], name: str, value: object) -> object:
    try:
        return model._meta.get_field(name).to_python(value)  # type: ignore[union-attr]  # noqa: SLF001 - Django's public face of a model
    except (FieldDoesNotExist, ValidationError):
        raise CursorRefused("this cursor was not given out here") from None
