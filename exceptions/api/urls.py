"""Addresses of the exceptions room, relative to /api/v1/."""

from django.urls import path, register_converter

from exceptions.api import (
    approval_rules,
    attestations,
    catalogue,
    evidence,
    history,
    listing,
    many,
    one,
    previews,
    verbs,
)
from exceptions.api.transfer import TRANSFER_URLS


class ExceptionReferenceConverter:
    """The number or the id of an exception in an address."""

    regex = "[A-Za-z0-9-]+"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(ExceptionReferenceConverter, "exception")

# What stands for itself comes before what might be a reference.
urlpatterns = [
    path("exceptions", listing.ExceptionsView.as_view()),
    path("exceptions/approval-rules", approval_rules.ApprovalRulesView.as_view()),
    path("exceptions/bulk", many.BulkView.as_view()),
    path("exceptions/by-vulnerability", listing.GroupsView.as_view()),
    path("exceptions/effects", catalogue.EffectsView.as_view()),
    path("exceptions/preview", previews.LookView.as_view()),
    path("exceptions/public-key", attestations.PublicKeyView.as_view()),
    path("exceptions/recheck-policies", catalogue.RecheckPoliciesView.as_view()),
    path("exceptions/stats", listing.StatisticsView.as_view()),
    *TRANSFER_URLS,
    path("exceptions/<exception:reference>", one.ExceptionView.as_view()),
    path("exceptions/<exception:reference>/applications", history.ApplicationsView.as_view()),
    path("exceptions/<exception:reference>/attestation", attestations.AttestationView.as_view()),
    path("exceptions/<exception:reference>/attestation/statement", attestations.StatementView.as_view()),
    path("exceptions/<exception:reference>/events", history.EventsView.as_view()),
    path("exceptions/<exception:reference>/evidence", evidence.EvidenceView.as_view()),
    path("exceptions/<exception:reference>/evidence/<uuid:pk>/content", evidence.EvidenceContentView.as_view()),
    path("exceptions/<exception:reference>/preview", previews.PreviewView.as_view()),
    path("exceptions/<exception:reference>/thread", history.ThreadView.as_view()),
    path("exceptions/<exception:reference>/versions", history.VersionsView.as_view()),
    path("exceptions/<exception:reference>:approve", verbs.ApproveView.as_view()),
    path("exceptions/<exception:reference>:attach-evidence", evidence.AttachView.as_view()),
    path("exceptions/<exception:reference>:extend", verbs.ExtendView.as_view()),
    path("exceptions/<exception:reference>:recheck", verbs.RecheckView.as_view()),
    path("exceptions/<exception:reference>:reject", verbs.RejectView.as_view()),
    path("exceptions/<exception:reference>:request-changes", verbs.RequestChangesView.as_view()),
    path("exceptions/<exception:reference>:resubmit", verbs.ResubmitView.as_view()),
    path("exceptions/<exception:reference>:revoke", verbs.RevokeView.as_view()),
    path("exceptions/<exception:reference>:withdraw", verbs.WithdrawView.as_view()),
]
