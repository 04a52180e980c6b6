"""Every operation of the API, read from the document that the code gives."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from stellapolicy.api import schema
from stellapolicy.api.examples import example_of

BASE = "/api/v1"
METHODS = ("get", "post", "put", "patch", "delete")
_PARAMETER = re.compile(r"\{\w+\}")


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address, as the document describes it; `path` stands below /api/v1."""

    path: str
    method: str
    said: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.said["operationId"])

    @property
    def is_open(self) -> bool:
        """Whether strangers may knock."""
        return self.said.get("security") in (None, [], [{}]) or {} in self.said.get("security", [])

    @property
    def scopes(self) -> list[str]:
        """The scopes that open it; none where any sign-in does, or nobody need sign in."""
        return [scope for way in self.said.get("security", []) for scope in way.get("bearer", [])]

    @property
    def references(self) -> tuple[str, ...]:
        """The address up to and including each of its parameters."""
        return tuple(self.path[: found.end()] for found in _PARAMETER.finditer(self.path))

    @property
    def query(self) -> dict[str, dict[str, Any]]:
        """The schema of each query parameter."""
        return {each["name"]: each["schema"] for each in self.said.get("parameters", []) if each["in"] == "query"}

    @property
    def needs_a_query(self) -> bool:
        """Whether it cannot be asked without a query of its own."""
        return any(each.get("required") for each in self.said.get("parameters", []) if each["in"] == "query")

    @property
    def body_schema(self) -> dict[str, Any] | None:
        """The schema of a JSON body; None where there is none."""
        content = self.said.get("requestBody", {}).get("content", {})
        found: dict[str, Any] | None = content.get("application/json", {}).get("schema")
        return found

    def filled(self, *values: object) -> str:
        """Return the address with its parameters, in their order, replaced."""
        left = iter(values)
        return BASE + _PARAMETER.sub(lambda _: str(next(left)), self.path)

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """Return the OpenAPI document of the product."""
    schema.document.cache_clear()
    found: dict[str, Any] = json.loads(schema.document())
    schema.document.cache_clear()
    return found


def operations() -> list[Operation]:
    """Return every operation in a fixed order."""
    return [
        Operation(path.removeprefix(BASE), method, item[method])
        for path, item in sorted(document()["paths"].items())
        for method in METHODS
        if method in item
    ]


def body_of(operation: Operation) -> Any:
    """Return the example body of an operation."""
    return None if operation.body_schema is None else example_of(operation.body_schema, _schemas())


def members_of(found: dict[str, Any] | None, *, depth: int = 0) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give every member of a body by name and schema, at whatever depth."""
    if found is None or depth > 6:
        return
    if "$ref" in found:
        found = _schemas()[found["$ref"].rpartition("/")[2]]
    for part in (*found.get("allOf", ()), *found.get("oneOf", ()), *found.get("anyOf", ())):
        yield from members_of(part, depth=depth + 1)
    if isinstance(found.get("items"), dict):
        yield from members_of(found["items"], depth=depth + 1)
    for name, member in found.get("properties", {}).items():
        yield name, member
        yield from members_of(member, depth=depth + 1)


def addresses() -> set[str]:
    """Return every address below /api/v1 that the resolver knows, parameters as `{}`."""
    return {
        _shape(route.removeprefix("api/v1")) for route in _routes(get_resolver("stellapolicy.urls").url_patterns, "")
    }


def shape(operation: Operation) -> str:
    """Return the address of an operation, parameters as `{}`."""
    return _PARAMETER.sub("{}", operation.path)


def _schemas() -> dict[str, Any]:
    found: dict[str, Any] = document()["components"]["schemas"]
    return found


def _shape(route: str) -> str:
    return re.sub(r"<[^>]+>", "{}", route)


def _routes(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[str]:
    for each in patterns:
        route = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from _routes(each.url_patterns, route)
        elif route.startswith("api/v1/"):
            yield route
