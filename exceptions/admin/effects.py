"""The registry of effects, to read: what every reason does to whatever an exception is about, and for how long."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from exceptions.admin import wording
from exceptions.models import PolicyException
from exceptions.rules.effects import LONGEST, ROUTING, EffectEntry, Registry
from exceptions.rules.vocabulary import KIND_OF, Effect, ExceptionType, Reason
from exceptions.services.drafting import effects
from stellapolicy.admin.base import PageAdmin


def effects_view(page: PageAdmin[PolicyException], request: HttpRequest) -> HttpResponse:
    """Answer with the forty entries as one table, and what each effect does."""
    if not page.has_view_permission(request):
        raise PermissionDenied
    known = effects()
    context: dict[str, Any] = {
        "title": _("Effects"),
        "types": [one.value for one in ExceptionType],
        "rows": [(reason.value, KIND_OF[reason].value, _entries(known, reason)) for reason in Reason],
        "kinds": [(kind.value, words) for kind, words in wording.KINDS.items()],
        "effects": [
            (one.value, wording.EFFECTS[one], LONGEST[one].days, ROUTING[one].value if one in ROUTING else "")
            for one in Effect
        ],
    }
    return page.answer(request, "admin/exceptions/effects.html", context)


def _entries(known: Registry, reason: Reason) -> list[tuple[str, EffectEntry]]:
    return [(one.value, known[one, reason]) for one in ExceptionType]
