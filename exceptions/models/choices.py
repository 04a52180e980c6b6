"""The words of exceptions as Django reads choices."""

from enum import StrEnum


def choices_of(words: type[StrEnum]) -> list[tuple[str, str]]:
    """Return the choices of an enumeration: what is stored, and how it is read."""
    return [(str(word.value), word.value.replace("_", " ").capitalize()) for word in words]
