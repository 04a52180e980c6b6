"""An example for every body and answer of the API's description, made from its schema and so never stale."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from stellapolicy.api import refused

Schema = Mapping[str, Any]  # Any: JSON Schema

_DIGEST: Final = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_SNAPSHOT: Final = "ksm:" + _DIGEST
_INSTANT: Final = "2026-03-02T12:00:00Z"
_DEEPEST: Final = 8
_METHODS: Final = frozenset({"get", "post", "put", "patch", "delete"})

# What a member of this name says where its schema leaves it open.
_WORDS: Final[dict[str, str]] = {
    "actor": "token:ci",
    "action": "gate.decided",
    "address": "192.0.2.7",
    "artifact": _DIGEST,
    "author": "user:ada",
    "code": "E204",
    "content_base64": "eyJTY2hlbWFWZXJzaW9uIjogMn0=",
    "created_by": "user:ada",
    "cve": "CVE-2021-44228",
    "digest": _DIGEST,
    "environment": "production",
    "event": "build-4711",
    "filename": "trivy.json",
    "finding": "pkg:npm/lodash@4.17.20 CVE-2021-23337",
    "gate": "default",
    "host": "ghcr.io",
    "identifier": "CVE-2021-44228",
    "key": "pkg:npm/lodash@4.17.20 CVE-2021-23337",
    "name": "checkout",
    "path": "policies/production.stella",
    "person": "user:ada",
    "pointer": "/name",
    "prefix": "stella_k",
    "preset": "standard",
    "purl": "pkg:npm/lodash@4.17.20",
    "reason": "the fix is on its way",
    "request_id": "0b9d7f6c2a5e4f1b",
    "secret": "stella_…",
    "service": "checkout",
    "slug": "checkout",
    "snapshot": _SNAPSHOT,
    "subject": "user:ada",
    "ticket": "SEC-42",
    "title": "Checkout",
    "url": "https://chat.example.org/hooks/releases",
    "username": "ada",
    "version": "1.4.2",
}
_FORMATS: Final[dict[str, str]] = {
    "date": "2026-03-02",
    "date-time": _INSTANT,
    "email": "ada@example.org",
    "time": "12:00:00",
    "uri": "https://stella.example.org/",
    "uuid": "019cae5e-7c00-7000-8000-000000000001",
    "binary": "…",
}


def give_examples(result: dict[str, Any], **_: object) -> dict[str, Any]:  # Any: OpenAPI
    """Add the shared refusals, and to each body and answer that has no example one (a hook of drf-spectacular)."""
    components = result.setdefault("components", {})
    components["responses"] = refused.components()
    for media in _media_types(result):
        if "example" not in media and "examples" not in media and "schema" in media:
            media["example"] = example_of(media["schema"], components.get("schemas", {}))
    return result


def example_of(schema: Schema, known: Mapping[str, Schema], *, name: str = "", depth: int = 0) -> Any:  # noqa: ANN401 - JSON
    """Return a value that the schema allows; `known` are the schemas it may refer to, `name` whose member it is."""
    if reference := schema.get("$ref"):
        return example_of(known[str(reference).rpartition("/")[2]], known, name=name, depth=depth)
    for said in ("example", "const", "default"):
        if schema.get(said) not in (None, "", [], {}):
            return schema[said]
    if options := schema.get("enum"):
        return options[0]
    for choice in ("allOf", "oneOf", "anyOf"):
        if options := schema.get(choice):
            return example_of(options[0], known, name=name, depth=depth)
    return _of_type(schema, known, name, depth)


def _of_type(schema: Schema, known: Mapping[str, Schema], name: str, depth: int) -> Any:  # noqa: ANN401 - JSON
    stated = schema.get("type")
    kind = next((each for each in stated if each != "null"), None) if isinstance(stated, list) else stated
    match kind:
        case "object":
            value: Any = _object(schema, known, depth)  # Any: JSON
        case "array":
            value = _array(schema, known, name, depth)
        case "integer" | "number":
            value = max(1, schema.get("minimum", 1))
        case "boolean":
            value = True
        case "string":
            value = _text(schema, name)
        case _:
            value = {}
    return value


def _array(schema: Schema, known: Mapping[str, Schema], name: str, depth: int) -> list[Any]:  # Any: JSON
    if depth > _DEEPEST or not schema.get("items"):
        return []
    return [example_of(schema["items"], known, name=name.removesuffix("s"), depth=depth + 1)]


def _object(schema: Schema, known: Mapping[str, Schema], depth: int) -> dict[str, Any]:  # Any: JSON
    if depth > _DEEPEST:
        return {}
    return {
        name: example_of(member, known, name=name, depth=depth + 1)
        for name, member in schema.get("properties", {}).items()
    }


def _text(schema: Schema, name: str) -> str:
    if (form := schema.get("format")) in _FORMATS:
        return _FORMATS[form]
    if name.endswith(("_digest", "_hash", "hash")):
        return _DIGEST
    word = _WORDS.get(name, name.replace("_", " ") or "text")
    return word[: schema.get("maxLength", len(word))].ljust(schema.get("minLength", 0), "x")


def _media_types(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:  # Any: OpenAPI
    for item in document["paths"].values():
        for method, operation in item.items():
            if method not in _METHODS:
                continue
            yield from operation.get("requestBody", {}).get("content", {}).values()
            for response in operation["responses"].values():
                yield from response.get("content", {}).values()
