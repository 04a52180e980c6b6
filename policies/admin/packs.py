"""Packs and their revisions: the sources with every line in its place, what the compiler says, and their own tests."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from policies.models import PackRevision, PolicyPack
from policies.models.pack import RevisionState
from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin, Section
from stellapolicy.admin.searching import digest_begins
from stellapolicy.admin.shim import ChoicesFilter, RelatedFilter


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file as it is shown: its lines, and the diagnostics that point at each (line numbers from 1)."""

    path: str
    lines: tuple[str, ...]
    diagnostics: tuple[dict[str, Any], ...]  # Any: as the compiler wrote them

    @property
    def marked(self) -> frozenset[int]:
        """The lines a diagnostic points at."""
        return frozenset(int(diagnostic["line"]) for diagnostic in self.diagnostics)


@admin.register(PolicyPack)
class PolicyPackAdmin(PageAdmin[PolicyPack]):
    """The packs of the tenant."""

    section = Section.POLICIES
    is_catalogue = True
    icon = "inventory_2"
    place = 10
    menu_title = _("Packs")
    row_title = _("Pack")
    empty_advice = _("`manage.py bootstrap` installs the shipped packs.")
    page_template = "admin/policies/pack.html"

    list_display = ("name", "title", "in_force", "newest", "made")
    search_fields = ("name__istartswith",)
    search_help_text = _("Beginning of the name")
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[PolicyPack]:
        """Return the packs with the versions that count."""
        revisions = PackRevision.objects.filter(pack=OuterRef("pk")).order_by("-version").values("version")[:1]
        active = PackRevision.objects.active().filter(pack=OuterRef("pk")).values("version")[:1]
        rows = super().get_queryset(request)
        return rows.annotate(newest_version=Subquery(revisions), active_version=Subquery(active))

    @admin.display(description=_("In force"))
    def in_force(self, pack: PolicyPack) -> SafeString:
        """The active revision."""
        version = getattr(pack, "active_version", None)
        return cells.badge("active", f"{version}") if version else cells.NOTHING

    @admin.display(description=_("Newest"))
    def newest(self, pack: PolicyPack) -> str:
        """The newest revision, whatever its state."""
        return str(getattr(pack, "newest_version", None) or self.empty_value_display)

    @admin.display(description=_("Since"))
    def made(self, pack: PolicyPack) -> SafeString:
        """When the pack was made."""
        return cells.instant(pack.created_at)

    def page(self, request: HttpRequest, row: PolicyPack) -> dict[str, Any]:  # noqa: ARG002 - the floor's signature
        """Return the revisions of a pack and where it applies."""
        revisions = list(row.revisions.defer("sources", "program").order_by("-version")[:100])
        return {
            "title": row.title,
            "revisions": revisions,
            "active": next((one for one in revisions if one.state == RevisionState.ACTIVE), None),
            "bindings": row.bindings.select_related("environment"),
        }


@admin.register(PackRevision)
class PackRevisionAdmin(PageAdmin[PackRevision]):
    """Every revision of every pack."""

    section = Section.POLICIES
    is_catalogue = True
    icon = "difference"
    place = 20
    menu_title = _("Revisions")
    row_title = _("Revision of a pack")
    page_template = "admin/policies/revision.html"

    list_display = ("called", "state_badge", "program", "author", "made")
    list_filter: ClassVar = [("state", ChoicesFilter), ("pack", RelatedFilter)]
    search_fields = ("digest",)
    search_help_text = _("Beginning of the program's digest")
    list_select_related = ("pack",)
    ordering = ("-created_at", "-id")
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[PackRevision]:
        """Return the revisions without their sources and programs, which only a page shows."""
        return super().get_queryset(request).defer("sources", "program")

    def page_rows(self, request: HttpRequest) -> QuerySet[PackRevision]:
        """Return the revisions a page may be asked for."""
        return super().get_queryset(request).select_related("pack").defer("program")

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        queryset: QuerySet[PackRevision],
        search_term: str,
    ) -> tuple[QuerySet[PackRevision], bool]:
        """Return the revisions whose program's digest begins so."""
        if not search_term:
            return queryset, False
        wanted = digest_begins("digest", search_term)
        return (queryset.filter(wanted) if wanted else queryset.none()), False

    @admin.display(description=_("Revision"))
    def called(self, revision: PackRevision) -> str:
        """Pack and version."""
        return str(revision)

    @admin.display(description=_("State"))
    def state_badge(self, revision: PackRevision) -> SafeString:
        """Where it stands on its way into force."""
        return cells.badge(revision.state)

    @admin.display(description=_("Program"))
    def program(self, revision: PackRevision) -> SafeString:
        """The digest of what it compiles to."""
        return cells.digest(revision.digest)

    @admin.display(description=_("Made"))
    def made(self, revision: PackRevision) -> SafeString:
        """When it was made."""
        return cells.instant(revision.created_at)

    def page(self, request: HttpRequest, row: PackRevision) -> dict[str, Any]:  # noqa: ARG002 - the floor's signature
        """Return the sources of a revision with what the compiler and its own tests say."""
        return {
            "files": source_files(row.sources, row.warnings),
            "passed_count": sum(1 for test in row.tests.get("results", []) if test["passed"]),
            "others": row.pack.revisions.defer("sources", "program").order_by("-version")[:20],
        }


def source_files(sources: Sequence[dict[str, str]], diagnostics: Sequence[dict[str, Any]]) -> list[SourceFile]:
    """Return the files of a revision with their diagnostics where they belong."""
    by_file: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for diagnostic in diagnostics:
        by_file[str(diagnostic.get("file", ""))].append(diagnostic)
    return [
        SourceFile(source["path"], tuple(source["text"].splitlines()), tuple(by_file[source["path"]]))
        for source in sources
    ]
