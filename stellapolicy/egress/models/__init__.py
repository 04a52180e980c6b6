"""The mode of connection."""

from stellapolicy.egress.models.connection import ConnectionMode, ConnectionState

__all__ = ["ConnectionMode", "ConnectionState"]
