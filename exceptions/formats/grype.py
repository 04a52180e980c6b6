"""Grype's ignore rules in `.grype.yaml`: matches that meet every member of one rule are ignored.

Source: Grype, specifying matches to ignore. A rule may name a package by a regular expression and bind it to facts of
the match; a scope has neither.
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from exceptions.formats.drafts import Draft, Drafting, vulnerabilities, with_packages
from exceptions.formats.identifiers import NO_REASON
from exceptions.formats.nodes import Node, member, others
from exceptions.formats.values import Defaults, LossKind, ReadFile
from exceptions.rules.vocabulary import ExceptionType, Reason

FORMAT: Final = "grype"
TITLE: Final = "Grype's ignore rules"
_BINDING: Final = {
    "fix-state": "matches whose fix is {}",
    "namespace": "matches of the namespace {}",
    "match-type": "matches found as {}",
    "vex-status": "what a VEX document calls {}",
    "vex-justification": "what a VEX document justifies with {}",
}
_PACKAGE_BINDING: Final = {
    "location": "files at {}",
    "language": "packages of the language {}",
    "upstream-name": "packages built from {}",
}
_RULE = ("vulnerability", "reason", "include-aliases", "package", *_BINDING)
_PACKAGE = ("name", "version", "type", *_PACKAGE_BINDING)
# Grype's types of packages as those of package URLs; `*` is a namespace that Grype does not say.
_PATHS: Final = {
    "apk": "apk/*/{}",
    "binary": "generic/{}",
    "conan": "conan/{}",
    "dart-pub": "pub/{}",
    "deb": "deb/*/{}",
    "dotnet": "nuget/{}",
    "gem": "gem/{}",
    "github-action": "github/{}",
    "go-module": "golang/{}",
    "hex": "hex/{}",
    "java-archive": "maven/*/{}",
    "jenkins-plugin": "maven/*/{}",
    "npm": "npm/{}",
    "php-composer": "composer/{}",
    "python": "pypi/{}",
    "rpm": "rpm/*/{}",
    "rust-crate": "cargo/{}",
    "swift": "swift/{}",
}
_ANY = "*/{}"
# A plus sign alone is part of a name, as in `libstdc++`.
_REGEX = re.compile(r"[\^$*?()\[\]{}|\\]|\.\+")
_RUN = re.compile(r"\.[*+]")


def looks_like(root: Node) -> bool:
    """Whether the file is a configuration with ignore rules."""
    return isinstance(root.value, dict) and isinstance(member(root.value, "ignore").value, list)


def read(root: Node, *, filename: str, defaults: Defaults) -> ReadFile:
    """Return the drafts of the ignore rules; other settings of the file are none of ours."""
    drafting = Drafting(FORMAT, TITLE, filename, defaults)
    settings = drafting.reader.record(root)
    for row in drafting.reader.rows(member(settings, "ignore")):
        _rule(drafting, row)
    drafting.note(LossKind.WIDENED, "include-aliases", "here an id stands for its aliases too, whatever a rule says")
    for name, _ in others(settings, ("ignore",)):
        drafting.note(LossKind.DROPPED, name, "a setting of the scanner, and no exception")
    return drafting.done()


def _rule(drafting: Drafting, row: Node) -> None:
    reader = drafting.reader
    rule = reader.record(row)
    identifier = reader.name(member(rule, "vulnerability"))
    package = reader.record(member(rule, "package"))
    name = reader.name(member(package, "name"))
    draft = Draft(
        place=row.place,
        title=identifier or name or "a rule without a name",
        type=ExceptionType.VULNERABILITY if identifier else ExceptionType.COMPONENT,
        reason=Reason.ACCEPTED_RISK,
        guessed=NO_REASON,
        said=reader.text(member(rule, "reason")),
    )
    for key, words in _BINDING.items():
        if bound := reader.name(member(rule, key)):
            draft.widen(key, words.format(bound))
    for key, words in _PACKAGE_BINDING.items():
        if bound := reader.name(member(package, key)):
            draft.widen(f"package.{key}", words.format(bound))
    reader.flag(member(rule, "include-aliases"))
    for unread, node in [*others(rule, _RULE), *others(package, _PACKAGE)]:
        draft.drop(unread, f"{unread[:60]!r} ({node.place}) is no member of a rule Grype documents")
    pattern = _pattern(drafting, draft, package, name)
    if pattern is None:
        return
    scope = vulnerabilities(identifier) if identifier else {}
    draft.scope = with_packages(scope, *([pattern] if pattern else []))
    drafting.add(draft)


def _pattern(drafting: Drafting, draft: Draft, package: Mapping[str, Node], name: str) -> str | None:
    """Return the package pattern of a rule, "" where it names none; None where that cannot be said."""
    reader = drafting.reader
    kind, version = reader.name(member(package, "type")), reader.name(member(package, "version"))
    if not name:
        for key, bound in (("type", kind), ("version", version)):
            if bound:
                draft.widen(f"package.{key}", f"packages of {key} {bound}")
        return ""
    glob = _glob(name)
    if glob is None:
        message = f"the package is named by {name[:80]!r}, a regular expression that no pattern of ours says"
        drafting.decline(draft.place, draft.title, "import.regular_expression", message)
        return None
    if glob != name:
        draft.lose(LossKind.GUESSED, "package.name", f"the regular expression {name[:80]!r} is read as {glob[:80]!r}")
    path = _PATHS.get(kind, _ANY)
    if path == _ANY:
        known = f"{kind!r} is no type of a package URL" if kind else "no type is given"
        draft.lose(LossKind.WIDENED, "package.type", f"{known}; any is meant")
    elif "*" in path:
        draft.lose(LossKind.WIDENED, "package.name", "Grype names no namespace; any is meant")
    written = glob if "*" in f"{path}{glob}" else quote(glob, safe="/")
    escaped = f"@{version if '*' in written else quote(version, safe='')}" if version else ""
    return f"pkg:{path.format(written)}{escaped}"


def _glob(name: str) -> str | None:
    """Return a name as a glob: itself, or a regular expression that is no more than runs of characters."""
    if not _REGEX.search(name):
        return name
    bare = _RUN.sub("*", name.removeprefix("^").removesuffix("$")).replace("\\.", ".").replace("\\-", "-")
    return bare if not _REGEX.search(bare.replace("*", "")) and bare.strip("*") else None
