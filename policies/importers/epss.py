"""EPSS, the daily CSV of FIRST: one comment line naming model and day, one header, one row per CVE.

Source: https://www.first.org/epss/data_stats. Probabilities and percentiles are kept in 10⁻⁵.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from policies.importers.document import Document
from policies.importers.records import EpssDay
from policies.importers.refusals import FeedHeaderInvalid, FeedIncomplete, FeedRowInvalid
from policies.importers.shape import parse_instant
from stellapolicy.kernel.decimals import EPSS_UNITS, epss_units

HEADER = "cve,epss,percentile"
_FIRST_ROW = 3
_COMMENT = re.compile(r"#\s*model_version:(?P<model>[^,\s]+)\s*,\s*score_date:(?P<date>\S+)\s*")
_NUMBER = r"(?:[0-9]?\.[0-9]{1,30}|[0-9])(?:[eE]-[0-9]{1,2})?"
_ROW = re.compile(rf"(CVE-[0-9]{{4}}-[0-9]{{4,19}}),({_NUMBER}),({_NUMBER})")
_ROWS = re.compile(rf"^{_ROW.pattern}$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class EpssImporter:
    """Reads one day of EPSS."""

    format: str = "epss"
    title: str = "EPSS CSV"

    def detect(self, document: Document) -> bool:
        """Whether the file begins with the comment of the feed, or with its header."""
        return not document.is_json and document.content.lstrip()[:64].startswith((b"#model_version", HEADER.encode()))

    def parse(self, document: Document) -> EpssDay:
        """Return the day with every row checked.

        Raises FeedHeaderInvalid and FeedRowInvalid, which name the line, and FeedIncomplete.
        """
        comment, header, body = _sections(document.content)
        model, scored_at = _model(comment)
        if header != HEADER:
            raise FeedHeaderInvalid(f'line 2: expected "{HEADER}", found "{header[:80]}"')
        rows = _ROWS.findall(body)
        if len(rows) != _count_lines(body):
            raise FeedRowInvalid(_first_unreadable(body))
        if not rows:
            raise FeedIncomplete("the feed has a header and no rows")
        cves, probabilities, percentiles = zip(*rows, strict=True)
        _refuse_repeated(cves)
        units = _Units()
        return EpssDay(
            model_version=model,
            scored_at=scored_at,
            cves=cves,
            epss=_checked(units, probabilities),
            percentiles=_checked(units, percentiles),
        )


def _sections(content: bytes) -> tuple[str, str, str]:
    try:
        written = content.decode("ascii")
    except UnicodeDecodeError as failure:
        line = content.count(b"\n", 0, failure.start) + 1
        raise FeedRowInvalid(f"line {line}: not ASCII") from None
    written = written.replace("\r\n", "\n").lstrip()
    comment, _, rest = written.partition("\n")
    header, _, body = rest.partition("\n")
    return comment.strip(), header.strip(), body.rstrip("\n")


def _model(comment: str) -> tuple[str, datetime]:
    known = _COMMENT.fullmatch(comment)
    if known is None:
        raise FeedHeaderInvalid(f'line 1: expected "#model_version:…,score_date:…", found "{comment[:80]}"')
    try:
        return known["model"], parse_instant(known["date"])
    except ValueError as failure:
        raise FeedHeaderInvalid(f"line 1: {failure}") from None


def _count_lines(body: str) -> int:
    return body.count("\n") + 1 if body else 0


def _first_unreadable(body: str) -> str:
    for number, line in enumerate(body.split("\n"), start=_FIRST_ROW):
        if _ROW.fullmatch(line) is None:
            return f'line {number}: expected a CVE and two numbers, found "{line[:80]}"'
    raise AssertionError("a row that is counted is read")


def _refuse_repeated(cves: tuple[str, ...]) -> None:
    if len(set(cves)) == len(cves):
        return
    seen: set[str] = set()
    for number, cve in enumerate(cves, start=_FIRST_ROW):
        if cve in seen:
            raise FeedRowInvalid(f"line {number}: {cve} has a row already")
        seen.add(cve)


class _Units(dict[str, int]):
    """Written numbers and their counts of 10⁻⁵; a day repeats its 100,001 possible values many times over."""

    def __missing__(self, written: str) -> int:
        units = epss_units(written)
        self[written] = units
        return units


def _checked(units: _Units, written: Iterable[str]) -> tuple[int, ...]:
    column = tuple([units[number] for number in written])
    if max(column) > EPSS_UNITS:
        row = next(row for row, unit in enumerate(column, start=_FIRST_ROW) if unit > EPSS_UNITS)
        raise FeedRowInvalid(f"line {row}: a probability is at most 1")
    return column
