"""What would flip: by deciding again with the exception, or without it; nothing is written."""

from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from exceptions.errors import NothingPending
from exceptions.models import PolicyException
from exceptions.rules.vocabulary import IN_FORCE
from exceptions.selectors.previews import When, preview_of
from stellapolicy.admin.base import PageAdmin
from stellapolicy.governance.admin.reading import reader
from stellapolicy.kernel.clock import now

_PARTS: Final = {"1": "admin/exceptions/preview.html", "row": "admin/exceptions/preview_row.html"}
_PAGE: Final = "admin/exceptions/preview_page.html"


def preview_view(page: PageAdmin[PolicyException], request: HttpRequest, pk: UUID) -> HttpResponse:
    """Answer with what would flip, as a page, or as the `part` of one that its script loads."""
    row = page.find(request, str(pk))
    shown: dict[str, Any] = {"question": _("It is over")}
    try:
        found = preview_of(row, actor=reader(request), when=None, at=now())
    except NothingPending:
        pass
    else:
        shown = {"question": _question(row, found.when), "preview": found.previewed}
    part = _PARTS.get(request.GET.get("part", ""))
    if part is not None:
        return TemplateResponse(request, part, shown)
    return page.answer(request, _PAGE, {"title": _("%(number)s: preview") % {"number": row.number}, **shown}, row=row)


def _question(row: PolicyException, when: When) -> str:
    """Return what the preview answers, in words."""
    if when is When.EXPIRED:
        return _("If it ended now")
    if row.state in IN_FORCE:
        return _("If the new terms took the place of those in force now")
    return _("If it were approved now")
