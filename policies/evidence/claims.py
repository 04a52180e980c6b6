"""Which VEX claims speak of which finding."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stellapolicy.kernel import version_ranges
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.identity import package_identity, without_version

_IMAGES = ("pkg:oci/", "pkg:docker/")
_UNAFFECTED = frozenset({"unaffected", "not_affected", "fixed", ""})


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim as a snapshot keeps it."""

    vulnerability: str
    status: str
    aliases: tuple[str, ...]
    products: tuple[str, ...]
    components: tuple[str, ...]
    justification: str
    statement: str
    author: str
    source: str
    issued_at: str | None
    versions: tuple[tuple[str, str, str], ...] = ()
    stated_justification: str = ""
    responses: tuple[str, ...] = ()

    @classmethod
    def from_stored(cls, vulnerability: str, status: str, claim: Mapping[str, JsonValue]) -> "Claim":
        """Return the claim a snapshot row holds."""
        return cls(
            vulnerability=vulnerability,
            status=status,
            aliases=_texts(claim.get("aliases")),
            products=_texts(claim.get("products")),
            components=_texts(claim.get("components")),
            justification=str(claim.get("justification") or ""),
            statement=str(claim.get("statement") or ""),
            author=str(claim.get("author") or ""),
            source=str(claim.get("source") or ""),
            issued_at=str(claim["issued_at"]) if claim.get("issued_at") else None,
            versions=_versions(claim.get("versions")),
            stated_justification=str(claim.get("stated_justification") or ""),
            responses=_texts(claim.get("responses")),
        )

    def covers_version(self, version: str) -> bool:
        """Whether a dismissal holds for this version of the component.

        Without stated versions it speaks of all. An exact version goes before every range; a range counts only where
        it can be read, and what some range calls affected, or may, is not dismissed by another.
        """
        if not self.versions:
            return True
        exact = [status in _UNAFFECTED for stated, _, status in self.versions if stated and stated == version]
        if exact:
            return all(exact)
        ranges = [(status, version_ranges.contains(spoken, version)) for _, spoken, status in self.versions if spoken]
        held_against = any(status not in _UNAFFECTED and inside is not False for status, inside in ranges)
        return not held_against and any(status in _UNAFFECTED and inside for status, inside in ranges)

    def speaks_of(self, purl: str, artifact_digest: str, *, artifact_name: str = "") -> bool:
        """Whether the claim covers this component of this artifact, the document being one about the artifact.

        Components, where given, decide; else products; a claim with neither speaks of everything in its report. A
        claim whose every product is an image of another digest, or of another name, speaks of nothing here.
        """
        if self._is_about_others(artifact_digest, artifact_name):
            return False
        named = self.components or self.products
        return not named or any(_covers(name, purl, artifact_digest) for name in named)

    def joins(self, purl: str, artifact_digest: str) -> bool:
        """Whether the claim, out of a document about no artifact in particular, covers this component of it.

        The product must be the artifact by digest, or itself the component; a part of some other product is not ours.
        """
        if any(_is_artifact(product, artifact_digest) for product in self.products):
            return self.speaks_of(purl, artifact_digest)
        named = self.products if not self.components else () if self.products else self.components
        return any(_covers_package(name, purl) for name in named)

    def _is_about_others(self, artifact_digest: str, artifact_name: str) -> bool:
        return bool(self.products) and all(
            _is_other_image(product, artifact_digest, artifact_name) for product in self.products
        )


class ClaimIndex:
    """Claims by every name of their vulnerability, so that ten thousand findings ask in constant time."""

    def __init__(self, claims: Sequence[Claim]) -> None:
        self._by_name: dict[str, list[Claim]] = {}
        for claim in claims:
            for name in {claim.vulnerability, *claim.aliases}:
                self._by_name.setdefault(name, []).append(claim)

    def about(
        self, names: Sequence[str], purl: str, artifact_digest: str, *, artifact_name: str = ""
    ) -> tuple[Claim, ...]:
        """Return the claims about a finding, each once, in the order of the snapshot."""
        spoken = self.named(names)
        return tuple(one for one in spoken if one.speaks_of(purl, artifact_digest, artifact_name=artifact_name))

    def named(self, names: Sequence[str]) -> tuple[Claim, ...]:
        """Return the claims about a vulnerability of these names, whatever component they mean."""
        if not self._by_name:
            return ()
        return tuple({id(claim): claim for name in names for claim in self._by_name.get(name, ())}.values())


def _covers(named: str, purl: str, artifact_digest: str) -> bool:
    return _is_artifact(named, artifact_digest) or _covers_package(named, purl)


def _is_artifact(named: str, artifact_digest: str) -> bool:
    return artifact_digest in named or artifact_digest.replace(":", "%3A") in named


def _is_other_image(named: str, artifact_digest: str, artifact_name: str) -> bool:
    """Whether a product is certainly an image and certainly not this one: by its digest, else by its name."""
    if "sha256:" in named or "sha256%3A" in named:
        return not _is_artifact(named, artifact_digest)
    if not artifact_name or not named.startswith(_IMAGES):
        return False
    return without_version(named).rpartition("/")[2] != repository_name(artifact_name)


def repository_name(artifact_name: str) -> str:
    """Return the last word of an image's repository: `debian` for `docker.io/library/debian:12`."""
    return artifact_name.partition("@")[0].rpartition("/")[2].partition(":")[0].lower()


def _covers_package(named: str, purl: str) -> bool:
    if not purl or not named.startswith("pkg:"):
        return False
    wanted, present = package_identity(named), package_identity(purl)
    return wanted == present or ("@" not in wanted.rpartition("/")[2] and wanted == without_version(present))


def _versions(value: JsonValue) -> tuple[tuple[str, str, str], ...]:
    if not isinstance(value, list | tuple):
        return ()
    scopes = [scope for scope in value if isinstance(scope, Mapping)]
    return tuple((str(s.get("version") or ""), str(s.get("range") or ""), str(s.get("status") or "")) for s in scopes)


def _texts(value: JsonValue) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list | tuple) else ()
