"""Which VEX claims speak of which finding."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.identity import package_identity, without_version

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
        )

    def covers_version(self, version: str) -> bool:
        """Whether a dismissal holds for this version of the component.

        Without stated versions it speaks of all. With them, only an exact version that it calls unaffected counts: a
        range is not read yet, and what is not read dismisses nothing.
        """
        return not self.versions or any(
            exact == version and status in _UNAFFECTED for exact, _, status in self.versions if exact
        )

    def speaks_of(self, purl: str, artifact_digest: str) -> bool:
        """Whether the claim covers this component of this artifact.

        Components, where given, decide; else products; a claim with neither speaks of everything in its report.
        """
        named = self.components or self.products
        return not named or any(_covers(name, purl, artifact_digest) for name in named)


class ClaimIndex:
    """Claims by every name of their vulnerability, so that ten thousand findings ask in constant time."""

    def __init__(self, claims: Sequence[Claim]) -> None:
        self._by_name: dict[str, list[Claim]] = {}
        for claim in claims:
            for name in {claim.vulnerability, *claim.aliases}:
                self._by_name.setdefault(name, []).append(claim)

    def about(self, names: Sequence[str], purl: str, artifact_digest: str) -> tuple[Claim, ...]:
        """Return the claims about a finding, each once, in the order of the snapshot."""
        if not self._by_name:
            return ()
        found = {id(claim): claim for name in names for claim in self._by_name.get(name, ())}
        return tuple(claim for claim in found.values() if claim.speaks_of(purl, artifact_digest))


def _covers(named: str, purl: str, artifact_digest: str) -> bool:
    if artifact_digest in named or artifact_digest.replace(":", "%3A") in named:
        return True
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
