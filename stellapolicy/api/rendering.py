"""JSON answers through orjson, every instant in UTC with a `Z`."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
from django.utils.functional import Promise
from rest_framework.renderers import BaseRenderer

from stellapolicy.kernel.clock import rfc3339

_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATETIME


class JsonRenderer(BaseRenderer):
    """Renders values, dataclasses and choices; refuses what has no JSON form."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,  # noqa: ANN401 - whatever a view answers
        accepted_media_type: str | None = None,  # noqa: ARG002 - DRF's
        renderer_context: Mapping[str, Any] | None = None,  # noqa: ARG002 - DRF's
    ) -> bytes:
        """Return the bytes of an answer; nothing at all for None."""
        return b"" if data is None else dumps(data)


def dumps(value: Any) -> bytes:  # noqa: ANN401 - whatever a view answers
    """Return a value as JSON; raises TypeError for what has no JSON form."""
    return orjson.dumps(value, default=_plain, option=_OPTIONS)


def _plain(value: object) -> object:
    match value:
        case datetime():
            return rfc3339(value)
        case Decimal() | Promise():
            return str(value)
        case set() | frozenset():
            return sorted(value)
        case tuple() | Mapping():
            return dict(value) if isinstance(value, Mapping) else list(value)
        case _:
            raise TypeError(f"{type(value).__name__} has no JSON form")
