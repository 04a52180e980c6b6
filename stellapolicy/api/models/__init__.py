"""Answers kept for requests that may be sent again."""

from stellapolicy.api.models.idempotency import IdempotencyRecord

__all__ = ["IdempotencyRecord"]
