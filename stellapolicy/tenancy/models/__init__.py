"""Tenants and what belongs to them."""

from stellapolicy.tenancy.models.base import TenantModel, TenantQuerySet
from stellapolicy.tenancy.models.organisation import Environment, Service, Team, Tenant, Tier

__all__ = ["Environment", "Service", "Team", "Tenant", "TenantModel", "TenantQuerySet", "Tier"]
