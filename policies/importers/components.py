"""Components as values: one spelling per package, one component per identity in a report."""

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from policies.importers.records import Component
from stellapolicy.kernel.identity import Purl, parse_purl

# How a scanner's own package type is written as a purl: (purl type, namespace for distributions).
_PURL_TYPES = {
    "alma": ("rpm", "almalinux"),
    "alpine": ("apk", "alpine"),
    "amazon": ("rpm", "amazon"),
    "azurelinux": ("rpm", "azurelinux"),
    "bundler": ("gem", ""),
    "cargo": ("cargo", ""),
    "cbl-mariner": ("rpm", "cbl-mariner"),
    "centos": ("rpm", "centos"),
    "chainguard": ("apk", "chainguard"),
    "composer": ("composer", ""),
    "debian": ("deb", "debian"),
    "dotnet-core": ("nuget", ""),
    "fedora": ("rpm", "fedora"),
    "gemspec": ("gem", ""),
    "gobinary": ("golang", ""),
    "gomod": ("golang", ""),
    "gradle": ("maven", ""),
    "jar": ("maven", ""),
    "node-pkg": ("npm", ""),
    "npm": ("npm", ""),
    "nuget": ("nuget", ""),
    "oracle": ("rpm", "oracle"),
    "photon": ("rpm", "photon"),
    "pip": ("pypi", ""),
    "pipenv": ("pypi", ""),
    "pnpm": ("npm", ""),
    "poetry": ("pypi", ""),
    "pom": ("maven", ""),
    "python-pkg": ("pypi", ""),
    "redhat": ("rpm", "redhat"),
    "rocky": ("rpm", "rocky"),
    "rustbinary": ("cargo", ""),
    "ubuntu": ("deb", "ubuntu"),
    "uv": ("pypi", ""),
    "wolfi": ("apk", "wolfi"),
    "yarn": ("npm", ""),
}

_OLD_ALPINE = "pkg:alpine/"  # how Syft spelled it before 2023; the type is apk


def readable_purl(text: str) -> Purl | None:
    """Return the parts of a package URL, None when there is none or it cannot be read."""
    if not text:
        return None
    if text.startswith(_OLD_ALPINE):
        text = f"pkg:apk/alpine/{text.removeprefix(_OLD_ALPINE)}"
    try:
        return parse_purl(text)
    except ValueError:
        return None


@lru_cache(maxsize=65_536)
def inferred_purl(package_type: str, name: str, version: str) -> Purl | None:
    """Return the purl of a package of which a report gives only type, name and version; None for unknown types."""
    known = _PURL_TYPES.get(package_type)
    if known is None or not name:
        return None
    purl_type, namespace = known
    if purl_type == "maven":
        namespace, _, name = name.rpartition(":")
    elif not namespace:
        namespace, _, name = name.rpartition("/")
    parts = [part for part in (namespace.replace("@", "%40"), _escaped(name)) if part]
    return readable_purl(f"pkg:{purl_type}/{'/'.join(parts)}" + (f"@{_escaped(version)}" if version else ""))


def _escaped(part: str) -> str:
    for character, escape in (("%", "%25"), ("@", "%40"), ("/", "%2F"), ("?", "%3F"), ("#", "%23"), ("+", "%2B")):
        part = part.replace(character, escape)
    return part


def purl_component(
    purl: Purl, *, version: str = "", paths: tuple[str, ...] = (), licenses: tuple[str, ...] = ()
) -> Component:
    """Return the component a purl names; its type is the package type, its version the purl's when it has one."""
    return Component(
        purl=purl.text,
        type=purl.type,
        namespace=purl.namespace,
        name=purl.name,
        version=purl.version or version,
        paths=paths,
        licenses=licenses,
    )


def unite(components: Iterable[Component]) -> dict[str, Component]:
    """Return one component per key, knowing all that any of them knew; ordered by key, whatever the order given."""
    groups: dict[str, list[Component]] = {}
    for component in components:
        groups.setdefault(component.key, []).append(component)
    return {key: _united(groups[key]) for key in sorted(groups)}


def _united(group: list[Component]) -> Component:
    distinct = set(group)
    if len(distinct) == 1:
        return group[0]
    ordered = sorted(distinct, key=_order)
    directs = {one.direct for one in ordered}
    return replace(
        ordered[0],
        scope=_widest_scope([one.scope for one in ordered]),
        paths=tuple(sorted({path for one in ordered for path in one.paths})),
        licenses=tuple(sorted({name for one in ordered for name in one.licenses})),
        direct=True if True in directs else False if False in directs else None,
    )


def _order(component: Component) -> tuple[int, str, str, str, str, str]:
    purl = component.purl
    # The spelling with the fewest particulars stands for the group.
    return (len(purl), purl, component.type, component.namespace, component.name, component.version)


def _widest_scope(scopes: list[str]) -> str:
    """Return "required" when anybody says so: a part needed once is needed."""
    stated = {scope for scope in scopes if scope}
    return "required" if "required" in stated else min(stated, default="")
