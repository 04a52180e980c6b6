"""VEX about products at large: each document with its statements and the snapshots it joined."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from policies.models import Snapshot, VexDocument
from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin, Section
from stellapolicy.admin.filters import PeriodFilter
from stellapolicy.admin.searching import digest_begins

_STATEMENTS, _SNAPSHOTS = 100, 20


@admin.register(VexDocument)
class VexDocumentAdmin(PageAdmin[VexDocument]):
    """What somebody says of products, wherever they are."""

    section = Section.RELEASES
    icon = "campaign"
    place = 45
    menu_title = _("VEX documents")
    row_title = _("VEX document")
    empty_advice = _("Statements about products arrive by POST to /api/v1/vex without an artifact.")
    page_template = "admin/policies/vex_document.html"

    list_display = ("called", "written_as", "statements_held", "issued", "uploaded", "told_by")
    list_filter: ClassVar = [("uploaded_at", PeriodFilter)]
    search_fields = ("digest",)
    search_help_text = _("Beginning of the digest, or the document's own name")
    sortable_by = ()

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        queryset: QuerySet[VexDocument],
        search_term: str,
    ) -> tuple[QuerySet[VexDocument], bool]:
        """Return the documents whose digest begins so, or that are named so."""
        if not search_term:
            return queryset, False
        named = Q(document_id=search_term)
        digest = digest_begins("digest", search_term)
        return queryset.filter(named | digest if digest else named), False

    @admin.display(description=_("Document"))
    def called(self, document: VexDocument) -> str:
        """Its file name, else its own name."""
        return str(document)

    @admin.display(description=_("Format"))
    def written_as(self, document: VexDocument) -> str:
        """How it is written."""
        return document.format

    @admin.display(description=_("Statements"))
    def statements_held(self, document: VexDocument) -> str:
        """How many statements it makes."""
        return f"{document.statement_count:,}"

    @admin.display(description=_("Issued"))
    def issued(self, document: VexDocument) -> SafeString:
        """When its author says it was issued."""
        return cells.instant(document.issued_at)

    @admin.display(description=_("Uploaded"))
    def uploaded(self, document: VexDocument) -> SafeString:
        """When it came."""
        return cells.instant(document.uploaded_at)

    @admin.display(description=_("By"))
    def told_by(self, document: VexDocument) -> str:
        """Who uploaded it."""
        return document.uploaded_by

    def page(self, request: HttpRequest, row: VexDocument) -> dict[str, Any]:  # noqa: ARG002 - the floor's signature
        """Return the statements of a document and the latest snapshots it is part of."""
        joined = Snapshot.objects.filter(manifest__sources__contains=[{"digest": row.digest}])
        return {
            "title": str(row),
            "statements": row.statements.order_by("position")[:_STATEMENTS],
            "snapshots": joined.select_related("artifact").defer("evidence").order_by("-created_at")[:_SNAPSHOTS],
        }
