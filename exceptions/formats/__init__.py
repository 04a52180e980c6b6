"""Exceptions in the files of other tools and in our own: read as drafts to propose, written as documents. Pure."""
