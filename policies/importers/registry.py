"""All formats that are read, and the one way from bytes to records: read, detect, parse, or refuse whole."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import BinaryIO

from policies.importers.csaf import CsafImporter
from policies.importers.cyclonedx import CycloneDxImporter
from policies.importers.document import Document, Importer
from policies.importers.epss import EpssImporter
from policies.importers.govulncheck import GovulncheckImporter
from policies.importers.govulncheck_graphs import GovulncheckGraphsImporter
from policies.importers.grype import GrypeImporter
from policies.importers.kev import KevImporter
from policies.importers.limits import STANDARD, ImportLimits
from policies.importers.native import NativeImporter, ReachabilityImporter
from policies.importers.openvex import OpenVexImporter
from policies.importers.osv_scanner import OsvScannerImporter
from policies.importers.reading import Upload, decode_json, read_upload
from policies.importers.recognition import recognise
from policies.importers.records import Imported, ImportedReport
from policies.importers.refusals import FormatUnknown, FormatUnsupported, JsonInvalid
from policies.importers.sarif import SarifImporter
from policies.importers.sequences import begins_sequence, decode_sequence
from policies.importers.snyk import SnykImporter
from policies.importers.spdx import SpdxImporter
from policies.importers.trivy import TrivyImporter

IMPORTERS: tuple[Importer, ...] = (
    CycloneDxImporter(),
    TrivyImporter(),
    GrypeImporter(),
    OpenVexImporter(),
    CsafImporter(),
    SarifImporter(),
    SpdxImporter(),
    OsvScannerImporter(),
    SnykImporter(),
    GovulncheckImporter(),
    GovulncheckGraphsImporter(),
    NativeImporter(),
    ReachabilityImporter(),
    KevImporter(),
    EpssImporter(),
)
"""Every format that is read; at most one of them detects a file."""

_JSON_STARTS = (b"{", b"[", b'"')


def import_file(content: bytes | BinaryIO, limits: ImportLimits = STANDARD) -> Imported:
    """Return the records of an uploaded report or feed, whatever its format; raises ImportRefused."""
    return import_upload(read_upload(content, limits), limits)


def import_report(content: bytes | BinaryIO, limits: ImportLimits = STANDARD) -> ImportedReport:
    """Return the records of an uploaded report; a feed is refused here, it has a door of its own."""
    imported = import_file(content, limits)
    if isinstance(imported, ImportedReport):
        return imported
    raise FormatUnsupported("the file is an intelligence feed, not evidence about an artifact")


def import_upload(upload: Upload, limits: ImportLimits = STANDARD) -> Imported:
    """Return the records of a file that was read already; raises ImportRefused."""
    with _uncollected():
        document = understand(upload, limits)
        return importer_of(document).parse(document)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Pause the cyclic collector: millions of fresh values without a cycle would only be walked again and again.

    Whoever found it running sets it running again, so overlapping imports cannot leave it off.
    """
    was_running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_running:
            gc.enable()


def importer_of(document: Document) -> Importer:
    """Return the importer that detects the document; raises FormatUnsupported or FormatUnknown naming what is read."""
    for importer in IMPORTERS:
        if importer.detect(document):
            return importer
    supported = ", ".join(importer.title for importer in IMPORTERS)
    likeness = recognise(replace(document, value=document.sequence[0]) if document.sequence else document)
    if likeness and document.sequence:
        raise FormatUnsupported(f"the file has one JSON value after another, the first looks like {likeness}")
    if likeness:
        raise FormatUnsupported(f"the file looks like {likeness}; supported are {supported}")
    raise FormatUnknown(f"the file looks like no format that is known; supported are {supported}")


def understand(upload: Upload, limits: ImportLimits = STANDARD) -> Document:
    """Return the document: JSON decoded when it is JSON; raises JsonInvalid when it is JSON and broken."""
    content = upload.content
    if not content.lstrip()[:1].startswith(_JSON_STARTS):
        return Document(content=content, limits=limits)
    try:
        return Document(content=content, is_json=True, value=decode_json(content, limits), limits=limits)
    except JsonInvalid as refusal:
        if not begins_sequence(content):
            raise refusal from None
    return Document(content=content, is_json=True, sequence=decode_sequence(content, limits), limits=limits)
