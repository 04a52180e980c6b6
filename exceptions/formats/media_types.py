"""What the documents that are exported are signed as, and what they are called. Pure, and light to import."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

NDJSON: Final = "application/x-ndjson"
OPENVEX: Final = "application/vnd.openvex+json"
CSAF: Final = "application/csaf+json"
CYCLONEDX: Final = "application/vnd.cyclonedx+json"

DOCUMENTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        NDJSON: "exceptions in our own NDJSON",
        OPENVEX: "an OpenVEX document",
        CSAF: "a CSAF document",
        CYCLONEDX: "a CycloneDX document",
    }
)
