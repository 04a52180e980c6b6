"""The audit trail, newest first."""

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from stellapolicy.api.views import ActorRequest, ScopedView
from stellapolicy.audit.api.filters import EntryFilter
from stellapolicy.audit.api.serializers import EntryOutput
from stellapolicy.audit.models import Entry


class AuditTrail(ScopedView):
    """Who did what to what, when and why."""

    required_scopes = {"GET": "audit:read"}
    page_order = ("-seq",)
    queryset = Entry.objects.all()
    serializer_class = EntryOutput
    filterset_class = EntryFilter

    @extend_schema(operation_id="governance_audit_list", responses=EntryOutput(many=True))
    def get(self, request: ActorRequest) -> Response:  # noqa: ARG002 - the tenant of its actor is in scope
        """List the entries of the tenant, newest first."""
        return self.page(Entry.objects.all())
