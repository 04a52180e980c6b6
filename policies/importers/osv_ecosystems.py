"""The ecosystems of OSV and the package URLs of their packages.

Source: the list of ecosystems of the OSV schema; a release may follow a colon ("Debian:12").
"""

from policies.importers.components import purl_component, readable_purl
from policies.importers.records import Component
from stellapolicy.kernel.identity import Purl

# (type, namespace); rpm distributions are left out where scanners write the namespace in different ways.
_TYPES = {
    "AlmaLinux": ("rpm", "almalinux"),
    "Alpine": ("apk", "alpine"),
    "Bitnami": ("bitnami", ""),
    "Chainguard": ("apk", "chainguard"),
    "ConanCenter": ("conan", ""),
    "CRAN": ("cran", ""),
    "crates.io": ("cargo", ""),
    "Debian": ("deb", "debian"),
    "GHC": ("generic", ""),
    "GitHub Actions": ("github", ""),
    "Go": ("golang", ""),
    "Hackage": ("hackage", ""),
    "Hex": ("hex", ""),
    "Maven": ("maven", ""),
    "MinimOS": ("apk", "minimos"),
    "npm": ("npm", ""),
    "NuGet": ("nuget", ""),
    "openSUSE": ("rpm", "opensuse"),
    "Packagist": ("composer", ""),
    "Pub": ("pub", ""),
    "PyPI": ("pypi", ""),
    "Red Hat": ("rpm", "redhat"),
    "Rocky Linux": ("rpm", "rocky-linux"),
    "RubyGems": ("gem", ""),
    "SUSE": ("rpm", "suse"),
    "SwiftURL": ("swift", ""),
    "Ubuntu": ("deb", "ubuntu"),
    "Wolfi": ("apk", "wolfi"),
}
_ESCAPES = str.maketrans({"%": "%25", "@": "%40", "?": "%3F", "#": "%23", "+": "%2B"})


def same_ecosystem(one: str, other: str) -> bool:
    """Whether two spellings mean one ecosystem, whatever release they name."""
    return family(one) == family(other)


def family(ecosystem: str) -> str:
    """Return an ecosystem without its release."""
    return ecosystem.partition(":")[0]


def osv_component(
    ecosystem: str, name: str, version: str, *, paths: tuple[str, ...] = (), licenses: tuple[str, ...] = ()
) -> Component:
    """Return the package an OSV tool names; one of an ecosystem we do not know keeps its words."""
    purl = _purl(family(ecosystem), name, version)
    if purl is None:
        return Component(type=family(ecosystem), name=name, version=version, paths=paths, licenses=licenses)
    return purl_component(purl, version=version, paths=paths, licenses=licenses)


def _purl(ecosystem: str, name: str, version: str) -> Purl | None:
    known = _TYPES.get(ecosystem)
    if known is None or not name:
        return None
    purl_type, namespace = known
    if purl_type == "maven":
        name = name.replace(":", "/", 1)
    if purl_type == "golang" and version[:1].isdigit():
        version = f"v{version}"
    parts = [part for part in (namespace, *name.translate(_ESCAPES).split("/")) if part]
    written = version.translate(_ESCAPES).replace("/", "%2F")
    return readable_purl(f"pkg:{purl_type}/{'/'.join(parts)}" + (f"@{written}" if written else ""))
