"""The floor of every model that belongs to a tenant."""

from typing import ClassVar, Self, TypeVar, cast

from django.db import models

from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.ids import new_id
from stellapolicy.tenancy.scope import current_tenant

_ModelT_co = TypeVar("_ModelT_co", bound=models.Model, covariant=True)


class TenantQuerySet(models.QuerySet[_ModelT_co]):
    """A query over rows of tenants; it refuses to run outside a tenant scope."""

    @property
    def db(self) -> str:
        """Return the database to ask: Django reads this exactly when a query is about to run."""
        current_tenant()
        return super().db

    def locked(self) -> Self:
        """These rows, held against other writers until the transaction ends."""
        return self.select_for_update(of=("self",))

    def visible_to(self, actor: Actor, scope: str) -> Self:
        """These rows as far as the actor holds the scope: in the whole tenant, or those of their services alone.

        A row that belongs to no service is seen only by whoever holds the scope in the whole tenant.
        """
        services = actor.services_with(scope)
        path = cast("TenantModel", self.model).service_path
        if services is None or not path:
            return self
        return self.filter(**{f"{path}__in": services})


class TenantModel(models.Model):
    """A row of one tenant, protected by the guard above and by row-level security (see `rls`).

    service_path: the way from a row to the service it belongs to; empty where rows belong to the tenant as such.
    """

    service_path: ClassVar[str] = ""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey(
        "tenancy.Tenant", on_delete=models.PROTECT, related_name="+", default=current_tenant, editable=False
    )

    class Meta:
        abstract = True
        base_manager_name = "objects"
