"""The chain of entries and its head."""

from stellapolicy.audit.models.entry import ChainHead, Entry
from stellapolicy.audit.models.verification import ChainVerification

__all__ = ["ChainHead", "ChainVerification", "Entry"]
