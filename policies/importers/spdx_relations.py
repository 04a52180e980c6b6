"""The relationships of an SPDX document: what the product depends on itself, what only its making needs.

Source: SPDX 2.3, clause 11. Half of the words point from the dependent to what it needs, half the other way round.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from policies.importers.gathering import Gathering
from policies.importers.packages import SYSTEM_PACKAGES
from policies.importers.records import Component
from policies.importers.shape import ROOT, Place, Record, name_text, records, required_name
from policies.importers.spdx_packages import Package

_REQUIRED, _OPTIONAL, _DEVELOPMENT, _CONTAINED = "required", "optional", "development", "contained"
_SCOPES = (_REQUIRED, _OPTIONAL, _DEVELOPMENT)
_FORWARD = {
    "CONTAINS": _CONTAINED,
    "DEPENDS_ON": _REQUIRED,
    "DYNAMIC_LINK": _REQUIRED,
    "HAS_PREREQUISITE": _REQUIRED,
    "STATIC_LINK": _REQUIRED,
}
_BACKWARD = {
    "BUILD_DEPENDENCY_OF": _DEVELOPMENT,
    "BUILD_TOOL_OF": _DEVELOPMENT,
    "CONTAINED_BY": _CONTAINED,
    "DEPENDENCY_OF": _REQUIRED,
    "DEV_DEPENDENCY_OF": _DEVELOPMENT,
    "DEV_TOOL_OF": _DEVELOPMENT,
    "OPTIONAL_COMPONENT_OF": _OPTIONAL,
    "OPTIONAL_DEPENDENCY_OF": _OPTIONAL,
    "PACKAGE_OF": _CONTAINED,
    "PREREQUISITE_FOR": _REQUIRED,
    "PROVIDED_DEPENDENCY_OF": _REQUIRED,
    "RUNTIME_DEPENDENCY_OF": _REQUIRED,
    "TEST_DEPENDENCY_OF": _DEVELOPMENT,
    "TEST_TOOL_OF": _DEVELOPMENT,
}
Edges = dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of every package as seen from the product: needed for what, and by the product itself or not."""

    scopes: Mapping[str, str]
    direct: Mapping[str, bool]

    def applied_to(self, package: Package) -> Component:
        """Return the component of a package with what is known of it."""
        component = package.component
        direct = self.direct.get(package.reference)
        # A system package is chosen by a distribution; to ask whether it is a direct dependency means nothing.
        told = None if component.type in SYSTEM_PACKAGES else direct
        return replace(component, scope=self.scopes.get(package.reference, ""), direct=told)


@dataclass(frozen=True, slots=True)
class Relations:
    """Who needs whom: `edges[parent][child]` is the widest scope in which the parent needs the child."""

    edges: Edges
    transparent: frozenset[str]
    described: Mapping[str, set[str]] = field(default_factory=dict)

    def described_by(self, document: str) -> set[str]:
        """Return what a document says that it describes."""
        return self.described.get(document, set())

    def seen_from(self, root: str) -> Standing:
        """Return what is known of the packages when the product is `root`; without a product, or edges, nothing."""
        if not self.edges.get(root):
            return Standing({}, {})
        scopes: dict[str, str] = {}
        reached: set[str] = set()
        for position, scope in enumerate(_SCOPES):
            fresh = self._reached(root, {*_SCOPES[: position + 1], _CONTAINED}) - reached
            reached |= fresh
            scopes |= dict.fromkeys(fresh, scope)
        needed = {child for children in self.edges.values() for child, how in children.items() if how != _CONTAINED}
        direct = self._direct(root)
        return Standing(
            scopes={name: scope for name, scope in scopes.items() if name in needed},
            direct={name: name in direct for name in reached & needed} if direct else {},
        )

    def _reached(self, root: str, ways: set[str]) -> set[str]:
        reached = {root}
        pending = [root]
        while pending:
            for child, how in self.edges.get(pending.pop(), {}).items():
                if how in ways and child not in reached:
                    reached.add(child)
                    pending.append(child)
        return reached - {root}

    def _direct(self, root: str) -> set[str]:
        """Return what the product needs itself; the lock files it contains are looked through."""
        parents = {root}
        pending = [root]
        while pending:
            inside = {child for child in self.edges.get(pending.pop(), {}) if child in self.transparent} - parents
            parents |= inside
            pending += sorted(inside)
        needed = {child for parent in parents for child, how in self.edges.get(parent, {}).items() if how != _CONTAINED}
        return needed - self.transparent


def read_relations(bom: Record, packages: Mapping[str, Package], gathering: Gathering) -> Relations:
    """Return the relationships between packages; those of files and the rare words are counted and dropped."""
    edges: Edges = {}
    described: dict[str, set[str]] = {}
    for row, place in records(bom, "relationships", ROOT):
        one, word, other = _relationship(row, place)
        if word == "DESCRIBES":
            described.setdefault(one, set()).add(other)
        elif word == "DESCRIBED_BY":
            described.setdefault(other, set()).add(one)
        elif word in _FORWARD or word in _BACKWARD:
            scope = _FORWARD.get(word) or _BACKWARD[word]
            parent, child = (one, other) if word in _FORWARD else (other, one)
            if parent in packages and child in packages:
                _widen(edges.setdefault(parent, {}), child, scope)
            else:
                gathering.drop("relationships of files", "packages are what is judged")
        else:
            gathering.drop("relationships of other words", "say nothing about who needs whom")
    transparent = {
        name
        for name, one in packages.items()
        if not one.component.purl and one.purpose in ("application", "source", "file")
    }
    return Relations(edges, frozenset(transparent), described)


def _relationship(row: Record, place: Place) -> tuple[str, str, str]:
    return (
        required_name(row, "spdxElementId", place, limit=1_024),
        name_text(row, "relationshipType", place, limit=100).upper(),
        required_name(row, "relatedSpdxElement", place, limit=1_024),
    )


def _widen(children: dict[str, str], child: str, scope: str) -> None:
    order = (*_SCOPES, _CONTAINED)
    known = children.get(child, _CONTAINED)
    children[child] = min(known, scope, key=order.index)
