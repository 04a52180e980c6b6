"""Results of a SARIF run as findings: what kind of thing each is, where it stands, who hid it.

A weakness in code and a failed check of a setting are both `misconfiguration`, with the word "code" or
"configuration" as their category: the vocabulary of findings knows no third place that is not a package.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from policies.importers.gathering import Gathering
from policies.importers.ratings import choose, distro_of, severity_of_word, standing_of, with_derived_severities
from policies.importers.records import (
    Component,
    Detail,
    Finding,
    FindingKind,
    FixState,
    Rating,
    Standing,
    SuppressedBy,
)
from policies.importers.sarif_packages import (
    Sentences,
    VulnerablePackage,
    lines_of,
    vulnerable_package,
)
from policies.importers.sarif_places import Spot, fingerprint, spots_of
from policies.importers.sarif_rules import Rule, Rules, Severeness, message_of, severeness, weaknesses
from policies.importers.shape import Place, Record, name_text, records, refuse, shortened, text
from stellapolicy.kernel.identity import canonical_id, is_malware, preference
from stellapolicy.kernel.severity import Severity

_KINDS = frozenset({"fail", "open", "review", "pass", "notApplicable", "informational"})
_FAULTLESS = frozenset({"pass", "notApplicable", "informational"})
_NOT_SUPPRESSED = frozenset({"rejected", "underReview"})
_GONE = "absent"
_NAMED = re.compile(
    r"(?:CVE-\d{4}-\d{4,19}|GHSA(?:-[0-9a-z]{4}){3}|(?:GO|RUSTSEC|PYSEC|OSV|MAL)-\d{4}-\d+)", re.IGNORECASE
)
_SECRET_TOOLS = frozenset(
    {"gitleaks", "trufflehog", "detect-secrets", "ggshield", "whispers", "talisman", "kingfisher"}
)
_SECRET_WORDS = frozenset({"secret", "secrets", "hardcoded-secret"})
_SETTING_TOOLS = frozenset(
    {"checkov", "kics", "tfsec", "hadolint", "kube-linter", "kubescape", "terrascan", "dockle", "snyk iac", "trivy"}
)
_LICENCE_RULE = "snyk:lic:"
_MESSAGE_CHARACTERS = 1_000


@dataclass(frozen=True, slots=True)
class Run:
    """One run: the tool as it names itself, its one name, its rules, messages and list of files."""

    driver: str
    tool: str
    rules: Rules
    messages: Record
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """One result, with what was read of it before it is known what it is."""

    row: Record
    place: Place
    identifier: str
    rule: Rule
    message: str
    spots: tuple[Spot, ...]
    severeness: Severeness

    @property
    def uri(self) -> str:
        """The file of its first place."""
        return self.spots[0].uri if self.spots else ""


@dataclass(frozen=True, slots=True)
class ResultReading:
    """Results of one run on their way into the report."""

    run: Run
    gathering: Gathering

    def read(self, row: Record, place: Place) -> None:
        """Import one result; what passed, does not apply or is gone is counted and not kept."""
        kind = name_text(row, "kind", place) or "fail"
        if kind not in _KINDS:
            raise refuse((place, "kind"), f"{kind[:40]!r} is not a kind of SARIF")
        if kind in _FAULTLESS:
            self.gathering.drop("results that find no fault", "passed, not applicable or for information")
            return
        if name_text(row, "baselineState", place) == _GONE:
            self.gathering.drop("results that are gone", "the tool compared two runs; the present one has them no more")
            return
        self._take(self._result(row, place), is_open=kind != "fail")

    def _result(self, row: Record, place: Place) -> Result:
        identifier, rule = self.run.rules.of(row, place)
        return Result(
            row=row,
            place=place,
            identifier=identifier or "unnamed",
            rule=rule,
            message=message_of(row, place, rule, self.run.messages),
            spots=spots_of(row, place, self.run.files),
            severeness=severeness(row, place, rule),
        )

    def _take(self, result: Result, *, is_open: bool) -> None:
        hidden = _suppression(result.row, result.place, self.run.tool)
        vulnerable = self._vulnerability(result)
        if vulnerable is not None:
            label = vulnerable.word or result.severeness.label
            kind = FindingKind.MALWARE if any(map(is_malware, vulnerable.identifiers)) else FindingKind.VULNERABILITY
            finding = _of_package(result, vulnerable, kind, self.run.tool, hidden)
        else:
            kind = _kind(result, self.run.tool)
            label = _word(result, kind) or ("" if is_open else result.severeness.label)
            finding = _of_place(result, kind, self.run, hidden, is_open=is_open)
        counted = FindingKind.VULNERABILITY if kind is FindingKind.MALWARE else kind
        self.gathering.count(counted, label, with_fix=bool(finding.fixed_versions), suppressed=bool(hidden))
        self._count_dropped(result)
        self.gathering.findings.append(finding)

    def _vulnerability(self, result: Result) -> VulnerablePackage | None:
        said = Sentences(
            rule=result.rule,
            identifier=result.identifier,
            message=result.message,
            uri=result.uri,
            names=tuple(sorted({name for spot in result.spots for name in spot.names if name.startswith("/")})),
        )
        known = vulnerable_package(self.run.tool, said)
        if known is not None:
            return known
        named = _NAMED.match(result.identifier)
        return VulnerablePackage((canonical_id(named[0]),), Component()) if named else None

    def _count_dropped(self, result: Result) -> None:
        if result.severeness.score_tenths >= 0:
            self.gathering.drop("scores without a version", "`security-severity` is no CVSS; its band counts")
        for name in ("codeFlows", "relatedLocations", "stacks", "fixes", "graphs"):
            if result.row.get(name):
                self.gathering.drop(f"{name} of results", "how the tool came to it; the stored file keeps it")


@dataclass(frozen=True, slots=True)
class Suppression:
    """That the tool hid a result: who says so, and why."""

    source: str
    statement: str


def _suppression(row: Record, place: Place, tool: str) -> Suppression | None:
    """Return how the tool hid a result; one that is rejected or still under review hides nothing (3.27.23)."""
    said = [(one, here) for one, here in records(row, "suppressions", place)]
    if not said or any(name_text(one, "status", here) in _NOT_SUPPRESSED for one, here in said):
        return None
    kinds = sorted({name_text(one, "kind", here) or "external" for one, here in said})
    reasons = sorted({text(one, "justification", here).strip() for one, here in said} - {""})
    return Suppression(f"{tool}: {', '.join(kinds)}", "; ".join(reasons))


def _of_package(
    result: Result, vulnerable: VulnerablePackage, kind: FindingKind, tool: str, hidden: Suppression | None
) -> Finding:
    names = sorted(set(vulnerable.identifiers), key=preference)
    severity = severity_of_word(vulnerable.word)
    if severity is Severity.UNKNOWN:
        severity = result.severeness.severity
    author = vulnerable.author or tool
    standing = standing_of(author, distros={distro_of(author)} - {""}, advisory=author, scanner=tool)
    ratings = with_derived_severities([Rating(author, standing, severity)])
    choice = choose(ratings)
    component = vulnerable.component
    return Finding(
        kind=kind,
        id=names[0],
        component=component,
        aliases=tuple(sorted(names[1:])),
        severity=choice.severity,
        severity_source=choice.severity_source,
        ratings=ratings,
        title=result.rule.title[:_MESSAGE_CHARACTERS],
        cwes=_cwes(result),
        fix_state=vulnerable.fix_state,
        fixed_versions=vulnerable.fixed_versions,
        advisory_source=vulnerable.author,
        paths=component.paths if component.name else _paths(result),
        place="" if component.name else result.uri,
        primary_url=result.rule.help_uri,
        sources=(tool,),
        suppressed_by=SuppressedBy.SCANNER if hidden else SuppressedBy.NOBODY,
        suppression_source=hidden.source if hidden else "",
        suppression_statement=hidden.statement if hidden else "",
        detail=_detail(result),
    )


def _of_place(result: Result, kind: FindingKind, run: Run, hidden: Suppression | None, *, is_open: bool) -> Finding:
    severity = severity_of_word(_word(result, kind))
    if severity is Severity.UNKNOWN and not is_open:
        severity = result.severeness.severity
    is_code = kind is FindingKind.MISCONFIGURATION and run.tool not in _SETTING_TOOLS
    known = {"category": "code" if is_code else "configuration"} if kind is FindingKind.MISCONFIGURATION else {}
    if kind is FindingKind.MISCONFIGURATION:
        known["message"] = result.message[:_MESSAGE_CHARACTERS]
    return Finding(
        kind=kind,
        id=shortened(result.identifier.rpartition(":")[2] if kind is FindingKind.LICENCE else result.identifier),
        component=_licensed(result) if kind is FindingKind.LICENCE else _file(result.uri),
        severity=severity,
        severity_source=run.tool if severity is not Severity.UNKNOWN else "",
        ratings=(Rating(run.tool, Standing.SCANNER, severity),),
        title=(result.rule.title or result.rule.name)[:_MESSAGE_CHARACTERS],
        cwes=_cwes(result),
        fix_state=FixState.UNKNOWN,
        paths=_paths(result),
        place=_place(result) if kind is FindingKind.MISCONFIGURATION else "",
        primary_url=result.rule.help_uri,
        sources=(run.tool,),
        suppressed_by=SuppressedBy.SCANNER if hidden else SuppressedBy.NOBODY,
        suppression_source=hidden.source if hidden else "",
        suppression_statement=hidden.statement if hidden else "",
        detail=_detail(result, **known),
    )


def _file(uri: str) -> Component:
    return Component(type="file", name=uri) if uri else Component()


def _licensed(result: Result) -> Component:
    """Return the package whose licence it is, as far as the sentences of Trivy and Snyk name it."""
    name = lines_of(result.message).get("PkgName", "")
    if result.identifier.startswith(_LICENCE_RULE):
        name, _, version = result.rule.text[:_MESSAGE_CHARACTERS].rpartition("@")
        return Component(name=name, version=version) if name else _file(result.uri)
    return Component(name=name) if name else _file(result.uri)


def _kind(result: Result, tool: str) -> FindingKind:
    rule = result.rule
    words = {tag.lower() for tag in rule.tags} | {rule.name.lower()}
    if tool in _SECRET_TOOLS or words & _SECRET_WORDS:
        return FindingKind.SECRET
    if rule.name == "License" or result.identifier.startswith(_LICENCE_RULE):
        return FindingKind.LICENCE
    return FindingKind.MISCONFIGURATION


def _word(result: Result, kind: FindingKind) -> str:
    """Return the severity a scanner writes into its message; of a secret's message nothing else is ever kept."""
    known = lines_of(result.message).get("Severity", "")
    return known if severity_of_word(known) is not Severity.UNKNOWN or kind is FindingKind.SECRET else ""


def _place(result: Result) -> str:
    """Return what tells two results of one rule in one file apart, best what does not move when lines do."""
    mark = fingerprint(result.row, result.place)
    spot = result.spots[0] if result.spots else None
    if mark or spot is None:
        return mark
    return (spot.names[0] if spot.names else "") or spot.lines


def _paths(result: Result) -> tuple[str, ...]:
    return tuple(sorted({spot.path for spot in result.spots} - {""}))


def _cwes(result: Result) -> tuple[str, ...]:
    taxa = [text(one, "id", here) for one, here in records(result.row, "taxa", result.place)]
    return tuple(sorted({*result.rule.cwes, *weaknesses(*_numbered(taxa))}))


def _numbered(taxa: list[str]) -> Iterator[str]:
    return (f"CWE-{name}" if name.isdigit() else name for name in taxa)


def _detail(result: Result, **known: str) -> Detail:
    score = result.severeness.score_tenths
    values = {
        "baseline_state": name_text(result.row, "baselineState", result.place),
        "precision": result.rule.precision,
        "security_severity": f"{score // 10}.{score % 10}" if score >= 0 else "",
        **known,
    }
    return tuple((name, value) for name, value in sorted(values.items()) if value)
