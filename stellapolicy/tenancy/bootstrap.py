"""What tenancy seeds: a tenant with the three usual environments."""

from dataclasses import dataclass
from datetime import datetime

from stellapolicy.tenancy.models import Environment, Tenant, Tier


@dataclass(frozen=True, slots=True)
class Seed:
    """One environment to begin with."""

    slug: str
    name: str
    tier: Tier
    exposure: str


ENVIRONMENTS = (
    Seed("production", "Production", Tier.PRODUCTION, "internet"),
    Seed("staging", "Staging", Tier.STAGING, "internal"),
    Seed("development", "Development", Tier.DEVELOPMENT, "internal"),
)


def seed_tenant(*, slug: str, name: str, at: datetime) -> Tenant:
    """Return the tenant, made now if it was not there; its name is left as somebody may have changed it."""
    tenant, _ = Tenant.objects.get_or_create(slug=slug, defaults={"name": name, "created_at": at})
    return tenant


def seed_environments() -> None:
    """Give the tenant of the scope the environments it lacks."""
    for seed in ENVIRONMENTS:
        Environment.objects.get_or_create(
            slug=seed.slug, defaults={"name": seed.name, "tier": seed.tier, "exposure": seed.exposure}
        )
