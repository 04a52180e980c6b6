"""How specific a scope is: of two exceptions for one finding, the one that says more about it wins."""

from typing import Final

from exceptions.matching.patterns import PackageScope, wanted_package
from exceptions.matching.scope import Scope

DIGEST: Final = 100
EXACT_PACKAGE: Final = 80
PACKAGE_PATTERN: Final = 50
VULNERABILITY: Final = 40
RULE: Final = 30
ENVIRONMENT: Final = 20
SERVICE: Final = 15
ARTIFACT: Final = 10
TENANT: Final = 5


def specificity(scope: Scope) -> int:
    """Return the sum over the dimensions a scope states, each counted once with its best value."""
    return (
        TENANT
        + DIGEST * bool(scope.digests)
        + max(map(_of_package, scope.packages), default=0)
        + VULNERABILITY * bool(scope.vulnerabilities)
        + RULE * bool(scope.rules)
        + ENVIRONMENT * bool(scope.environments)
        + SERVICE * bool(scope.services)
        + ARTIFACT * bool(scope.artifacts or scope.labels)
    )


def _of_package(package: PackageScope) -> int:
    wanted = wanted_package(PackageScope(package.pattern))  # a range adds nothing
    if wanted is None:
        return 0
    return EXACT_PACKAGE if wanted.pattern.identity else max(PACKAGE_PATTERN - wanted.pattern.wildcards, 0)
