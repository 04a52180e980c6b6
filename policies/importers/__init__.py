"""Readers of other tools' reports: bytes in, frozen records out; pure, one file per format, nothing half-imported."""
