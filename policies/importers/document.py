"""The file as every importer sees it: its bytes, and its JSON value when it is JSON."""

from dataclasses import dataclass, field
from typing import Protocol

from policies.importers.limits import STANDARD, ImportLimits
from policies.importers.records import Imported


@dataclass(frozen=True, slots=True)
class Document:
    """One unpacked file; `value` is meaningless unless `is_json`.

    `sequence` holds the values of a file of several JSON values, whose `value` is None.
    """

    content: bytes
    is_json: bool = False
    value: object = None
    sequence: tuple[object, ...] = field(default=(), repr=False)
    limits: ImportLimits = STANDARD


class Importer(Protocol):
    """A reader of one format; a later format is one more file and one more line in the registry."""

    @property
    def format(self) -> str:
        """The stable name of the format."""

    @property
    def title(self) -> str:
        """The format as people call it."""

    def detect(self, document: Document) -> bool:
        """Whether the file looks like this format; never refuses."""

    def parse(self, document: Document) -> Imported:
        """Return the records of the file; raises ImportRefused."""
