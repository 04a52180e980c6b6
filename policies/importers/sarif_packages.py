"""The vulnerable package of a SARIF result, read out of the sentences of the four scanners whose layout is known.

SARIF has no place for a package. Source of the layouts: the SARIF that Trivy 0.4x, Grype 0.6x to 0.9x, Snyk 1.1x and
OSV-Scanner 1 and 2 write. A sentence that does not fit is no package; the result then stands at its place.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from policies.importers.packages import package_of_file, package_of_manager
from policies.importers.ratings import author_of, distro_of
from policies.importers.records import Component, FixState
from policies.importers.sarif_rules import Rule
from stellapolicy.kernel.identity import canonical_id

_CHARACTERS = 4_096  # of a sentence; a package is named at its beginning
_NAME_CHARACTERS = 1_024
_LINE = re.compile(r"^([A-Z][A-Za-z ]{1,30}): ?(.*)$", re.MULTILINE)
_IDENTIFIER = re.compile(r"^Vulnerability (\S{3,200})$", re.MULTILINE)
_SNYK_TEXT = re.compile(r"^(?:\(([^)\n]{1,2000})\) )?([^\n]{1,1024})@([^@\s]{1,1024})$")
_SNYK_SEVERITY = re.compile(r"^(\w+) severity\b")
_SNYK_SYSTEM = re.compile(r"^SNYK-([A-Z]+?)(?:\d+|LATEST|ROLLING|UNSTABLE)-")
_OSV_TEXT = re.compile(r"Package '([^'\n]{3,2048})' is vulnerable to '([^'\n]{1,200})'")
_SNYK_SYSTEMS = {"AMZN": "amazon", "RHEL": "redhat", "SLES": "suse", "CENTOS": "redhat"}


@dataclass(frozen=True, slots=True)
class Sentences:
    """What a result says in words: its rule, its own message, the file and the names of its places."""

    rule: Rule
    identifier: str
    message: str
    uri: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VulnerablePackage:
    """A vulnerability of one package, as a scanner's sentences tell it; `author` rated it, "" the scanner itself."""

    identifiers: tuple[str, ...]
    component: Component
    word: str = ""
    author: str = ""
    fixed_versions: tuple[str, ...] = ()
    fix_state: FixState = FixState.UNKNOWN


def tool_of(name: str) -> str:
    """Return the one name of a tool, whichever of its products wrote the file."""
    word = name.strip().lower()
    return "snyk" if word.startswith("snyk") else word[:100]


def vulnerable_package(tool: str, said: Sentences) -> VulnerablePackage | None:
    """Return the package a result speaks of, None where its tool's layout is not known or does not fit."""
    read = _LAYOUTS.get(tool)
    return read(said) if read is not None else None


def _trivy(said: Sentences) -> VulnerablePackage | None:
    lines = lines_of(said.message)
    identifier = _first(_IDENTIFIER, said.message)
    name, version = lines.get("Package", ""), lines.get("Installed Version", "")
    if not identifier or not name or not version:
        return None
    paths = (said.uri,) if said.rule.name == "LanguageSpecificPackageVulnerability" and said.uri else ()
    fixed = _versions(lines.get("Fixed Version", ""))
    return VulnerablePackage(
        (canonical_id(identifier),),
        package_of_file(said.uri if paths else "", name, version, paths=paths),
        word=lines.get("Severity", ""),
        fixed_versions=fixed,
        fix_state=FixState.FIXED if fixed else FixState.NOT_FIXED,
    )


def _grype(said: Sentences) -> VulnerablePackage | None:
    lines = lines_of(said.rule.help)
    name = lines.get("Package", "")
    version = _grype_version(name, said.message) or lines.get("Version", "")
    identifier = _first(_IDENTIFIER, said.rule.help)
    if not identifier or not name or not version:
        return None
    author = author_of(lines.get("Data Namespace", ""))
    fixed = _versions(lines.get("Fix Version", ""))
    return VulnerablePackage(
        (canonical_id(identifier),),
        package_of_manager(lines.get("Type", ""), name, version, distribution=distro_of(author), paths=said.names),
        word=lines.get("Severity", ""),
        author=author,
        fixed_versions=fixed,
        fix_state=FixState.FIXED if fixed else FixState.UNKNOWN,
    )


def _grype_version(name: str, message: str) -> str:
    """Return the version of the result itself; the rule's help has that of the first result only."""
    for marker in (f" reports {name} at version ", f" package: {name}, version "):
        _, found, rest = message[:_CHARACTERS].partition(marker)
        if found:
            return rest.partition(" ")[0]
    return ""


def _snyk(said: Sentences) -> VulnerablePackage | None:
    told = _SNYK_TEXT.match(said.rule.text[:_CHARACTERS].strip())
    if told is None or said.identifier.startswith("snyk:lic:"):
        return None
    names = [canonical_id(name) for name in (told[1] or "").split(",") if name.strip()]
    managers = [tag for tag in said.rule.tags if tag != "security" and not tag.upper().startswith("CWE-")]
    return VulnerablePackage(
        tuple(dict.fromkeys([*names, said.identifier])),
        snyk_package(managers[-1] if managers else "", told[2], told[3], identifier=said.identifier),
        word=_first(_SNYK_SEVERITY, said.rule.title),
    )


def snyk_package(
    manager: str, name: str, version: str, *, identifier: str, distribution: str = "", paths: tuple[str, ...] = ()
) -> Component:
    """Return the package of a Snyk row; of `source/binary` in a distribution the binary is what is installed."""
    known = distribution or _snyk_distribution(identifier)
    is_system = manager in ("apk", "deb", "rpm")
    installed = name.rpartition("/")[2] if is_system else name
    return package_of_manager(manager, installed, version, distribution=known, paths=paths)


def _snyk_distribution(identifier: str) -> str:
    system = _first(_SNYK_SYSTEM, identifier)
    return _SNYK_SYSTEMS.get(system) or distro_of(system)


def _osv_scanner(said: Sentences) -> VulnerablePackage | None:
    told = _OSV_TEXT.match(said.message[:_CHARACTERS])
    name, _, version = told[1].rpartition("@") if told else ("", "", "")
    if told is None or not name:
        return None
    names = dict.fromkeys(canonical_id(one) for one in (told[2], said.identifier, *said.rule.former_ids) if one)
    paths = (said.uri,) if said.uri else ()
    return VulnerablePackage(tuple(names), package_of_file(said.uri, name, version, paths=paths))


_LAYOUTS: dict[str, Callable[[Sentences], VulnerablePackage | None]] = {
    "grype": _grype,
    "osv-scanner": _osv_scanner,
    "snyk": _snyk,
    "trivy": _trivy,
}
PACKAGE_SCANNERS = frozenset(_LAYOUTS)


def lines_of(message: str) -> dict[str, str]:
    """Return the lines `Name: value` of a message; of two with one name the first is meant."""
    found: dict[str, str] = {}
    for line in _LINE.finditer(message[:_CHARACTERS]):
        found.setdefault(line[1], line[2].strip()[:_NAME_CHARACTERS])
    return found


def _first(pattern: re.Pattern[str], message: str) -> str:
    found = pattern.search(message[:_CHARACTERS])
    return found[1] if found else ""


def _versions(written: str) -> tuple[str, ...]:
    return tuple(sorted(set(_parts(written))))


def _parts(written: str) -> Iterator[str]:
    return (part.strip() for part in written.split(",") if part.strip())
