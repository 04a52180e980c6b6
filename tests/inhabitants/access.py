"""What the pages of access show besides people: a pipeline that is trusted and has a token, a group with a role."""

from datetime import datetime, timedelta

from stellapolicy.access.models import WORKLOAD_SCOPES, ApiToken, GroupMapping, TrustedWorkload
from stellapolicy.access.roles import Role
from stellapolicy.access.services.tokens import write_token
from stellapolicy.tenancy.models import Service, Tenant
from stellapolicy.tenancy.scope import tenant_scope


def believe(tenant: Tenant, service: Service, *, at: datetime) -> None:
    """Trust a pipeline with a service, as if it had just exchanged its identity, and map a group."""
    with tenant_scope(tenant.pk):
        workload = TrustedWorkload.objects.create(
            issuer="github",
            repository_id="42",
            repository=f"{tenant.slug}/api",
            ref_pattern="refs/heads/main",
            service=service,
            created_by="system:test",
            created_at=at,
        )
        subject = f"workload:github:{tenant.slug}/api@refs/heads/main"
        write_token(
            ApiToken(
                tenant=tenant,
                workload=workload,
                acts_as=subject,
                name=f"{tenant.slug}/api@refs/heads/main 1",
                scopes=list(WORKLOAD_SCOPES),
                service=service,
                created=at,
                created_by=subject,
                expiry=at + timedelta(minutes=15),
            )
        )
        GroupMapping.objects.create(
            group=f"{tenant.slug}-security", role=Role.SECURITY, created_by="user:root", created_at=at
        )
