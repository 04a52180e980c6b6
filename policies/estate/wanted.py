"""What a database can leave out before the matcher decides: what certainly is covered by no selection."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from exceptions.matching.patterns import Pattern, wanted_package
from exceptions.matching.scope import Scope
from stellapolicy.kernel.globs import is_glob
from stellapolicy.kernel.identity import is_cve

_SCHEME: Final = "pkg:"
_LIKE: Final = str.maketrans({"\\": r"\\", "%": r"\%", "_": r"\_"})


@dataclass(frozen=True, slots=True)
class Places:
    """Where findings are looked for: artifacts of these digests and of these services; None is everywhere."""

    digests: tuple[str, ...] | None = None
    services: tuple[str, ...] | None = None

    @classmethod
    def of(cls, scopes: Sequence[Scope]) -> "Places":
        """Return the places outside of which none of the scopes holds."""
        return cls(digests=_together(one.digests for one in scopes), services=_together(one.services for one in scopes))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: `names` of vulnerabilities, names of `packages`, LIKE `patterns` over purls, or anything.

    INVARIANT: every finding that one of the scopes may cover is looked for by one of these at least.
    """

    names: tuple[str, ...] = ()
    named_at: Places = Places()
    packages: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    packaged_at: Places = Places()
    anything_at: Places | None = None

    @property
    def other_names(self) -> tuple[str, ...]:
        """The names that are no CVE, which findings known by their CVE may have as an alias."""
        return tuple(name for name in self.names if not is_cve(name))

    @classmethod
    def by(cls, scopes: Iterable[Scope]) -> "Wanted":
        """Return what these scopes may cover; a package that cannot be read is none."""
        every = list(scopes)
        named = [one for one in every if one.vulnerabilities]
        packaged = [one for one in every if one.packages and not one.vulnerabilities]
        ruled = [one for one in every if one.rules and not one.vulnerabilities and not one.packages]
        read = [wanted.pattern for one in packaged for package in one.packages if (wanted := wanted_package(package))]
        return cls(
            names=tuple(sorted({name for one in named for name in one.vulnerabilities})),
            named_at=Places.of(named),
            packages=tuple(sorted({pattern.name for pattern in read if pattern.name})),
            patterns=tuple(sorted({like_of(pattern) for pattern in read if not pattern.name})),
            packaged_at=Places.of(packaged),
            anything_at=Places.of(ruled) if ruled else None,
        )


def like_of(pattern: Pattern) -> str:
    """Return a LIKE pattern that the purl of every package that matches is like."""
    return f"{_SCHEME}{_literal_beginning(pattern.path).translate(_LIKE)}%"


def _literal_beginning(path: str) -> str:
    """Return what every match begins with: up to the first wildcard, or what a purl may write as an escape."""
    plain = ""
    for character in path:
        if is_glob(character) or not (character.isalnum() or character in "/.-_~"):
            break
        plain += character
    return plain


def _together(values: Iterable[tuple[str, ...]]) -> tuple[str, ...] | None:
    every = list(values)
    return tuple(sorted({value for one in every for value in one})) if all(every) else None
