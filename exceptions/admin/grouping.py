"""Requests about one vulnerability together: decided row by row on their pages, or several at once."""

from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from exceptions.admin import bulk
from exceptions.admin.wording import about
from exceptions.models import PolicyException
from exceptions.rules.vocabulary import ExceptionType
from exceptions.selectors.queues import undecided_groups
from exceptions.services.bulk import MOST_ROWS, Verb
from stellapolicy.admin.base import PageAdmin
from stellapolicy.admin.deeds import dress
from stellapolicy.kernel.identity import canonical_id

GROUPS: Final = 50
_VERBS: Final = (Verb.APPROVE, Verb.REJECT, Verb.REQUEST_CHANGES)


def groups_view(page: Any, request: HttpRequest) -> HttpResponse:  # noqa: ANN401 - the page of exceptions
    """Answer with the vulnerabilities that undecided requests name, or with the requests about one of them."""
    if not page.has_view_permission(request):
        raise PermissionDenied
    name = request.GET.get("name", "").strip()
    if not name:
        return _groups(page, request)
    rows = list(_undecided(page, request).filter(vulnerabilities__contains=[canonical_id(name)])[:MOST_ROWS])
    return _group(page, request, canonical_id(name), rows)


def _groups(page: PageAdmin[PolicyException], request: HttpRequest) -> HttpResponse:
    after = request.GET.get("after", "")
    # What a policy finds has names, too, and is no vulnerability.
    named = _undecided(page, request).exclude(type=ExceptionType.POLICY)
    found = undecided_groups(named, after=after, count=GROUPS + 1)
    shown = found[:GROUPS]
    context: dict[str, Any] = {
        "title": _("By vulnerability"),
        "groups": [(one, [(row, about(row)) for row in one.exceptions[:5]]) for one in shown],
        "after": shown[-1].vulnerability if len(found) > GROUPS else "",
        "is_first": not after,
    }
    return page.answer(request, "admin/exceptions/groups.html", context)


def _group(
    page: PageAdmin[PolicyException], request: HttpRequest, name: str, rows: list[PolicyException]
) -> HttpResponse:
    lines = bulk.lines_of(request, Verb.APPROVE, rows)
    verbs = _VERBS if any(not line.obstacle for line in lines) else ()
    context: dict[str, Any] = {
        "title": name,
        "lines": lines,
        "verbs": [(verb.value, bulk.TITLES[verb], verb is Verb.REJECT) for verb in verbs],
        "form": dress(bulk.BulkForm()),
        "moved": frozenset[object](),
    }
    return page.answer(request, "admin/exceptions/group.html", context)


def _undecided(page: PageAdmin[PolicyException], request: HttpRequest) -> Any:  # noqa: ANN401 - rows of exceptions
    return page.page_rows(request).undecided()  # type: ignore[attr-defined]  # the rows of exceptions know these words
