"""The page that asks for an exception: from nothing, or pre-filled from a finding that held a release back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

from exceptions import ports
from exceptions.admin import wording
from exceptions.admin.acts import page_of
from exceptions.admin.forms import on_day
from exceptions.admin.levels import lines_of
from exceptions.admin.reading import readable
from exceptions.admin.terms_form import RequestForm
from exceptions.asking import Asked
from exceptions.models import PolicyException
from exceptions.ports import BlockedFinding
from exceptions.rules.hooks import HOOKS
from exceptions.rules.vocabulary import UNDECIDED, Effect, ExceptionType, Reason
from exceptions.selectors import levels
from exceptions.selectors.asked_already import asked_already
from exceptions.selectors.seating import seats_of
from exceptions.services.looking import Looked, look_first
from exceptions.services.request import request_exception
from stellapolicy.access.roles import Scope
from stellapolicy.admin.base import PageAdmin
from stellapolicy.admin.deeds import dress, posted, show_refusal
from stellapolicy.governance.admin.reading import reader
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import now
from stellapolicy.kernel.identity import without_version
from stellapolicy.kernel.refusals import Refusal

TEMPLATE: Final = "admin/exceptions/request.html"
SHOWN: Final = 20
_BOUND: Final = "bound_to"
_TYPES: Final = {
    "vulnerability": ExceptionType.VULNERABILITY,
    "licence": ExceptionType.COMPONENT,
    "component": ExceptionType.COMPONENT,
}


def request_view(page: PageAdmin[PolicyException], request: HttpRequest) -> HttpResponse:
    """Answer with the form, with what a look found, or with the exception that was asked for."""
    actor, at = reader(request), now()
    if not may_ask(actor) or not page.has_view_permission(request):
        raise PermissionDenied
    origin = _origin(request, actor)
    is_asked = request.POST.get("do") == "ask"
    form = RequestForm(posted(request), initial=_initial(origin, request), is_only_looked_at=not is_asked)
    context: dict[str, Any] = {"title": _("Ask for an exception"), "origin": origin, "bind": _bind(request, origin)}
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        asked = _asked(said, at=at)
        try:
            if is_asked:
                return _ask(request, actor, asked, at=at)
            looked = look_first(actor=actor, asked=asked, at=at, is_open_ended=not said["expires_at"])
            form = form.ending(looked.drafted.asked.expires_at)
            context["looked"] = shown(looked, said)
            among = readable(PolicyException.objects.all(), request)
            context["asked_already"] = asked_already(said["scope"], type=asked.type, among=among)
        except Refusal as refusal:
            show_refusal(form, refusal)
        except ValidationError as refused:
            form.add_error(None, ValidationError(refused.messages))
    answered = {**context, "form": dress(form), "back": page.address, "levels": lines_of(levels())}
    return page.answer(request, TEMPLATE, answered)


def may_ask(actor: Actor) -> bool:
    """Whether somebody may ask for an exception in any service at all."""
    return actor.holds_anywhere(Scope.EXCEPTION_WRITE)


def shown(looked: Looked, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the page shows of a look at what was written into the form."""
    drafted, coverage = looked.drafted, looked.drafted.coverage
    return {
        "is_open_ended": not said["expires_at"],
        "is_silent": not said["rationale"].strip(),
        "level": drafted.judged.level.value.upper(),
        "steps": [step.in_words() for step in drafted.judged.steps],
        "seats": seats_of(looked.seats),
        "needed": looked.seats.count,
        "hooks": [" / ".join(HOOKS[kind].title for kind in group) for group in looked.hooks],
        "needs_signature": drafted.rule.needs_signed_evidence,
        "latest": looked.latest,
        "effect": wording.EFFECTS[drafted.effect],
        "kind": wording.KINDS[drafted.kind],
        "scope": said["scope"].in_words(),
        "conditions": wording.policy(drafted.conditions),
        "coverage": coverage,
        "findings": coverage.findings[:SHOWN],
        "preview": looked.previewed,
        "refusals": looked.refusals,
    }


def _ask(request: HttpRequest, actor: Actor, asked: Asked, *, at: datetime) -> HttpResponse:
    with transaction.atomic():
        row = request_exception(actor=actor, asked=asked, at=at)
    messages.success(request, _said_of(row))
    if row.asked is not None and not row.asked.counts.get("findings"):
        messages.warning(request, _("It covers nothing today; it would apply to what is found later."))
    return HttpResponseRedirect(page_of(row))


def _said_of(row: PolicyException) -> str:
    """Return what came of asking: at the lowest level it takes nobody."""
    if row.state in UNDECIDED:
        return _("%(number)s waits for a decision.") % {"number": row.number}
    return _("%(number)s takes nobody's consent: it holds already.") % {"number": row.number}


def _origin(request: HttpRequest, actor: Actor) -> BlockedFinding | None:
    """Return the finding that the address names, where this person may see it."""
    try:
        decision = UUID(request.GET.get("decision", ""))
    except ValueError:
        return None
    return ports.blocked().finding_of(actor=actor, decision=decision, key=request.GET.get("finding", ""))


def _bind(request: HttpRequest, origin: BlockedFinding | None) -> str:
    """Return where the form begins bound to the very artifact, where no service owns it; empty where it is bound."""
    if origin is None or origin.service or not origin.digest or _is_bound(request):
        return ""
    return f"{request.path}?{request.GET.urlencode()}&{_BOUND}=artifact"


def _is_bound(request: HttpRequest) -> bool:
    return request.GET.get(_BOUND) == "artifact"


def _initial(origin: BlockedFinding | None, request: HttpRequest) -> dict[str, object]:
    """Return what the form begins with: the finding, in its package, service and environment, whatever the build."""
    if origin is None:
        return {}
    kind = _TYPES.get(origin.kind, ExceptionType.POLICY)
    by_name = kind is ExceptionType.VULNERABILITY or not origin.purl
    return {
        "type": kind.value,
        "reason": (Reason.LICENSE_WAIVER if origin.kind == "licence" else Reason.SCHEDULED_FIX).value,
        "vulnerabilities": origin.name if by_name else "",
        "packages": without_version(origin.purl) if origin.purl else "",
        "rules": origin.rule if kind is ExceptionType.POLICY and not by_name else "",
        "services": [origin.service] if origin.service else [],
        "digests": origin.digest if _is_bound(request) else "",
        "environments": [origin.environment] if origin.environment else [],
        "owner_team": origin.owner_team,
    }


def _asked(said: Mapping[str, Any], *, at: datetime) -> Asked:
    return Asked(
        type=ExceptionType(said["type"]),
        reason=Reason(said["reason"]),
        scope=said["scope"],
        expires_at=on_day(said["expires_at"], like=at) if said["expires_at"] else at,
        rationale=said["rationale"],
        effect=Effect(said["effect"]) if said["effect"] else None,
        controls=said["controls"],
        conditions=said["conditions"],
        owner_team=said["owner_team"].slug if said["owner_team"] else "",
        ticket=said["ticket"],
        tags=tuple(tag.strip() for tag in said["tags"].split(",") if tag.strip()),
    )
