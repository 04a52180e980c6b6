"""The chain of entries and its head."""

from stellapolicy.audit.models.entry import ChainHead, Entry

__all__ = ["ChainHead", "Entry"]
