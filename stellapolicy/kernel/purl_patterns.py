"""Package URLs against patterns of globs such as `pkg:maven/org.apache.*/log4j-*@2.*`; a `*` crosses `/`.

Source: the Package-URL specification.
"""

from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from packageurl import PackageURL

from stellapolicy.kernel.globs import glob

LONGEST = 2048
SCHEME = "pkg:"


class PurlParts(NamedTuple):
    """A package URL or a pattern taken apart: `path` is `type/namespace/name`, unescaped."""

    path: str
    version: str | None


@lru_cache(maxsize=16_384)
def purl_parts(purl: str) -> PurlParts | None:
    """Return the parts of a package URL, or None where it cannot be read."""
    if len(purl) > LONGEST:
        return None
    try:
        parsed = PackageURL.from_string(purl)
    except ValueError:
        return None
    return PurlParts("/".join(part for part in (parsed.type, parsed.namespace, parsed.name) if part), parsed.version)


@lru_cache(maxsize=4096)
def pattern_parts(pattern: str) -> PurlParts | None:
    """Return the globs of a pattern `pkg:type/namespace/name@version`, the version being optional, or None."""
    if not pattern.startswith(SCHEME) or len(pattern) > LONGEST:
        return None
    path, at, version = pattern.removeprefix(SCHEME).rpartition("@")
    if not at or "/" in version:  # the `@` of an npm scope
        path, version = pattern.removeprefix(SCHEME), ""
    kind, _, rest = unquote(path).strip("/").partition("/")
    return PurlParts(f"{kind.lower()}/{rest}", version or None) if kind and rest else None


def purl_match(purl: str, pattern: str) -> bool | None:
    """Whether a package URL matches a pattern; None where either cannot be read.

    A pattern without a version matches every version; a purl without a version matches only such patterns.
    """
    found, wanted = purl_parts(purl), pattern_parts(pattern)
    if found is None or wanted is None:
        return None
    if not glob(wanted.path)(found.path):
        return False
    return wanted.version is None or (found.version is not None and glob(wanted.version)(found.version))
