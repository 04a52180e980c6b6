"""The keys by which a database leaves out exceptions that certainly concern other packages."""

from collections.abc import Iterable
from typing import Final

from exceptions.matching.patterns import package_of, wanted_package
from exceptions.matching.scope import Scope

# Of a pattern over packages of any type.
_ANY_TYPE: Final = "*"


def scope_keys(scope: Scope) -> list[str]:
    """Return the keys a scope is kept under: the names of its packages, or the types of its patterns.

    None where it names no package. INVARIANT: whatever the matcher finds for a purl shares a key with it, or has none.
    """
    read = [wanted.pattern for one in scope.packages if (wanted := wanted_package(one)) is not None]
    return sorted({pattern.name or (f"pkg:{pattern.type}/*" if pattern.type else _ANY_TYPE) for pattern in read})


def type_keys(scope: Scope) -> list[str]:
    """Return the keys under which patterns are kept that may include the packages of a scope."""
    read = [wanted.pattern for one in scope.packages if (wanted := wanted_package(one)) is not None]
    return sorted({f"pkg:{pattern.type}/*" for pattern in read if pattern.type})


def finding_keys(purls: Iterable[str]) -> set[str]:
    """Return every key under which an exception may be kept that covers one of these packages."""
    found = [package for purl in set(purls) if (package := package_of(purl)) is not None]
    names = {package.name for package in found}
    return {_ANY_TYPE, *names, *(f"pkg:{package.type}/*" for package in found)}
