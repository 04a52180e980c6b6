"""A summary of an import as people read it: a verdict, a table of kinds by severity, what is missing and why."""

from collections.abc import Iterator, Mapping, Sequence

from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.severity import WORST_FIRST

Summary = Mapping[str, JsonValue]

_VERDICTS = {
    "complete_scan": "a complete scan",
    "partial_scan": "a partial scan",
    "inventory": "an inventory; nobody says that a scan was made",
    "claims": "claims about vulnerabilities",
    "reachability": "an analysis of reachability",
    "feed": "an intelligence feed",
}
_SHOWN_FAULTS = 5
_INDENT = "  "
_SHOWN_NAME = 100


def as_text(name: str, summary: Summary) -> str:
    """Return a summary as lines for people; nothing where there is nothing to say."""
    lines = _of_refusal(summary) if "refused" in summary else _of_import(summary)
    return "\n".join(map(_printable, [name, *(f"{_INDENT}{line}".rstrip() for line in lines)]))


def _printable(line: str) -> str:
    """Return a line without what a terminal would obey; names come from somebody else's file."""
    return line if line.isprintable() else "".join(one if one.isprintable() else "\ufffd" for one in line)


def _of_refusal(summary: Summary) -> Iterator[str]:
    yield f"refused: {summary['refused']}"
    faults = _rows(summary.get("faults"))
    if not faults:
        yield str(summary["detail"])
    for fault in faults[:_SHOWN_FAULTS]:
        yield f"{_INDENT}{fault['pointer'] or 'the document'}: {fault['message']}"
    if len(faults) > _SHOWN_FAULTS:
        yield f"{_INDENT}and {len(faults) - _SHOWN_FAULTS} more"


def _of_import(summary: Summary) -> Iterator[str]:
    tool = " ".join(str(summary[name]) for name in ("tool", "tool_version") if summary.get(name))
    yield f"{_VERDICTS[str(summary['verdict'])]} ({summary['format']}{f', {tool}' if tool else ''})"
    for name in ("model_version", "version", "scored_at", "released_at", "rows"):
        if summary["verdict"] == "feed" and summary.get(name):
            yield f"{name.replace('_', ' ')}: {summary[name]}"
    yield from _of_subject(_mapping(summary.get("subject")))
    for name, label in (("scanned_at", "made at"), ("db_built_at", "vulnerability database of")):
        if summary.get(name):
            yield f"{label}: {summary[name]}"
    yield from _table(_mapping(summary.get("by_kind")))
    yield from _counts(summary)
    yield from _reasons(summary)


def _of_subject(subject: Summary) -> Iterator[str]:
    if not subject:
        return
    if not subject["stated"]:
        yield "subject: not stated"
        return
    name = str(subject["name"] or subject["purl"] or subject["serial"])[:_SHOWN_NAME]
    kind = f" ({subject['kind']})" if subject["kind"] else ""
    digests = subject["digests"]
    bound = [*(digests if isinstance(digests, list) else []), subject["image_id"]]
    by = ", ".join(str(one) for one in bound if one)
    yield f"subject: {name}{kind}{f', {by}' if by else ', no digest to bind it by'}"


def _table(kinds: Summary) -> Iterator[str]:
    """Yield the findings as kinds by severity; a severity nobody has is no column."""
    if not kinds:
        return
    groups = {kind: _mapping(group) for kind, group in kinds.items()}
    counted = {kind: _mapping(group["by_severity"]) for kind, group in groups.items()}
    severities = [one.value for one in WORST_FIRST if any(one.value in counts for counts in counted.values())]
    rows = [["", *severities, "all", "with fix", "hidden"]]
    for kind, group in groups.items():
        numbers = [counted[kind].get(severity, 0) for severity in severities]
        numbers += [group[name] for name in ("findings", "with_fix", "suppressed_by_scanner")]
        rows.append([kind, *(str(number or "·") for number in numbers)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    yield ""
    for row in rows:
        yield _aligned(row, widths)
    yield ""


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (
        cell.ljust(width) if column == 0 else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join([first, *others]).rstrip()


def _counts(summary: Summary) -> Iterator[str]:
    if summary["verdict"] != "feed":
        yield f"findings: {summary['findings']}, components: {summary['components']}"
    for name in ("claims", "reachability"):
        counts = _mapping(summary.get(name))
        if counts:
            yield f"{name}: {', '.join(f'{word} {count}' for word, count in counts.items())}"
    if summary.get("merged_rows"):
        yield f"rows merged with another: {summary['merged_rows']}"


def _reasons(summary: Summary) -> Iterator[str]:
    """Yield why the evidence is partial, what a reader should know, and what was not kept."""
    for name, label in (("partial", "partial"), ("notes", "note")):
        values = summary.get(name)
        for value in values if isinstance(values, list) else []:
            yield f"{label}: {value}"
    dropped = _rows(summary.get("dropped"))
    if dropped:
        yield "not kept:"
        width = max(len(str(one["count"])) for one in dropped)
        for one in dropped:
            yield f"{_INDENT}{str(one['count']).rjust(width)} {one['what']}: {one['why']}"


def _mapping(value: JsonValue) -> Summary:
    return value if isinstance(value, dict) else {}


def _rows(value: JsonValue) -> list[Summary]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
