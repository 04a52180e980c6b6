"""The floor of every admin page: rows to read, in the tenant of the request, through the pages of the theme."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar, Generic, NoReturn, Protocol, TypeVar, runtime_checkable
from uuid import UUID

from django.contrib.admin import ShowFacets
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from stellapolicy.admin.guard import tenant_is_open
from stellapolicy.admin.paginator import BoundedPaginator
from stellapolicy.admin.shim import ModelAdmin

ModelT = TypeVar("ModelT", bound=Model)
LONGEST_TITLE = 40
"""Characters: the trail above a page is one line."""
_NUL = "\x00"


@runtime_checkable
class Reaching(Protocol):
    """A person whose permissions reach as far as the roles that bring them."""

    def services_where(self, permission: str) -> frozenset[UUID] | None:
        """Return the services in which a permission is held; None means everywhere."""
        ...


class Section(Enum):
    """A heading of the sidebar, in the order of the sidebar."""

    RELEASES = _("Releases")
    POLICIES = _("Policies")
    EXCEPTIONS = _("Exceptions")
    INTELLIGENCE = _("Intelligence")
    GOVERNANCE = _("Governance")
    NOTICES = _("Notices")


@dataclass(frozen=True, slots=True)
class SidePage:
    """A page below a list that has a place of its own in the sidebar; whoever may open the list may open it."""

    title: StrOrPromise
    icon: str
    name: str

    @property
    def address(self) -> str:
        """Where it is."""
        return reverse(f"admin:{self.name}")


class PageAdmin(ModelAdmin[ModelT], Generic[ModelT]):
    """A list and a page per row, to read.

    INVARIANT: no add, change or delete form exists here, for nobody, superusers included; what changes the world is
    a service, and an admin that offers one says so by a view of its own.
    """

    section: ClassVar[Section]
    icon: ClassVar[str]
    menu_title: ClassVar[StrOrPromise | None] = None
    row_title: ClassVar[StrOrPromise | None] = None
    place: ClassVar[int] = 100
    side_pages: ClassVar[tuple[SidePage, ...]] = ()
    page_template: ClassVar[str]
    # Whether rows that belong to no service are shown to those, too, whose roles are held for single services.
    is_catalogue: ClassVar[bool] = False
    empty_advice: ClassVar[StrOrPromise] = _("Rows appear here by themselves as the product works.")

    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 0
    # A count beside every choice would be a query each.
    show_facets = ShowFacets.NEVER
    list_filter_submit = True
    list_fullwidth = True
    actions: Sequence[Callable[..., HttpResponse]] | None = None
    empty_value_display = "–"  # noqa: RUF001 - the dash that says: nothing

    @property
    def heading(self) -> StrOrPromise:
        """What the list is called, in the sidebar and above it."""
        return self.menu_title or str(capfirst(self.opts.verbose_name_plural))

    @property
    def row_name(self) -> str:
        """What one row is called."""
        return str(self.row_title or capfirst(self.opts.verbose_name))

    @property
    def address(self) -> str:
        """Where the list is."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    @property
    def steps(self) -> list[tuple[StrOrPromise, str]]:
        """The trail to a page of this admin: words and addresses."""
        return [(self.section.value, ""), (self.heading, self.address)]

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - Django's signature
        """Whether somebody may add a row by hand: nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: ModelT | None = None) -> bool:  # noqa: ARG002 - Django's
        """Whether somebody may change a row by hand: nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ModelT | None = None) -> bool:  # noqa: ARG002 - Django's
        """Whether somebody may delete a row by hand: nobody."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: ModelT | None = None) -> bool:
        """Whether the roles of the request open this page; outside a tenant nothing is open.

        Rows of the tenant as such are no business of somebody whose roles are held for single services.
        """
        if not tenant_is_open() or not super().has_view_permission(request, obj):
            return False
        return bool(self._service_path) or self.is_catalogue or self._services(request) is None

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelT]:
        """Return the rows of the services in which the roles of the request open this page; of all where they do."""
        rows, services = super().get_queryset(request), self._services(request)
        if services is None or not self._service_path:
            return rows
        return rows.filter(**{f"{self._service_path}__in": services})

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether the page stands in the navigation."""
        return self.has_view_permission(request)

    def page_rows(self, request: HttpRequest) -> QuerySet[ModelT]:
        """Return the rows a page may be asked for, with what it shows joined."""
        return self.get_queryset(request)

    def page(self, request: HttpRequest, row: ModelT) -> dict[str, Any]:  # noqa: ARG002 - for subclasses
        """Return what the template of one row shows besides `row` itself."""
        return {}

    def find(self, request: HttpRequest, object_id: str) -> ModelT:
        """Return the row of a page; 403 without the permission, 404 where this tenant has no such row."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            row = self.page_rows(request).filter(pk=unquote(object_id)).first()
        except (ValidationError, ValueError):
            row = None
        if row is None:
            raise Http404(str(self.opts.verbose_name))
        return row

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",  # noqa: ARG002 - Django's signature
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Answer with the page of one row; a form posted to it is refused whoever posts it."""
        if request.method not in {"GET", "HEAD"}:
            raise PermissionDenied
        row = self.find(request, object_id)
        context = {"title": str(row), **self.page(request, row), **(extra_context or {})}
        context["title"] = Truncator(context["title"]).chars(LONGEST_TITLE)
        return self.answer(request, self.page_template, context, row=row)

    def answer(
        self, request: HttpRequest, template: str, context: dict[str, Any], *, row: ModelT | None = None
    ) -> TemplateResponse:
        """Return a page of this admin inside the frame of the site, about a row where one is given."""
        frame = self.admin_site.each_context(request)
        request.current_app = self.admin_site.name
        shown = {**frame, "opts": self.opts, "steps": self.steps, "original": row, "row": row, **context}
        return TemplateResponse(request, template, shown)

    @property
    def _service_path(self) -> str:
        return str(getattr(self.model, "service_path", ""))

    def _services(self, request: HttpRequest) -> frozenset[UUID] | None:
        """Return the services in which this person may see rows; None means everywhere."""
        if not isinstance(request.user, Reaching):
            return frozenset()
        return request.user.services_where(f"{self.opts.app_label}.view_{self.opts.model_name}")

    def history_view(self, *_args: object, **_kwargs: object) -> NoReturn:
        """There is no history of form edits, since there are no forms: the audit trail has it all."""
        raise Http404

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Answer with the list; nothing is posted to one, and no row holds a NUL that a filter could ask for."""
        if request.method not in {"GET", "HEAD"}:
            raise PermissionDenied
        if any(_NUL in text for name, texts in request.GET.lists() for text in (name, *texts)):
            return HttpResponseRedirect(f"{request.path}?{ERROR_FLAG}=1")
        context = {"title": self.heading, "steps": self.steps[:1], **(extra_context or {})}
        return super().changelist_view(request, context)
