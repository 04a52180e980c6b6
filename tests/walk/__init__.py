"""Walks every endpoint there is, so that none is forgotten: see `references` when a test here asks for an entry."""
