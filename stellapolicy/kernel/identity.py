"""Who is who: one spelling per package and per vulnerability, so that two scanners speak of the same thing."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from packageurl import PackageURL

_CVE = re.compile(r"CVE-\d{4}-\d{4,19}", re.IGNORECASE)
_GHSA = re.compile(r"GHSA(-[0-9a-z]{4}){3}", re.IGNORECASE)

# An advisory may cover many vulnerabilities, so it must never join two of them as if they were one.
_ADVISORY = re.compile(
    r"(?:DSA|DTSA|DLA|ELA|USN|LSN|RHSA|RHBA|RHEA|CESA|CEBA|CEEA|ALAS\w*|ELSA|ELBA|ELEA|ALSA|ALBA|ALEA|RLSA|RLBA|RLEA|RXSA"
    r"|SUSE-(?:SU|RU|OU|FU)|openSUSE-(?:SU|RU)|FEDORA(?:-EPEL)?|GLSA|ASA|PHSA|MGASA)-.+",
    re.IGNORECASE,
)

# A purl that is canonical by inspection; the library, forty times slower, is asked about every other one.
_PLAIN = re.compile(
    r"pkg:(?:apk|deb|rpm|npm|golang|maven|gem|cargo|nuget|pypi)"
    r"(?:/[a-z0-9](?:[a-z0-9.\-]*[a-z0-9])?)+@[A-Za-z0-9](?:[A-Za-z0-9.\-~]*[A-Za-z0-9])?"
    r"(?:\?(?P<qualifiers>[a-z]+=[A-Za-z0-9][A-Za-z0-9.\-]*(?:&[a-z]+=[A-Za-z0-9][A-Za-z0-9.\-]*)*))?"
)
_ESCAPE = re.compile(r"%[0-9a-fA-F]{2}")
_IDENTIFYING_QUALIFIERS = frozenset({"classifier", "epoch", "platform"})
_WITH_EPOCHS = ("pkg:rpm/", "pkg:deb/")
_GO_VERSION = re.compile(r"@v(?=\d[^/]*\Z)")


@dataclass(frozen=True, slots=True)
class Purl:
    """A package URL taken apart; `text` is its canonical spelling."""

    text: str
    type: str
    namespace: str
    name: str
    version: str
    qualifiers: Mapping[str, str]
    subpath: str


@lru_cache(maxsize=65_536)
def parse_purl(text: str) -> Purl:
    """Return a package URL in its canonical spelling and its parts.

    Raises ValueError when the text is no package URL. Source: the purl specification, through packageurl-python.
    """
    try:
        url = PackageURL.from_string(text.strip())
        canonical = _ESCAPE.sub(lambda escape: escape.group().upper(), url.to_string())
    except (ValueError, TypeError, AttributeError, KeyError, IndexError) as failure:
        raise ValueError(f"{text[:80]!r} is not a package URL: {failure}") from failure
    return Purl(
        text=canonical,
        type=url.type,
        namespace=url.namespace or "",
        name=url.name,
        version=url.version or "",
        qualifiers=dict(url.qualifiers),
        subpath=url.subpath or "",
    )


def normalize_purl(text: str) -> str:
    """Return the canonical spelling of a package URL; raises ValueError when it is none."""
    return text if _is_plainly_canonical(text) else parse_purl(text).text


def _is_plainly_canonical(text: str) -> bool:
    plain = _PLAIN.fullmatch(text)
    if plain is None:
        return False
    qualifiers = plain["qualifiers"]
    if qualifiers is None:
        return True
    names = [pair.partition("=")[0] for pair in qualifiers.split("&")]
    return names == sorted(set(names))


def package_identity(purl: str) -> str:
    """Return a canonical purl without what scanners disagree about (architecture, distribution, upstream, subpath).

    Kept are type, namespace, name, version and the qualifiers that make another package of it: epoch, classifier,
    platform. An epoch written into the version of an rpm or deb moves to its qualifier, epoch 0 is no epoch; the v of
    a Go version, which some scanners leave out, is no part of it.
    """
    bare, _, rest = purl.partition("#")[0].partition("?")
    kept = [pair for pair in rest.split("&") if pair.partition("=")[0] in _IDENTIFYING_QUALIFIERS and pair != "epoch=0"]
    if bare.startswith(_WITH_EPOCHS):
        bare, kept = _with_epoch(bare, kept)
    elif bare.startswith("pkg:golang/"):
        bare = _GO_VERSION.sub("@", bare)
    return f"{bare}?{'&'.join(kept)}" if kept else bare


def _with_epoch(bare: str, kept: list[str]) -> tuple[str, list[str]]:
    head, _, version = bare.rpartition("@")
    epoch, colon, rest = version.replace("%3A", ":").partition(":")
    if not colon or not head:
        return bare, kept
    others = [pair for pair in kept if not pair.startswith("epoch=")]
    return f"{head}@{rest}", others if epoch == "0" else [f"epoch={epoch}", *others]


def without_version(purl: str) -> str:
    """Return what stays when a package moves from one version to the next: type, namespace and name."""
    bare = purl.partition("#")[0].partition("?")[0]
    head, at, _ = bare.rpartition("@")
    return head if at else bare


def canonical_id(text: str) -> str:
    """Return a vulnerability id in its one spelling: CVE in capitals, GHSA with its digits in small letters."""
    text = text.strip()
    if text.startswith("CVE-"):
        return text
    if _CVE.fullmatch(text):
        return text.upper()
    if _GHSA.fullmatch(text):
        return f"GHSA{text[4:].lower()}"
    return text


def is_cve(text: str) -> bool:
    """Whether the text is a CVE id."""
    return _CVE.fullmatch(text) is not None


def is_advisory(text: str) -> bool:
    """Whether the id names a distribution's advisory, which may cover many vulnerabilities and is nobody's alias."""
    return _ADVISORY.fullmatch(text) is not None


def is_malware(text: str) -> bool:
    """Whether the id names a malicious package (OpenSSF `MAL-…`)."""
    return text.startswith("MAL-")


def preference(identifier: str) -> tuple[int, str]:
    """Return the sort key that puts the id to be shown first: CVE, then GHSA, then the alphabet."""
    if identifier.startswith("CVE-"):
        return (0, identifier)
    return (1 if identifier.startswith("GHSA-") else 2, identifier)


def join_aliases(links: Iterable[tuple[str, Iterable[str]]]) -> dict[str, str]:
    """Return, for every id mentioned, the id that stands for its group; `links` are (id, its aliases).

    Deterministic whatever the order of the links. INVARIANT: two CVE ids never stand for each other; an id that
    names several (some ecosystems publish one entry for two CVEs) goes with the first, so that no CVE is hidden.
    Advisories join nothing.
    """
    groups = _Groups()
    edges: set[tuple[tuple[int, str], tuple[int, str]]] = set()
    for identifier, aliases in links:
        groups.add(identifier)
        for alias in aliases:
            groups.add(alias)
            if alias != identifier and not is_advisory(alias) and not is_advisory(identifier):
                ordered = sorted((preference(identifier), preference(alias)))
                edges.add((ordered[0], ordered[1]))
    for (_, first), (_, second) in sorted(edges):
        groups.join(first, second)
    return groups.representatives()


class _Groups:
    """Union-find over ids, with the preferred id of each group as its root."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}

    def add(self, identifier: str) -> None:
        self._parents.setdefault(identifier, identifier)

    def find(self, identifier: str) -> str:
        root = identifier
        while self._parents[root] != root:
            root = self._parents[root]
        while self._parents[identifier] != root:
            self._parents[identifier], identifier = root, self._parents[identifier]
        return root

    def join(self, first: str, second: str) -> None:
        one, other = sorted((self.find(first), self.find(second)), key=preference)
        if one != other and not (one.startswith("CVE-") and other.startswith("CVE-")):
            self._parents[other] = one

    def representatives(self) -> dict[str, str]:
        return {identifier: self.find(identifier) for identifier in sorted(self._parents)}
