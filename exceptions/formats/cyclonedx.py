"""CycloneDX VEX, as Dependency-Track and others export it: analyses of vulnerabilities.

Source: CycloneDX 1.4 to 1.6, `vulnerabilities[].analysis`. Dependency-Track lets `affects` name the project alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from exceptions.formats.decisions import Decision, Undecided, decision_of
from exceptions.formats.dependency_track import package_in
from exceptions.formats.drafts import Draft, Drafting, vulnerabilities, with_packages
from exceptions.formats.nodes import Node, Reader, member
from exceptions.formats.values import Defaults, LossKind, ReadFile
from exceptions.rules.vocabulary import ExceptionType

FORMAT: Final = "cyclonedx_vex"
TITLE: Final = "CycloneDX VEX"
_LINK = "urn:cdx:"


@dataclass(frozen=True, slots=True)
class _Inventory:
    """What references of the document stand for: a node with a package URL each; `product` is the whole."""

    product: str
    product_reference: str
    packages: Mapping[str, Node]


def looks_like(root: Node) -> bool:
    """Whether the file is CycloneDX with vulnerabilities."""
    members = root.value
    if not isinstance(members, dict) or member(members, "bomFormat").value != "CycloneDX":
        return False
    return "vulnerabilities" in members


def read(root: Node, *, filename: str, defaults: Defaults) -> ReadFile:
    """Return the drafts of the analysed vulnerabilities."""
    drafting = Drafting(FORMAT, TITLE, filename, defaults)
    document = drafting.reader.record(root)
    inventory = _inventory(drafting.reader, document)
    untouched = 0
    for row in drafting.reader.rows(member(document, "vulnerabilities")):
        untouched += not _vulnerability(drafting, row, inventory)
    if untouched:
        drafting.note(LossKind.DROPPED, "vulnerabilities", f"nobody analysed these: {untouched}")
    return drafting.done()


def _inventory(reader: Reader, document: Mapping[str, Node]) -> _Inventory:
    product = reader.record(member(reader.record(member(document, "metadata")), "component"))
    named = " ".join(filter(None, (reader.name(member(product, "name")), reader.name(member(product, "version")))))
    packages = dict(_packages(reader, reader.rows(member(document, "components"))))
    packages |= dict(_packages(reader, reader.rows(member(product, "components"))))
    return _Inventory(named, reader.name(member(product, "bom-ref")), packages)


def _packages(reader: Reader, rows: list[Node]) -> Iterator[tuple[str, Node]]:
    """Yield reference and package URL of components, those inside others too; depth is bounded by the file's."""
    for row in rows:
        component = reader.record(row)
        purl = member(component, "purl")
        reference = reader.name(member(component, "bom-ref")) or reader.name(purl)
        if reference and purl.value is not None:
            yield reference, purl
        yield from _packages(reader, reader.rows(member(component, "components")))


def _vulnerability(drafting: Drafting, row: Node, inventory: _Inventory) -> bool:
    """Add a vulnerability; False where it carries no analysis."""
    reader = drafting.reader
    found = reader.record(row)
    analysis = reader.record(member(found, "analysis"))
    stated = member(analysis, "state")
    state = reader.name(stated)
    responses = [str(one.value) for one in reader.names(member(analysis, "response"))]
    if not state and not responses:
        return False
    title = reader.name(member(found, "id"))
    decision = decision_of(state, responses=responses)
    if decision is None:
        reader.fault(stated.place, "state", f"{state[:40]!r} is no state of an analysis")
    elif isinstance(decision, Undecided):
        drafting.skip(row.place, title or "a vulnerability", decision.why)
    else:
        drafting.add(_draft(drafting, row, found, title=title, decision=decision, inventory=inventory))
    return True


def _draft(
    drafting: Drafting, row: Node, found: Mapping[str, Node], *, title: str, decision: Decision, inventory: _Inventory
) -> Draft:
    reader = drafting.reader
    analysis = reader.record(member(found, "analysis"))
    draft = Draft(
        place=row.place,
        title=title or "a vulnerability without id",
        type=ExceptionType.VULNERABILITY,
        reason=decision.reason,
        guessed=decision.guessed,
        said=reader.text(member(analysis, "detail")),
    )
    packages: list[str] = []
    undescribed: list[str] = []
    for affected in reader.rows(member(found, "affects")):
        reference = _affected(drafting, draft, reader.record(affected), inventory)
        (packages if reference.startswith("pkg:") else undescribed).append(reference)
    for reference in filter(None, undescribed):
        if packages:
            draft.drop("affects", f"{reference[:80]!r}, which the file does not describe")
        elif reference != inventory.product_reference:
            draft.widen("affects", f"{reference[:80]}, which the file does not describe")
    if inventory.product:
        draft.widen("metadata.component", f"the product {inventory.product}")
    if reader.name(member(analysis, "justification")):
        draft.drop("analysis.justification", "an exception states why in its rationale, not by a word of VEX")
    draft.scope = with_packages(vulnerabilities(title) if title else {}, *dict.fromkeys(packages))
    return draft


def _affected(drafting: Drafting, draft: Draft, affected: Mapping[str, Node], inventory: _Inventory) -> str:
    """Return the package that is affected, or the reference as it is where it is the product or not described."""
    node = member(affected, "ref")
    reference = drafting.reader.name(node)
    if member(affected, "versions").value:
        draft.lose(LossKind.WIDENED, "affects.versions", "versions are taken from the package URL alone")
    known = inventory.packages.get(reference)
    if known is not None:
        return package_in(drafting, known)
    fragment = reference.partition("#")[2] if reference.startswith(_LINK) else reference
    return package_in(drafting, Node(fragment, node.place)) if fragment.startswith("pkg:") else reference
