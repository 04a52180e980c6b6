"""Package patterns: one package, one version of it, or globs over both, in the spelling all scanners agree on."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote

from exceptions.matching.ranges import is_readable, range_includes, scheme_of
from stellapolicy.kernel import globs
from stellapolicy.kernel.globs import glob, is_glob
from stellapolicy.kernel.identity import normalize_purl, package_identity, parse_purl, without_version
from stellapolicy.kernel.purl_patterns import LONGEST, SCHEME, PurlParts, pattern_parts
from stellapolicy.kernel.version_ranges import contains

EXAMPLE: Final = "`pkg:npm/lodash`, `pkg:npm/lodash@4.17.20` or `pkg:maven/org.apache.*/log4j-*`"
_QUALIFIERS = re.compile(r"\?[A-Za-z][\w.\-]*=|#")
_STARS = re.compile(r"\*{2,}")
_EPOCH = re.compile(r"(?:^|[?&])epoch=([^&]+)")
_GO_VERSION = re.compile(r"^v(?=[\d*?])")
# Types whose names the package URL specification writes in small letters.
_IN_SMALL_LETTERS = frozenset(
    {"alpm", "apk", "bitbucket", "bitnami", "composer", "github", "gitlab", "hex", "luarocks", "npm", "oci", "pypi"}
)


@dataclass(frozen=True, slots=True, order=True)
class PackageScope:
    """One package pattern, optionally within a version range; never with a version in both."""

    pattern: str
    versions: str = ""


@dataclass(frozen=True, slots=True)
class Package:
    """The package of a finding: `version` holds its epoch (`1:2.3`), and no `v` before a Go version."""

    identity: str
    name: str
    type: str
    path: str
    version: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern that was read: `text` is its one spelling.

    `identity` is set where it names one version of one package, `name` where it names one package; `path` and `version`
    are globs, and a `version` of None is any.
    """

    text: str
    path: str
    name: str = ""
    version: str | None = None
    identity: str = ""

    @property
    def type(self) -> str:
        """The purl type, or "" where that is a glob itself."""
        kind = self.path.partition("/")[0]
        return "" if is_glob(kind) else kind

    @property
    def wildcards(self) -> int:
        """How many wildcards it holds."""
        return globs.wildcards(self.path) + globs.wildcards(self.version or "")

    @property
    def names_something(self) -> bool:
        """Whether it says more than a type: `pkg:npm/*` names nothing."""
        return any(character.isalnum() for character in self.path.partition("/")[2])

    def matches(self, package: Package) -> bool:
        """Whether the package is one of those meant, whatever range goes with the pattern."""
        if self.identity:
            return package.identity == self.identity
        if self.name:
            if package.name != self.name:
                return False
        elif not glob(self.path)(package.path):
            return False
        return self.version is None or (package.version != "" and glob(self.version)(package.version))

    def includes(self, inner: "Pattern") -> bool:
        """Whether this certainly matches every package that `inner` matches; False where that is not proven."""
        if self.identity:
            return inner.identity == self.identity
        if self.name:
            if inner.name != self.name:
                return False
        elif not globs.includes(self.path, inner.path):
            return False
        return self.version is None or (inner.version is not None and globs.includes(self.version, inner.version))


@dataclass(frozen=True, slots=True)
class WantedPackage:
    """A package scope that was read: the pattern, and the range, or "" for every version."""

    pattern: Pattern
    versions: str

    def covers(self, package: Package) -> bool:
        """Whether the package is meant, its version included; a version nobody can place is not."""
        if not self.pattern.matches(package):
            return False
        return not self.versions or (package.version != "" and contains(self.versions, package.version) is True)

    def includes(self, inner: "WantedPackage") -> bool:
        """Whether this certainly covers every package that `inner` covers; False where that is not proven."""
        if not self.pattern.includes(inner.pattern):
            return False
        if not self.versions:
            return True
        if inner.versions:
            return range_includes(self.versions, inner.versions)
        version = inner.pattern.version
        return version is not None and not is_glob(version) and contains(self.versions, version) is True


@lru_cache(maxsize=65_536)
def package_of(purl: str) -> Package | None:
    """Return the package a finding is in, or None where its purl is missing or cannot be read."""
    if not purl or len(purl) > LONGEST:
        return None
    try:
        return _package(package_identity(normalize_purl(purl)))
    except ValueError:
        return None


@lru_cache(maxsize=16_384)
def wanted_package(scope: PackageScope) -> WantedPackage | None:
    """Return a package scope ready to be compared, or None where it cannot be read and so covers nothing."""
    try:
        pattern = read_pattern(scope.pattern)
        check_versions(pattern, scope.versions)
    except ValueError:
        return None
    return WantedPackage(pattern, scope.versions)


@lru_cache(maxsize=16_384)
def read_pattern(text: str) -> Pattern:
    """Return a pattern in its one spelling; raises ValueError with a sentence where it cannot be read."""
    if not text.startswith(SCHEME) or len(text) > LONGEST:
        raise ValueError(f"a package pattern looks like {EXAMPLE}")
    qualified = _QUALIFIERS.search(text)  # a `?` that begins none is a wildcard
    bare = text[: qualified.start()] if qualified else text
    if not is_glob(unquote(bare)):
        return _literal(text)
    if qualified:
        raise ValueError("a pattern with wildcards takes neither qualifiers nor a subpath")
    return _with_wildcards(bare)


def check_versions(pattern: Pattern, versions: str) -> None:
    """Raise ValueError with a sentence where a range does not go with its pattern, or cannot be read."""
    if not versions:
        return
    if pattern.version is not None:
        raise ValueError("either the pattern holds a version or a range stands beside it, not both")
    if scheme_of(versions) != pattern.type or not pattern.type:
        raise ValueError(
            f"the range of {pattern.text} has to say whose order it means: `vers:{pattern.type or 'npm'}/…`"
        )
    if not is_readable(versions):
        raise ValueError(f"`{versions}` is not a version range such as `vers:npm/>=4.0.0|<5.0.0`, lowest version first")


def _package(identity: str) -> Package:
    name = without_version(identity)
    bare, _, qualifiers = identity.partition("?")
    version = unquote(bare[len(name) + 1 :])
    epoch = _EPOCH.search(qualifiers)
    return Package(
        identity=identity,
        name=name,
        type=name.removeprefix(SCHEME).partition("/")[0],
        path=unquote(name.removeprefix(SCHEME)),
        version=f"{unquote(epoch[1])}:{version}" if epoch and version else version,
    )


def _literal(text: str) -> Pattern:
    package = _package(package_identity(parse_purl(text).text))
    if package_identity(parse_purl(package.identity).text) != package.identity:  # such as `@:1` of a deb
        raise ValueError(f"`{text}` could be read in two ways")
    if package.version:
        return Pattern(package.identity, package.path, package.name, package.version, package.identity)
    if "?" in package.identity:
        raise ValueError("an epoch, a classifier or a platform says nothing without a version")
    return Pattern(package.name, package.path, package.name)


def _with_wildcards(bare: str) -> Pattern:
    parts = pattern_parts(bare.replace("/@", "/%40"))  # the `@` of an npm scope begins no version
    if parts is None:
        raise ValueError(f"a package pattern looks like {EXAMPLE}")
    path, version = _plain_path(parts.path), _plain_version(parts)
    if is_glob(path):
        pattern = Pattern(f"{SCHEME}{path.replace('@', '%40')}", path, version=version)
    else:
        name = normalize_purl(f"{SCHEME}{quote(path, safe='/')}")
        pattern = Pattern(name, unquote(name.removeprefix(SCHEME)), name, version)
    text = pattern.text if version is None else f"{pattern.text}@{version}"
    # INVARIANT: what is stored, shown and counted is exactly what is compared.
    if "%" in f"{path}{version}" or pattern_parts(text) != PurlParts(pattern.path, version):
        raise ValueError(f"`{bare}` holds escapes or an `@` that could be read in two ways")
    return Pattern(text, pattern.path, pattern.name, version)


def _plain_path(path: str) -> str:
    path = _STARS.sub("*", path)
    kind = path.partition("/")[0]
    lowered = path.lower() if kind in _IN_SMALL_LETTERS else path
    return lowered.replace("_", "-") if kind == "pypi" else lowered


def _plain_version(parts: PurlParts) -> str | None:
    if parts.version is None:
        return None
    version = _STARS.sub("*", unquote(parts.version))
    if parts.path.startswith("golang/"):
        return _GO_VERSION.sub("", version)
    return version.removeprefix("0:") if parts.path.startswith(("deb/", "rpm/")) else version
