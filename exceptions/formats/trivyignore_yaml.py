"""Trivy's `.trivyignore.yaml`: ignored findings by kind, each with paths, packages, an end and a statement.

Source: Trivy, filtering by finding ids (YAML). `expired_at` ends as that day begins in UTC.
"""

from typing import Final

from exceptions.formats.drafts import Draft, Drafting, vulnerabilities, with_packages
from exceptions.formats.identifiers import NO_REASON
from exceptions.formats.nodes import Node, member, others
from exceptions.formats.values import Defaults, ReadFile
from exceptions.rules.vocabulary import ExceptionType, Reason

FORMAT: Final = "trivyignore_yaml"
TITLE: Final = ".trivyignore.yaml"
# What each list names: an id of a vulnerability, of a check, of a rule for secrets, a licence.
_KINDS: Final = {
    "vulnerabilities": ExceptionType.VULNERABILITY,
    "misconfigurations": ExceptionType.POLICY,
    "secrets": ExceptionType.POLICY,
    "licenses": ExceptionType.COMPONENT,
}
_MEMBERS = ("id", "paths", "purls", "expired_at", "statement")


def looks_like(root: Node) -> bool:
    """Whether the file is an object of lists that Trivy knows."""
    return isinstance(root.value, dict) and bool(root.value) and set(root.value) <= set(_KINDS)


def read(root: Node, *, filename: str, defaults: Defaults) -> ReadFile:
    """Return the drafts of a `.trivyignore.yaml`."""
    drafting = Drafting(FORMAT, TITLE, filename, defaults)
    lists = drafting.reader.record(root)
    for name, type_ in _KINDS.items():
        for row in drafting.reader.rows(member(lists, name)):
            _entry(drafting, row, name=name, type_=type_)
    return drafting.done()


def _entry(drafting: Drafting, row: Node, *, name: str, type_: ExceptionType) -> None:
    reader = drafting.reader
    members = reader.record(row)
    identifier = reader.name(member(members, "id"))
    is_licence = name == "licenses"
    packages = [str(one.value) for one in reader.names(member(members, "purls"))]
    draft = Draft(
        place=row.place,
        title=identifier or "an entry without id",
        type=type_ if identifier else ExceptionType.COMPONENT,
        reason=Reason.LICENSE_WAIVER if is_licence else Reason.ACCEPTED_RISK,
        guessed=NO_REASON,
        scope=with_packages(vulnerabilities(identifier) if identifier else {}, *packages),
        said=reader.text(member(members, "statement")),
        ends_at=reader.moment(member(members, "expired_at")),
    )
    paths = [str(one.value) for one in reader.names(member(members, "paths"))]
    if paths:
        shown = ", ".join(paths[:5]) + (f" and {len(paths) - 5} more" if len(paths) > 5 else "")  # noqa: PLR2004 - as many as a sentence takes
        draft.widen("paths", f"the paths {shown}")
    for unread, node in others(members, _MEMBERS):
        draft.drop(unread, f"{unread[:60]!r} ({node.place}) is no member Trivy knows")
    drafting.add(draft)
