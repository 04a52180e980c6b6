"""Reads that join what the exceptions room holds; the ones everybody needs by name, the others in their files."""

from exceptions.selectors.reading import (
    KIND,
    TARGET,
    agreed_versions,
    covering_rows,
    exception_of,
    first_start,
    held_exception,
    level_rule,
    levels,
    named_by,
    readable_versions,
    request_for,
    requests_for,
    standing_about,
    standing_form,
    visible,
)

__all__ = [
    "KIND",
    "TARGET",
    "agreed_versions",
    "covering_rows",
    "exception_of",
    "first_start",
    "held_exception",
    "level_rule",
    "levels",
    "named_by",
    "readable_versions",
    "request_for",
    "requests_for",
    "standing_about",
    "standing_form",
    "visible",
]
