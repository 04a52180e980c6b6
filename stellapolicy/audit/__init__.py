"""Append-only, hash-chained history of every write."""
