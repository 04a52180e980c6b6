"""Dependency-Track's findings (FPF), the export of one project: those that somebody analysed or suppressed.

Source: Dependency-Track, finding packaging format. Its VEX export is CycloneDX, see `cyclonedx`.
"""

from collections.abc import Mapping
from typing import Final

from exceptions.formats.decisions import Decision, Undecided, decision_of
from exceptions.formats.drafts import Draft, Drafting, vulnerabilities, with_packages
from exceptions.formats.nodes import Node, member
from exceptions.formats.values import Defaults, LossKind, ReadFile
from exceptions.rules.vocabulary import ExceptionType
from stellapolicy.kernel.identity import normalize_purl, package_identity

FORMAT: Final = "dependency_track"
TITLE: Final = "Dependency-Track's findings"
_UNDECIDED = frozenset({"", "not_set"})


def looks_like(root: Node) -> bool:
    """Whether the file holds findings of a project of Dependency-Track."""
    members = root.value
    return isinstance(members, dict) and {"meta", "findings", "project"} <= set(members)


def read(root: Node, *, filename: str, defaults: Defaults) -> ReadFile:
    """Return the drafts of the findings with a decision."""
    drafting = Drafting(FORMAT, TITLE, filename, defaults)
    reader = drafting.reader
    document = reader.record(root)
    project = reader.record(member(document, "project"))
    named = " ".join(filter(None, (reader.name(member(project, "name")), reader.name(member(project, "version")))))
    untouched = 0
    for row in reader.rows(member(document, "findings")):
        untouched += not _finding(drafting, row, project=named)
    if untouched:
        drafting.note(LossKind.DROPPED, "findings", f"nobody analysed or suppressed these: {untouched}")
    return drafting.done()


def _finding(drafting: Drafting, row: Node, *, project: str) -> bool:
    """Add a finding; False where nobody said anything about it."""
    reader = drafting.reader
    finding = reader.record(row)
    analysis = reader.record(member(finding, "analysis"))
    stated = member(analysis, "state")
    state, suppressed = reader.name(stated), reader.flag(member(analysis, "isSuppressed"))
    if state.lower() in _UNDECIDED and not suppressed:
        return False
    vulnerability = reader.record(member(finding, "vulnerability"))
    title = reader.name(member(vulnerability, "vulnId"))
    response = reader.name(member(analysis, "response"))
    decision = decision_of(state, responses=(response,), suppressed=suppressed)
    if decision is None:
        reader.fault(stated.place, "state", f"{state[:40]!r} is no state of an analysis")
    elif isinstance(decision, Undecided):
        drafting.skip(row.place, title or "a finding", decision.why)
    else:
        drafting.add(_draft(drafting, row, finding, title=title, decision=decision, project=project))
    return True


def _draft(
    drafting: Drafting, row: Node, finding: Mapping[str, Node], *, title: str, decision: Decision, project: str
) -> Draft:
    reader = drafting.reader
    analysis = reader.record(member(finding, "analysis"))
    package = package_in(drafting, member(reader.record(member(finding, "component")), "purl"))
    scope = vulnerabilities(title) if title else {}
    draft = Draft(
        place=row.place,
        title=title or "a finding without id",
        type=ExceptionType.VULNERABILITY,
        reason=decision.reason,
        guessed=decision.guessed,
        scope=with_packages(scope, *([package] if package else [])),
        said=reader.text(member(analysis, "detail")) or reader.text(member(analysis, "details")),
    )
    if project:
        draft.widen("project", f"the project {project}")
    if reader.name(member(analysis, "justification")):
        draft.drop("analysis.justification", "an exception states why in its rationale, not by a word of VEX")
    return draft


def package_in(drafting: Drafting, node: Node) -> str:
    """Return the package of a package URL as a pattern, without what scanners disagree about; "" for none."""
    written = drafting.reader.name(node)
    if not written:
        return ""
    try:
        return package_identity(normalize_purl(written))
    except ValueError as mistake:
        drafting.reader.fault(node.place, "purl", str(mistake))
        return ""
