"""The CVSS scores of a CSAF document: one per product and version, each saying the same in all its fields.

Source: CSAF 2.0, mandatory tests 6.1.7 to 6.1.10; CVSS v2.0, v3.0 and v3.1 as the `cvss` library computes them.
"""

from collections.abc import Mapping

from cvss import CVSS2, CVSS3
from cvss.exceptions import CVSSError

from policies.importers.csaf_faults import Faults
from policies.importers.csaf_products import ProductTree, require_references
from policies.importers.shape import Place, Record, name_text, number, record, records, texts

_REQUIRED = {
    "cvss_v2": ("version", "vectorString", "baseScore"),
    "cvss_v3": ("version", "vectorString", "baseScore", "baseSeverity"),
}
_COMPUTED = ("baseScore", "temporalScore", "environmentalScore")


def check_scores(row: Record, place: Place, tree: ProductTree) -> None:
    """Report scores that are incomplete, wrongly computed or told twice for one product."""
    seen: set[tuple[str, str]] = set()
    for score, here in records(row, "scores", place):
        require_references(tree, score, here)
        for name in _REQUIRED:
            if name not in score:
                continue
            told = record(score, name, here)
            _check(told, (here, name), name, tree.faults)
            version = name_text(told, "version", (here, name))
            for product in texts(score, "products", here):
                if (version, product) in seen:
                    tree.faults.add(here, "6.1.7", f"{product[:80]!r} has two scores of CVSS {version}")
                seen.add((version, product))


def _check(told: Record, place: Place, name: str, faults: Faults) -> None:
    missing = [wanted for wanted in _REQUIRED[name] if told.get(wanted) in (None, "")]
    if missing:
        faults.add(place, "6.1.8", f"lacks {', '.join(missing)}")
        return
    computed = _computed(name_text(told, "vectorString", place), name, place, faults)
    for field in _COMPUTED:
        stated = number(told, field, place)
        if stated is not None and computed and computed.get(field) not in (None, stated):
            faults.add((place, field), "6.1.9", f"the vector gives {computed[field]}, stated is {stated}")
    for field, value in computed.items():
        stated_word = told.get(field)
        if field in _COMPUTED or field in ("version", "vectorString") or not isinstance(stated_word, str):
            continue
        if stated_word != value:
            test = "6.1.9" if field.endswith("Severity") else "6.1.10"
            faults.add((place, field), test, f"the vector says {value}, stated is {stated_word[:40]}")


def _computed(vector: str, name: str, place: Place, faults: Faults) -> Mapping[str, object]:
    """Return what the vector says, field by field; nothing where it cannot be read."""
    try:
        known = CVSS2(vector) if name == "cvss_v2" else CVSS3(vector)
    except (CVSSError, ValueError):
        faults.add((place, "vectorString"), "6.1.8", f"{vector[:80]!r} is not a vector of {name.replace('_', ' ')}")
        return {}
    found: Mapping[str, object] = known.as_json()
    return {field: float(value) if field in _COMPUTED else value for field, value in found.items()}  # type: ignore[arg-type]
