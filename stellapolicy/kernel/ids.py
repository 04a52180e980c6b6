"""Identifiers of rows: UUIDv7 (RFC 9562), ordered by the time they were made."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a fresh UUIDv7; a default of model fields, never a part of anything replayed."""
    return uuid7()
