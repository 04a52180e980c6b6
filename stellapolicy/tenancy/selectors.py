"""Finding a tenant by what a person calls it."""

from stellapolicy.tenancy.errors import TenantUnknown
from stellapolicy.tenancy.models import Tenant


def named_tenant(slug: str) -> Tenant:
    """Return the tenant of that slug; without a slug, the only one there is besides `default`."""
    if slug:
        tenant = Tenant.objects.filter(slug=slug).first()
        if tenant is None:
            raise TenantUnknown(f"there is no tenant {slug!r}; there are: {_all()}")
        return tenant
    candidates = list(Tenant.objects.order_by("slug"))
    chosen = [tenant for tenant in candidates if tenant.slug != "default"] or candidates
    if len(chosen) != 1:
        raise TenantUnknown(f"say which tenant with --tenant; there are: {_all()}")
    return chosen[0]


def _all() -> str:
    return ", ".join(Tenant.objects.order_by("slug").values_list("slug", flat=True)) or "none, run bootstrap"
