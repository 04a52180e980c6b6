"""Searches that an index answers: beginnings, never middles."""

from django.db.models import Q

_HEXADECIMAL = frozenset("0123456789abcdef")
_SHORTEST = 4


def digest_begins(field: str, term: str, *, algorithm: str = "sha256:") -> Q | None:
    """Return the condition that a digest begins so, as a range (an index of any collation serves it).

    The algorithm may be left out; None where the term can be no beginning of a digest.
    """
    digits = term.strip().lower().removeprefix(algorithm).rstrip("…")
    if len(digits) < _SHORTEST or not _HEXADECIMAL.issuperset(digits):
        return None
    beginning = algorithm + digits
    # `g` follows every hexadecimal digit, in every collation.
    return Q(**{f"{field}__gte": beginning, f"{field}__lt": f"{beginning}g"})
