"""The audit trail in the admin."""

from stellapolicy.audit.admin.entries import EntryAdmin

__all__ = ["EntryAdmin"]
