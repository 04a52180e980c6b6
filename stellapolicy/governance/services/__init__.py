"""Everything that governance changes."""
