"""The inventory of a CycloneDX document: its components at any depth, what refers to them, which are direct."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from policies.importers.components import purl_component, readable_purl
from policies.importers.gathering import Gathering
from policies.importers.records import Component
from policies.importers.shape import (
    ROOT,
    Place,
    Record,
    name_text,
    record,
    records,
    required_name,
    text,
    texts,
)

_SYSTEM_PACKAGES = frozenset({"apk", "deb", "rpm"})
_PATH_PROPERTIES = ("aquasecurity:trivy:FilePath", "syft:location:")


@dataclass(frozen=True, slots=True)
class Inventory:
    """Components by the reference (`bom-ref`, else purl) under which the rest of the document names them."""

    root: str
    product: tuple[Component, ...] = ()
    components: dict[str, list[Component]] = field(default_factory=dict)

    def named(self, reference: str) -> tuple[Component, ...]:
        """Return what a reference names, which may be the product itself; nothing when it is not in this document."""
        return self.product if reference == self.root else tuple(self.components.get(reference, ()))

    def __iter__(self) -> Iterator[Component]:
        return (one for group in self.components.values() for one in group)


def read_inventory(bom: Record, gathering: Gathering) -> Inventory:
    """Return the components of a document; the product itself (`metadata.component`) is its root, not one of them."""
    metadata = record(bom, "metadata", ROOT)
    root = record(metadata, "component", (ROOT, "metadata"))
    reference = text(root, "bom-ref", ((ROOT, "metadata"), "component"))
    product = (_component(root, ((ROOT, "metadata"), "component"), gathering),) if root else ()
    inventory = Inventory(root=reference, product=product)
    directness = _directness(bom, reference)
    pending = list(records(bom, "components", ROOT))
    pending += list(records(root, "components", ((ROOT, "metadata"), "component")))
    for row, place in pending:  # the list grows while it is read: nested components follow their parents
        pending += list(records(row, "components", place))
        component = _component(row, place, gathering)
        name = text(row, "bom-ref", place) or component.purl or component.key
        inventory.components.setdefault(name, []).append(_with_directness(component, directness.get(name)))
    return inventory


def _component(row: Record, place: Place, gathering: Gathering) -> Component:
    written = name_text(row, "purl", place)
    purl = readable_purl(written)
    if written and purl is None:
        gathering.drop("package URLs", "unreadable; the component keeps its type, name and version")
    version = name_text(row, "version", place)
    if purl is not None:
        known = purl_component(purl, version=version)
    else:
        known = Component(
            type=required_name(row, "type", place),
            namespace=name_text(row, "group", place),
            name=required_name(row, "name", place, limit=1_024),
            version=version,
        )
    return replace(
        known,
        scope=name_text(row, "scope", place),
        paths=tuple(sorted(_paths(row, place))),
        licenses=tuple(sorted(_licenses(row, place))),
    )


def _paths(row: Record, place: Place) -> set[str]:
    found = {text(one, "value", here) for one, here in _properties(row, place) if _tells_a_path(one, here)}
    evidence = (place, "evidence")
    spots = records(record(row, "evidence", place), "occurrences", evidence)
    return (found | {text(spot, "location", here) for spot, here in spots}) - {""}


def _properties(row: Record, place: Place) -> Iterator[tuple[Record, Place]]:
    return records(row, "properties", place)


def _tells_a_path(entry: Record, place: Place) -> bool:
    name = text(entry, "name", place)
    return name.startswith(_PATH_PROPERTIES) and (name.endswith(":path") or name == _PATH_PROPERTIES[0])


def _licenses(row: Record, place: Place) -> Iterator[str]:
    for entry, here in records(row, "licenses", place):
        given = record(entry, "license", here)
        inner = (here, "license")
        name = text(entry, "expression", here) or text(given, "id", inner) or text(given, "name", inner)
        if name.strip():
            yield name.strip()


def _with_directness(component: Component, direct: bool | None) -> Component:  # noqa: FBT001 - the value of the field
    # A system package is chosen by a distribution; to ask whether it is a direct dependency means nothing.
    return component if direct is None or component.type in _SYSTEM_PACKAGES else replace(component, direct=direct)


def _directness(bom: Record, root: str) -> dict[str, bool]:
    """Return, for every reference the graph reaches, whether the product itself depends on it.

    Lock files stand between a product and its dependencies in some documents; they are looked through.
    """
    graph = {text(row, "ref", here): texts(row, "dependsOn", here) for row, here in records(bom, "dependencies", ROOT)}
    if not root or not graph.get(root):
        return {}
    transparent = {
        text(row, "bom-ref", here)
        for row, here in records(bom, "components", ROOT)
        if text(row, "type", here) == "application" and not row.get("purl")
    }
    direct: set[str] = set()
    passed = {root}
    pending = [root]
    while pending:
        children = set(graph.get(pending.pop(), ()))
        direct |= children - transparent
        pending += sorted((children & transparent) - passed)
        passed |= children & transparent
    reached = {child for children in graph.values() for child in children} - transparent
    return {reference: reference in direct for reference in reached}
