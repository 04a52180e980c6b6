"""CVSS vectors, versions 2.0 to 4.0: the only place of the language that scores them."""

from functools import lru_cache

from cvss import CVSS2, CVSS3, CVSS4
from cvss.exceptions import CVSSError

from policies.language.types import UNKNOWN

_LONGEST = 512


@lru_cache(maxsize=4096)
def _read(vector: str) -> tuple[str, float] | None:
    """Return the canonical vector and its most specific score, or None for what is no vector."""
    text = vector.strip().rstrip("/")
    if len(text) > _LONGEST:
        return None
    try:
        parsed = _parse(text)
    except CVSSError:
        return None
    specific = [score for score in parsed.scores() if score is not None]
    return parsed.clean_vector(), float(specific[-1])


def _parse(text: str) -> CVSS2 | CVSS3 | CVSS4:
    if text.startswith("CVSS:4"):
        return CVSS4(text)
    return CVSS3(text) if text.startswith("CVSS:3") else CVSS2(text)


def normalize_cvss(vector: str) -> str | float:
    """Return the vector in canonical order, or UNKNOWN for what is no vector."""
    found = _read(vector)
    return UNKNOWN if found is None else found[0]


def cvss(vector: str) -> float:
    """Return the most specific score of a vector (environmental, temporal, base), or UNKNOWN for what is no vector."""
    found = _read(vector)
    return UNKNOWN if found is None else found[1]


def vector_mistake(vector: str) -> str | None:
    """Return what is wrong with a literal vector, or None."""
    return None if _read(vector) else f"`{vector}` is not a CVSS vector"
