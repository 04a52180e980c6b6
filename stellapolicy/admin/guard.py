"""Whether the request found a tenant: outside one, no page of the product opens."""

from stellapolicy.tenancy.scope import UnscopedQuery, current_tenant


def tenant_is_open() -> bool:
    """Whether a tenant scope is open around this request."""
    try:
        current_tenant()
    except UnscopedQuery:
        return False
    return True
