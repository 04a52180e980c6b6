"""DefectDojo's risk acceptances, as its API gives them: what was accepted, why, until when.

Source: DefectDojo, `/api/v2/risk_acceptance/`. Its own answer names findings by number, which say nothing elsewhere;
the findings themselves have to stand in their place. Each package of an acceptance becomes one draft, so that no
vulnerability is forgiven in a package in which it was not accepted.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from exceptions.formats.drafts import Draft, Drafting, vulnerabilities, with_packages
from exceptions.formats.nodes import Node, Reader, member, others
from exceptions.formats.values import Defaults, LossKind, ReadFile
from exceptions.rules.vocabulary import ExceptionType, Reason

FORMAT: Final = "defectdojo"
TITLE: Final = "DefectDojo's risk acceptances"
_DECISIONS: Final = {
    "": (Reason.ACCEPTED_RISK, "no decision is stated"),
    "A": (Reason.ACCEPTED_RISK, ""),
    "V": (Reason.ACCEPTED_RISK, "the decision is to avoid the risk, and not how"),
    "M": (Reason.COMPENSATING_CONTROL, ""),
    "F": (Reason.SCHEDULED_FIX, ""),
    "T": (Reason.ACCEPTED_RISK, "the decision is to transfer the risk, and not to whom"),
}
_READ = (
    "id",
    "name",
    "decision",
    "decision_details",
    "recommendation_details",
    "expiration_date",
    "accepted_findings",
)
_APPROVAL = "what another tool approved is proposed here, and decided here"
_DROPPED: Final = {
    "accepted_by": _APPROVAL,
    "approved": _APPROVAL,
    "owner": "who asks here is whoever imports",
    "recommendation": "what was recommended before it was decided",
    "notes": "notes stay where they are",
    "path": "the proof stays where it is; attach it to the request",
    "reactivate_expired": "what ends here covers nothing any more",
    "restart_sla_expired": "there is no such clock here",
    "expiration_date_warned": "who was warned there",
    "expiration_date_handled": "what was done there",
    "created": "it is asked for when it is imported",
    "updated": "it is asked for when it is imported",
}


def looks_like(root: Node) -> bool:
    """Whether the file is a risk acceptance, a list of them, or a page of the API's list."""
    return any(isinstance(row.value, dict) and "accepted_findings" in row.value for row in _rows(root)[:1])


def _rows(root: Node) -> list[Node]:
    match root.value:
        case list() as rows:
            return rows
        case dict() as members if isinstance(results := member(members, "results").value, list):
            return results
        case _:
            return [root]


def read(root: Node, *, filename: str, defaults: Defaults) -> ReadFile:
    """Return the drafts of the risk acceptances."""
    drafting = Drafting(FORMAT, TITLE, filename, defaults)
    if isinstance(root.value, dict) and member(root.value, "next").value:
        drafting.note(LossKind.DROPPED, "next", "the file is one page of several; the others are not in it")
    for row in _rows(root):
        _acceptance(drafting, row)
    return drafting.done()


def _acceptance(drafting: Drafting, row: Node) -> None:
    reader = drafting.reader
    stated = reader.record(row)
    title = reader.name(member(stated, "name")) or "a risk acceptance"
    ends_at = reader.moment(member(stated, "expiration_date"))
    letter = reader.name(member(stated, "decision"))
    if letter not in _DECISIONS:
        reader.fault(member(stated, "decision").place, "decision", f"{letter[:20]!r} is none of A, V, M, F, T")
    findings = reader.rows(member(stated, "accepted_findings"))
    numbers = [one for one in findings if isinstance(one.value, int)]
    if numbers or not findings:
        message = "findings are named by number or not at all; put the findings themselves into `accepted_findings`"
        drafting.decline(row.place, title, "import.findings_missing", message)
        return
    found: dict[str, list[str]] = {}
    guesses: dict[str, str] = {}
    for finding in findings:
        names = _names(reader, reader.record(finding))
        package, guess = _package(reader, reader.record(finding))
        found.setdefault(package, []).extend(names)
        guesses[package] = guess
        if not names and not package:
            drafting.decline(finding.place, title, "scope.too_open", "the finding has neither an id nor a component")
    for package, names in found.items():
        if not names and not package:
            continue
        draft = _draft(drafting, row, stated, title=title, decision=_DECISIONS.get(letter, _DECISIONS[""]))
        draft.ends_at = ends_at
        if not names:
            draft.type = ExceptionType.COMPONENT
        draft.scope = with_packages(vulnerabilities(*dict.fromkeys(names)), *([package] if package else []))
        if guesses[package]:
            draft.lose(LossKind.WIDENED, "component_name", guesses[package])
        drafting.add(draft)


def _draft(
    drafting: Drafting, row: Node, stated: Mapping[str, Node], *, title: str, decision: tuple[Reason, str]
) -> Draft:
    reader = drafting.reader
    reason, guessed = decision
    details = reader.text(member(stated, "decision_details")) or reader.text(member(stated, "recommendation_details"))
    draft = Draft(
        place=row.place,
        title=title,
        type=ExceptionType.VULNERABILITY,
        reason=reason,
        guessed=guessed,
        said=details,
    )
    if reason is Reason.COMPENSATING_CONTROL:
        control = details[:200] or f"as the risk acceptance {title} of DefectDojo says"
        draft.controls = (control,)
        draft.lose(LossKind.GUESSED, "controls", "no control is named; the details of the decision stand for it")
    for name, node in others(stated, _READ):
        draft.drop(name, _DROPPED.get(name, f"({node.place}) has no counterpart"))
    return draft


def _names(reader: Reader, finding: Mapping[str, Node]) -> list[str]:
    """Return every id of a finding: the list of its vulnerability ids, else the one CVE."""
    listed = reader.rows(member(finding, "vulnerability_ids"))
    names = [reader.name(_inner(one)) for one in listed]
    return [name for name in names if name] or list(filter(None, [reader.name(member(finding, "cve"))]))


def _inner(node: Node) -> Node:
    """Return the id in an item of the list, which is an object or the id itself."""
    return member(node.value, "vulnerability_id") if isinstance(node.value, dict) else node


def _package(reader: Reader, finding: Mapping[str, Node]) -> tuple[str, str]:
    """Return the component as a package pattern, "" where there is none, and what that widens."""
    name, version = (reader.name(member(finding, key)) for key in ("component_name", "component_version"))
    if not name:
        return "", ""
    escaped = f"@{quote(version, safe='')}" if version else ""
    if name.startswith("pkg:"):
        return (name if "@" in name.rpartition("/")[2] else f"{name}{escaped}"), ""
    group, colon, rest = name.partition(":")
    if colon and group and rest:
        return f"pkg:maven/{quote(group)}/{quote(rest)}{escaped}", ""
    plain = f"@{version}" if version else ""
    return f"pkg:*/{name}{plain}", f"{name[:80]!r} is the name of a package without its type; any type is meant"
