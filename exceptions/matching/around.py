"""What lies around a scope: its packages in whatever version, with whatever vulnerabilities, where a condition asks."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from exceptions.matching.patterns import package_of, wanted_package
from exceptions.matching.scope import PackageScope, Scope
from exceptions.rules.conditions import AROUND, Condition
from exceptions.rules.facts import SeenFacts

_MOST_PACKAGES: Final = 200


def scope_around(scope: Scope, conditions: Iterable[Condition], seen: Iterable[SeenFacts]) -> Scope | None:
    """Return the packages of a scope in whatever version, with all their vulnerabilities, where a condition asks.

    A scope that names no package is about those that were seen. None where no condition asks, or there are none.
    """
    if all(condition.kind not in AROUND for condition in conditions):
        return None
    named = {PackageScope(one.pattern) for one in scope.packages}
    found = named or {PackageScope(one.package) for one in seen if one.package.startswith("pkg:")}
    if not found:
        return None
    packages = tuple(sorted(found))[:_MOST_PACKAGES]
    return replace(scope, vulnerabilities=(), rules=(), packages=packages)


def ranges_of(scope: Scope, rows: Iterable[SeenFacts]) -> dict[str, list[str]]:
    """Return by package the version ranges that the scope is about."""
    bound = [(wanted_package(PackageScope(one.pattern)), one.versions) for one in scope.packages if one.versions]
    found: dict[str, list[str]] = {}
    for name in {row.package for row in rows}:
        package = package_of(name)
        for wanted, versions in bound:
            if package is not None and wanted is not None and wanted.covers(package):
                found.setdefault(name, []).append(versions)
    return found


def known_rows(known: Iterable[Iterable[str]]) -> tuple[SeenFacts, ...]:
    """Return what was known around a scope, kept as (vulnerability, package, versions …), as rows to compare with."""
    return tuple(
        SeenFacts(vulnerability, package, versions=tuple(versions)) for vulnerability, package, *versions in known
    )
