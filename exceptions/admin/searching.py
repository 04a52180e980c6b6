"""What a searched term names: a number, a vulnerability, a package or a ticket; each is found by an index, whole."""

import re
from typing import Final

from django.db.models import Q

from exceptions.matching.patterns import package_of, read_pattern
from stellapolicy.kernel.identity import canonical_id

_NUMBER: Final = re.compile(r"exc-\d{4}-\d+", re.IGNORECASE | re.ASCII)
_ADVISORY: Final = re.compile(r"[a-z]{2,10}-\d*[a-z0-9]+(-[a-z0-9]+)+", re.IGNORECASE)
_PACKAGE: Final = "pkg:"


def is_number(text: str) -> bool:
    """Whether a text is written as the number of an exception, in any case."""
    return _NUMBER.fullmatch(text) is not None


def found(term: str) -> Q:
    """Return the condition that an exception is the one, or about what, a term names."""
    text = term.strip()
    if is_number(text):
        return Q(number=text.upper())
    if text.lower().startswith(_PACKAGE):
        return Q(packages__contains=[_name_of(text)])
    if _ADVISORY.fullmatch(text):
        return Q(vulnerabilities__contains=[canonical_id(text)])
    return Q(ticket=text)


def _name_of(text: str) -> str:
    """Return the key that exceptions about a package are kept under, whatever its version."""
    package = package_of(text)
    if package is not None:
        return package.name
    try:
        return read_pattern(text).name or text
    except ValueError:
        return text
