"""What the theme asks us for by name: our style and script, and the tenant that stands beside every heading."""

from django.http import HttpRequest
from django.templatetags.static import static

from stellapolicy.admin.guard import tenant_is_open
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import current_tenant


def style(request: HttpRequest) -> str:  # noqa: ARG001 - the theme's signature
    """Return the address of our style sheet."""
    return static("stella/stella.css")


def script(request: HttpRequest) -> str:  # noqa: ARG001 - the theme's signature
    """Return the address of our script."""
    return static("stella/stella.js")


def favicon(request: HttpRequest) -> str:  # noqa: ARG001 - the theme's signature
    """Return the address of our small mark."""
    return static("stella/favicon.svg")


def tenant(request: HttpRequest) -> tuple[str, str] | None:  # noqa: ARG001 - the theme's signature
    """Return whose rows these are, with the theme's word for the tone."""
    if not tenant_is_open():
        return None
    return Tenant.objects.get(pk=current_tenant()).name, "info"
