"""Formats we know by sight and do not read: their refusal says what the file is, and what could be sent instead."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from policies.importers.document import Document


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """A format known by sight."""

    title: str
    looks_like: Callable[[Document], bool]


def _object(document: Document) -> Mapping[str, object]:
    value = document.value
    return value if isinstance(value, dict) else {}


def _first(document: Document) -> Mapping[str, object]:
    """Return the first row of a list of objects, or the object itself."""
    value = document.value
    row = value[0] if isinstance(value, list) and value else value
    return row if isinstance(row, dict) else {}


def _inner(parent: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = parent.get(name)
    return value if isinstance(value, dict) else {}


def _context(document: Document) -> str:
    return str(_object(document).get("@context", ""))


def _has(*names: str) -> Callable[[Document], bool]:
    return lambda document: all(name in _object(document) for name in names)


def _first_has(*names: str) -> Callable[[Document], bool]:
    return lambda document: all(name in _first(document) for name in names)


def _begins(*starts: bytes) -> Callable[[Document], bool]:
    return lambda document: not document.is_json and document.content.lstrip()[:4096].startswith(starts)


def _is_harbor(document: Document) -> bool:
    return any("vuln" in name and "application/vnd." in name for name in _object(document))


def _is_anchore_enterprise(document: Document) -> bool:
    return any(name.startswith("sha256:") for name in _first(document)) or "evaluations" in _object(document)


def _is_xml_cyclonedx(document: Document) -> bool:
    return _begins(b"<")(document) and b"cyclonedx.org/schema/bom" in document.content[:4096]


ACQUAINTANCES = (
    Acquaintance("SPDX 3 JSON; send it as SPDX 2.3", lambda document: "spdx.org" in _context(document)),
    Acquaintance(
        "a code host's answer; send its member `sbom`",
        lambda document: "spdxVersion" in _inner(_object(document), "sbom"),
    ),
    Acquaintance("Snyk's JSON of infrastructure as code; send it as SARIF", _first_has("infrastructureAsCodeIssues")),
    Acquaintance("Dependency-Track findings", _has("meta", "findings")),
    Acquaintance("a Harbor vulnerability report", _is_harbor),
    Acquaintance("a Kubernetes resource of the Trivy operator", _has("apiVersion", "kind", "report")),
    Acquaintance("a DSSE envelope; send its payload", _has("payloadType", "payload")),
    Acquaintance("an in-toto statement; send its predicate", _has("_type", "predicateType")),
    Acquaintance("a Sigstore bundle", _has("mediaType", "verificationMaterial")),
    Acquaintance("Syft JSON; send it as CycloneDX", _has("artifacts", "artifactRelationships")),
    Acquaintance("a GitHub dependency snapshot", _has("detector", "job", "manifests")),
    Acquaintance("an OSV record", _has("id", "modified", "affected")),
    Acquaintance("an Anchore policy evaluation", _is_anchore_enterprise),
    Acquaintance("an anchorectl policy evaluation", _first_has("detail", "finalAction")),
    Acquaintance("a list of CVE records of NVD", _has("format", "vulnerabilities", "resultsPerPage")),
    Acquaintance("CycloneDX XML; send it as JSON", _is_xml_cyclonedx),
    Acquaintance("XML", _begins(b"<")),
    Acquaintance("SPDX tag-value", _begins(b"SPDXVersion:")),
    Acquaintance("a ZIP archive", _begins(b"PK\x03\x04")),
    Acquaintance("a zstd archive", _begins(b"\x28\xb5\x2f\xfd")),
    Acquaintance("an xz archive", _begins(b"\xfd7zXZ")),
    Acquaintance("a bzip2 archive", _begins(b"BZh")),
    Acquaintance("PDF", _begins(b"%PDF")),
)


def recognise(document: Document) -> str:
    """Return what the file looks like, "" when nobody knows."""
    return next((one.title for one in ACQUAINTANCES if one.looks_like(document)), "")
