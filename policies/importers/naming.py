"""Packages that a report names without a package URL, recognised among those that others name in full.

Text formats such as SARIF give a name and a version. Where exactly one package of the artifact has both, it is that
one; where several have, it is the one with a vulnerability in common. Otherwise it stays as it was named.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from policies.importers.records import Component, Finding, FindingKind

_EPOCH = "epoch="
_NAMED_BY_ID = frozenset({FindingKind.VULNERABILITY, FindingKind.MALWARE})
Nickname = tuple[str, str]


def full_names(components: Mapping[str, Component], findings: Sequence[Finding]) -> dict[str, Component]:
    """Return, by the key of each component without a package URL that is recognised, the package it is.

    `components` are by key, `findings` have their ids joined already. INVARIANT: what is returned depends on what is
    given and never on its order, and no package stands for one of another version.
    """
    short = {key: one for key, one in components.items() if _may_be_short(one)}
    if not short:
        return {}
    wanted = {nickname for one in short.values() for nickname in _nicknames(one)}
    known: dict[Nickname, set[str]] = {}
    for key, one in components.items():
        if one.purl:
            for nickname in _nicknames(one):
                if nickname in wanted:
                    known.setdefault(nickname, set()).add(key)
    vulnerabilities = _vulnerabilities(findings)
    chosen = {
        key: _chosen(one, [components[name] for name in sorted(_candidates(one, known))], vulnerabilities)
        for key, one in short.items()
    }
    return {key: one for key, one in chosen.items() if one is not None}


def in_full(component: Component, names: Mapping[str, Component]) -> Component:
    """Return a component under its full name, with what was said of it under the short one."""
    full = names.get(component.key)
    if full is None:
        return component
    return replace(
        full, scope=component.scope, paths=component.paths, licenses=component.licenses, direct=component.direct
    )


def _may_be_short(component: Component) -> bool:
    return not component.purl and bool(component.name and component.version)


def _candidates(component: Component, known: Mapping[Nickname, set[str]]) -> set[str]:
    return {key for nickname in _nicknames(component) for key in known.get(nickname, ())}


def _chosen(
    short: Component, candidates: Iterable[Component], vulnerabilities: Mapping[str, set[str]]
) -> Component | None:
    fitting = [one for one in candidates if short.type in ("", one.type)]
    if len(fitting) > 1:
        shared = vulnerabilities.get(short.key, set())
        fitting = [one for one in fitting if vulnerabilities.get(one.key, set()) & shared]
    return fitting[0] if len(fitting) == 1 else None


def _vulnerabilities(findings: Iterable[Finding]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in findings:
        if one.kind in _NAMED_BY_ID:
            found.setdefault(one.component.key, set()).add(one.id)
    return found


def _nicknames(component: Component) -> set[Nickname]:
    """Return every (name, version) under which people write a package, spelled alike."""
    version = _version(component)
    names = {component.name}
    if component.namespace:
        names |= {f"{component.namespace}/{component.name}", f"{component.namespace}:{component.name}"}
    return {(name.lower().replace("_", "-"), version) for name in names}


def _version(component: Component) -> str:
    """Return a version with its epoch, unless that is 0, and without the v of a Go module."""
    version = component.version
    qualifiers = component.purl.partition("?")[2].partition("#")[0].split("&") if _EPOCH in component.purl else []
    epoch = next((pair.removeprefix(_EPOCH) for pair in qualifiers if pair.startswith(_EPOCH)), "")
    if epoch and ":" not in version:
        version = f"{epoch}:{version}"
    version = version.removeprefix("0:")
    return version[1:] if version[:1] == "v" and version[1:2].isdigit() else version
