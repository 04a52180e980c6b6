"""Which service an artifact belongs to: by the globs over its repository, else by the labels it carries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Protocol

from stellapolicy.kernel.image_names import bare_name

_WILD = frozenset("*?[]!")


class Owner(Protocol):
    """What claims artifacts: globs over repositories as Python's fnmatch reads them, and labels; case matters."""

    @property
    def slug(self) -> str:
        """What it is called."""

    @property
    def repositories(self) -> list[str]:
        """The globs."""

    @property
    def labels(self) -> dict[str, str]:
        """The labels an artifact must all carry."""


@dataclass(frozen=True, slots=True)
class Ownership:
    """The service an artifact joins, by its slug, and why."""

    slug: str
    because: str


def most_specific(names: Sequence[str], labels: Mapping[str, str], owners: Sequence[Owner]) -> Ownership | None:
    """Return who owns an artifact of these names and labels; None when nobody claims it.

    A glob goes before labels; among globs the one with the most characters spelled out, among labels the largest
    set; ties by slug.
    """
    globs = [
        (_spelled_out(glob), owner, glob)
        for owner in owners
        for glob in owner.repositories
        if any(name and fnmatchcase(bare_name(name), glob) for name in names)
    ]
    if globs:
        _, owner, glob = min(globs, key=lambda one: (-one[0], one[1].slug, one[2]))
        return Ownership(owner.slug, f"repository {glob}")
    carried = [
        (len(owner.labels), owner)
        for owner in owners
        if owner.labels and all(labels.get(name) == value for name, value in owner.labels.items())
    ]
    if not carried:
        return None
    _, owner = min(carried, key=lambda one: (-one[0], one[1].slug))
    return Ownership(
        owner.slug, "labels " + ", ".join(f"{name}={value}" for name, value in sorted(owner.labels.items()))
    )


def _spelled_out(glob: str) -> int:
    return sum(character not in _WILD for character in glob)
