"""The product tree of a CSAF document: what each product id stands for.

Source: CSAF 2.0, 3.2.2 (product tree) and the mandatory tests 6.1.1 to 6.1.5.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from policies.importers.components import readable_purl
from policies.importers.csaf_faults import Faults
from policies.importers.shape import (
    ROOT,
    Place,
    Record,
    name_text,
    record,
    records,
    required_name,
    texts,
)

_PRODUCT_CHARACTERS = 2_048
_ALGORITHMS = {"sha256": "sha256", "sha-256": "sha256", "sha512": "sha512", "sha-512": "sha512"}
_TREE: Place = (ROOT, "product_tree")


@dataclass(frozen=True, slots=True)
class Product:
    """One product id: every name it goes by, and where it is a part, the product it is a part of."""

    names: tuple[str, ...]
    part: str = ""
    whole: str = ""


@dataclass(slots=True)
class ProductTree:
    """Products by their id and groups of product ids by theirs."""

    products: dict[str, Product] = field(default_factory=dict)
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)

    def product_ids(self, parent: Record, place: Place) -> tuple[str, ...]:
        """Return the products an entry names, by themselves and by their groups."""
        named = list(texts(parent, "product_ids", place))
        for group in texts(parent, "group_ids", place):
            named += self.groups.get(group, ())
        return tuple(sorted(set(named)))

    def meaning(self, product_id: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return (products, components) that a product id speaks of, as `VexClaim` means them."""
        product = self.products.get(product_id)
        if product is None:
            return (product_id,), ()
        if not product.part:
            return product.names, ()
        whole = self.products.get(product.whole)
        return (whole.names if whole else (product.whole,)), self._leaf(product.part, {product_id})

    def _leaf(self, product_id: str, seen: set[str]) -> tuple[str, ...]:
        """Follow a part of a part to what it is at last; a circle ends where it began."""
        product = self.products.get(product_id)
        if product is None or product_id in seen:
            return (product_id,)
        return self._leaf(product.part, seen | {product_id}) if product.part else product.names


def read_products(document: Record, faults: Faults) -> ProductTree:
    """Return the product tree; ids defined twice, never or in a circle are faults."""
    tree = ProductTree(faults=faults)
    value = record(document, "product_tree", ROOT)
    for product, place in records(value, "full_product_names", _TREE):
        _define(tree, product, place)
    for branch, place in _branches(value, _TREE):
        if "product" in branch:
            _define(tree, record(branch, "product", place), (place, "product"))
    _relationships(tree, value)
    _groups(tree, value)
    return tree


def _branches(parent: Record, place: Place) -> Iterator[tuple[Record, Place]]:
    """Yield every branch below; their depth is bounded by that of the document."""
    pending = [(parent, place)]
    while pending:
        found = list(records(*_list_of(pending.pop())))
        yield from found
        pending += found


def _list_of(node: tuple[Record, Place]) -> tuple[Record, str, Place]:
    return node[0], "branches", node[1]


def _define(tree: ProductTree, product: Record, place: Place, *, part: str = "", whole: str = "") -> None:
    product_id = required_name(product, "product_id", place, limit=_PRODUCT_CHARACTERS)
    if product_id in tree.products:
        tree.faults.add((place, "product_id"), "6.1.2", f"the product id {product_id[:80]!r} is defined twice")
        return
    tree.products[product_id] = Product(_names(product, place), part, whole)


def _names(product: Record, place: Place) -> tuple[str, ...]:
    """Return the names by which others know the product; the words for people where it has none."""
    inner = (place, "product_identification_helper")
    known = record(product, "product_identification_helper", place)
    names = {name_text(known, name, inner, limit=_PRODUCT_CHARACTERS) for name in ("purl", "cpe")}
    for hashes, here in records(known, "hashes", inner):
        for value, there in records(hashes, "file_hashes", here):
            algorithm = _ALGORITHMS.get(name_text(value, "algorithm", there).lower())
            if algorithm:
                names.add(f"{algorithm}:{name_text(value, 'value', there).lower()}")
    spelled = tuple(sorted(_spelled(name) for name in names if name))
    return spelled or (required_name(product, "name", place, limit=_PRODUCT_CHARACTERS),)


def _spelled(name: str) -> str:
    purl = readable_purl(name) if name.startswith("pkg:") else None
    return name if purl is None else purl.text


def _relationships(tree: ProductTree, value: Record) -> None:
    found = list(records(value, "relationships", _TREE))
    for row, place in found:
        _define(
            tree,
            record(row, "full_product_name", place),
            (place, "full_product_name"),
            part=required_name(row, "product_reference", place, limit=_PRODUCT_CHARACTERS),
            whole=required_name(row, "relates_to_product_reference", place, limit=_PRODUCT_CHARACTERS),
        )
    for row, place in found:
        for name in ("product_reference", "relates_to_product_reference"):
            require_product(tree, name_text(row, name, place, limit=_PRODUCT_CHARACTERS), (place, name))
    for product_id in _in_circles(tree.products):
        tree.faults.add((_TREE, "relationships"), "6.1.3", f"{product_id[:80]!r} is a part of itself")


def _in_circles(products: Mapping[str, Product]) -> list[str]:
    """Return the products that come back to themselves by way of their parts and wholes."""
    circular = []
    done: set[str] = set()
    for start in products:
        pending, seen = [start], {start}
        while pending and start not in done:
            product = products.get(pending.pop())
            onward = [step for step in (product.part, product.whole) if step] if product else []
            if start in onward:
                circular.append(start)
                break
            fresh = [step for step in onward if step not in seen and step not in done]
            seen.update(fresh)
            pending += fresh
        done.add(start)
    return circular


def _groups(tree: ProductTree, value: Record) -> None:
    for group, place in records(value, "product_groups", _TREE):
        group_id = required_name(group, "group_id", place, limit=_PRODUCT_CHARACTERS)
        if group_id in tree.groups:
            tree.faults.add((place, "group_id"), "6.1.5", f"the group id {group_id[:80]!r} is defined twice")
        members = texts(group, "product_ids", place)
        tree.groups[group_id] = members
        for index, member in enumerate(members):
            require_product(tree, member, ((place, "product_ids"), index))


def require_product(tree: ProductTree, product_id: str, place: Place) -> None:
    """Report a product id that nothing defines."""
    if product_id not in tree.products:
        tree.faults.add(place, "6.1.1", f"nothing defines the product id {product_id[:80]!r}")


def require_references(tree: ProductTree, parent: Record, place: Place) -> None:
    """Report product and group ids of an entry that nothing defines."""
    for name in ("product_ids", "products"):
        for index, product_id in enumerate(texts(parent, name, place)):
            require_product(tree, product_id, ((place, name), index))
    for index, group in enumerate(texts(parent, "group_ids", place)):
        if group not in tree.groups:
            here = ((place, "group_ids"), index)
            tree.faults.add(here, "6.1.4", f"nothing defines the group id {group[:80]!r}")
