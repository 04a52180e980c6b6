"""The tables of docs/api.md, one per area, made from the OpenAPI document: they cannot say what the API does not."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

BEGIN: Final = "<!-- tables: written by `manage.py api_tables`, from here … -->"
END: Final = "<!-- … to here -->"
_BASE: Final = "/api/v1"
_METHODS: Final = ("get", "post", "put", "patch", "delete")
_SCOPE: Final = re.compile(r"Needs (?:scope )?(.+)\.\s*$", re.DOTALL)
_PAGE: Final = frozenset({"limit", "cursor"})
# What every operation of its kind refuses is said once, above the tables.
_HEAD: Final = (
    "| method and path | scope | success | refusals of its own |",
    "|---|---|---|---|",
)


@dataclass(frozen=True, slots=True)
class Line:
    """One operation as a line of a table."""

    area: str
    call: str
    scope: str
    success: str
    refusals: str

    def __str__(self) -> str:
        return f"| {self.call} | {self.scope} | {self.success} | {self.refusals} |"


def tables(document: Mapping[str, Any]) -> str:  # Any: OpenAPI
    """Return every operation of the document in Markdown, by area and address."""
    areas: defaultdict[str, list[Line]] = defaultdict(list)
    for path, item in sorted(document["paths"].items()):
        for method in _METHODS:
            if method in item:
                line = _line(path, method, item[method])
                areas[line.area].append(line)
    parts = [f"### {area}\n" + "\n".join((*_HEAD, *map(str, lines))) for area, lines in sorted(areas.items())]
    return "\n\n".join(parts)


def inserted(page: str, document: Mapping[str, Any]) -> str:  # Any: OpenAPI
    """Return a page with its tables replaced by those of the document; raises ValueError for a page without marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError("the page does not say where the tables stand")
    return f"{before}{BEGIN}\n\n{tables(document)}\n\n{END}{after}"


def _line(path: str, method: str, operation: Mapping[str, Any]) -> Line:  # Any: OpenAPI
    address = path.removeprefix(_BASE)
    asked = [each["name"] for each in operation.get("parameters", []) if each["in"] == "query"]
    filters = [name for name in asked if name not in _PAGE]
    call = f"{method.upper()} `{address}`" + (f" ({', '.join(f'`{name}`' for name in filters)})" if filters else "")
    return Line(
        area=address.split("/")[1].partition(":")[0],
        call=call,
        scope=_scope(operation),
        success=_success(operation, is_list=set(asked) >= _PAGE),
        refusals=_refusals(operation),
    )


def _scope(operation: Mapping[str, Any]) -> str:  # Any: OpenAPI
    found = _SCOPE.search(operation.get("description", ""))
    if found is None:
        return "none"
    return "signed in" if "no particular scope" in found[1] else found[1]


def _success(operation: Mapping[str, Any], *, is_list: bool) -> str:  # Any: OpenAPI
    codes = [code for code in operation["responses"] if code.startswith(("2", "3"))]
    return ", ".join(sorted(codes)) + (" page" if is_list else "")


def _refusals(operation: Mapping[str, Any]) -> str:  # Any: OpenAPI
    own = [
        f"{', '.join(examples)} {status}"
        for status, answer in sorted(operation["responses"].items())
        for media in answer.get("content", {}).values()
        if status >= "400" and (examples := media.get("examples"))
    ]
    return " · ".join(own)
