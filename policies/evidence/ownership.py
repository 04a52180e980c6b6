"""Which service an artifact belongs to, by the globs over its repository name."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Protocol, TypeVar


class Owner(Protocol):
    """What claims repositories; globs as Python's fnmatch reads them, case matters."""

    slug: str
    repositories: list[str]


OwnerT = TypeVar("OwnerT", bound=Owner)


def most_specific(name: str, owners: Sequence[OwnerT]) -> OwnerT | None:
    """Return the owner with the longest matching glob, ties by slug; None when nobody claims the name."""
    claims = [
        (len(glob), owner)
        for owner in owners
        for glob in owner.repositories
        if name and fnmatchcase(_repository(name), glob)
    ]
    if not claims:
        return None
    return min(claims, key=lambda claim: (-claim[0], claim[1].slug))[1]


def _repository(name: str) -> str:
    """Return an image name without its tag or digest."""
    bare = name.partition("@")[0]
    head, colon, tag = bare.rpartition(":")
    return head if colon and "/" not in tag else bare
