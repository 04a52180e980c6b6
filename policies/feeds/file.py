"""A feed file, recognised by its content: which feed, of which version and day, with how many rows."""

from dataclasses import dataclass, field
from datetime import date

from policies.importers.reading import read_upload
from policies.importers.records import EpssDay, KevCatalogue
from policies.importers.registry import import_upload

EPSS = "epss"
KEV = "kev"


@dataclass(frozen=True, slots=True)
class FeedFile:
    """One file of a feed, whole and readable; `digest` is of the unpacked bytes."""

    name: str
    version: str
    model_date: date
    digest: str
    row_count: int
    content: EpssDay | KevCatalogue = field(repr=False)


def read_feed_file(content: bytes) -> FeedFile | None:
    """Return what a file is; None for a report about an artifact. Raises the importers' refusals with their place."""
    upload = read_upload(content)
    imported = import_upload(upload)
    match imported:
        case EpssDay():
            return FeedFile(
                EPSS, imported.model_version, imported.score_date, upload.digest, len(imported), content=imported
            )
        case KevCatalogue():
            day = imported.released_at.date()
            return FeedFile(KEV, imported.version, day, upload.digest, len(imported.entries), content=imported)
        case _:
            return None
