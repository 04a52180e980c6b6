from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from policies.importers.components import inferred_purl, purl_component, unite
from policies.importers.merge import merge_findings, merge_reports
from policies.importers.ratings import choose, with_derived_severities
from policies.importers.records import (
    Component,
    Finding,
    FindingKind,
    FixState,
    ImportedReport,
    Rating,
    ReportSubject,
    SourceType,
    Standing,
    SuppressedBy,
)
from policies.importers.registry import import_report
from stellapolicy.kernel.identity import parse_purl
from stellapolicy.kernel.severity import Severity
from tests.policies.importers.reports import grype_match, grype_of, grype_report, imported, trivy_of, trivy_report
from tests.real_data import real_data

NOON = datetime(2031, 1, 1, 12, tzinfo=UTC)

purls = st.sampled_from(
    ["pkg:npm/a@1", "pkg:pypi/a@1", "pkg:deb/debian/b@1?arch=amd64", "pkg:deb/debian/b@1?arch=arm64"]
)


def _with_particulars(component: Component, paths: list[str], scope: str, *, direct: bool | None) -> Component:
    return replace(component, paths=tuple(sorted(paths)), scope=scope, direct=direct)


full_components = purls.map(lambda purl: purl_component(parse_purl(purl)))
short_components = st.builds(
    Component,
    type=st.sampled_from(["", "npm", "rpm"]),
    name=st.sampled_from(["a", "b", "debian/b"]),
    version=st.sampled_from(["1", "2"]),
)
components = st.builds(
    _with_particulars,
    st.one_of(full_components, short_components, st.just(Component(type="x", name="x"))),
    st.lists(st.sampled_from(["/a", "/b"]), unique=True),
    st.sampled_from(["", "required", "optional"]),
    direct=st.sampled_from([None, True, False]),
)
rated = st.builds(
    Rating,
    source=st.sampled_from(["debian", "ghsa", "nvd"]),
    standing=st.sampled_from([Standing.DISTRO, Standing.VENDOR, Standing.NVD]),
    severity=st.sampled_from(list(Severity)),
    score_tenths=st.sampled_from([-1, 53, 98]),
)


def _as_imported(finding: Finding) -> Finding:
    """Return the finding as importers make them: no id among its aliases, its severity chosen from its ratings."""
    ratings = with_derived_severities(finding.ratings)
    choice = choose(ratings)
    return replace(
        finding,
        aliases=tuple(name for name in finding.aliases if name != finding.id),
        ratings=ratings,
        severity=choice.severity,
        severity_source=choice.severity_source,
        cvss=choice.cvss,
    )


findings = st.builds(
    Finding,
    kind=st.just(FindingKind.VULNERABILITY),
    id=st.sampled_from(["CVE-2031-1", "CVE-2031-2", "GHSA-aaaa-bbbb-cccc"]),
    component=components,
    aliases=st.sampled_from([(), ("CVE-2031-1",), ("GHSA-aaaa-bbbb-cccc",)]),
    ratings=st.lists(rated, max_size=3).map(tuple),
    fix_state=st.sampled_from(list(FixState)),
    suppressed_by=st.sampled_from(list(SuppressedBy)),
    suppression_statement=st.sampled_from(["", "x", "x; y"]),
    published_at=st.sampled_from([None, NOON]),
    withdrawn_at=st.sampled_from([None, NOON]),
    detail=st.sampled_from([(), (("layer", "1"),), (("layer", "2"), ("other", "z"))]),
    sources=st.sampled_from([("grype",), ("trivy",)]),
).map(_as_imported)
many = st.lists(findings, max_size=6)


def _report(found: Sequence[Finding]) -> ImportedReport:
    return ImportedReport(
        format="trivy",
        tool="trivy",
        tool_version="",
        source_type=SourceType.SCAN,
        subject=ReportSubject(),
        components=tuple(finding.component for finding in found),
        findings=tuple(found),
    )


def test_two_scanners_that_found_one_vulnerability_give_one_finding_that_names_both() -> None:
    merged = merge_reports([imported(trivy_report()), imported(grype_report())])

    (finding,) = merged.findings
    assert finding.sources == ("grype", "trivy")
    assert finding.explanation == "severity low from debian; CVSS 7.5 (v3.1) from nvd"
    assert finding.component.paths == ("/var/lib/dpkg/status",)
    assert finding.component.licenses == ("MIT",)


def test_an_alias_in_one_report_joins_what_another_calls_by_its_cve() -> None:
    trivy = trivy_of(VulnerabilityID="GHSA-aaaa-bbbb-cccc")
    match = grype_match()
    match["relatedVulnerabilities"].append({"id": "GHSA-AAAA-bbbb-cccc", "namespace": "github:language:python"})

    merged = merge_reports([imported(trivy), imported(grype_report(match))])

    (finding,) = merged.findings
    assert (finding.id, finding.aliases) == ("CVE-2031-1000", ("GHSA-aaaa-bbbb-cccc",))


def test_a_finding_one_scanner_suppressed_and_another_reports_is_not_suppressed() -> None:
    ignored = grype_report(matches=[], ignoredMatches=[grype_match(appliedIgnoreRules=[{"vulnerability": "x"}])])

    merged = merge_reports([imported(ignored), imported(trivy_report())])

    (finding,) = merged.findings
    assert finding.suppressed_by is SuppressedBy.NOBODY
    assert finding.suppression_statement == "vulnerability=x"


def test_a_fix_one_source_knows_of_exists() -> None:
    merged = merge_reports([imported(grype_of(fix={"state": "wont-fix"})), imported(trivy_report())])

    assert merged.findings[0].fix_state is FixState.FIXED
    assert merged.findings[0].fixed_versions == ("1.0-2",)


def test_a_vulnerability_is_withdrawn_only_when_every_source_withdrew_it() -> None:
    one = Finding(FindingKind.VULNERABILITY, "CVE-2031-1", Component(purl="pkg:npm/a@1"), withdrawn_at=NOON)

    both = merge_findings([one, replace(one, sources=("b",))], {})
    half = merge_findings([one, replace(one, sources=("b",), withdrawn_at=None)], {})

    assert (both[0].withdrawn_at, half[0].withdrawn_at) == (NOON, None)


def test_two_architectures_of_one_package_are_one_component_with_the_shorter_spelling() -> None:
    known = unite(
        [Component(purl="pkg:deb/debian/b@1?arch=amd64&distro=debian-12"), Component(purl="pkg:deb/debian/b@1")]
    )

    assert [component.purl for component in known.values()] == ["pkg:deb/debian/b@1"]


def test_a_package_needed_once_is_needed_and_direct_once_is_direct() -> None:
    needed = Component(purl="pkg:npm/a@1", scope="required", direct=False)
    spare = Component(purl="pkg:npm/a@1", scope="optional", direct=True)

    (component,) = unite([spare, needed, Component(purl="pkg:npm/a@1")]).values()

    assert (component.scope, component.direct) == ("required", True)


def test_a_purl_is_inferred_for_known_types_only() -> None:
    made = [
        inferred_purl("npm", "@angular/core", "1.0"),
        inferred_purl("jar", "org.example:lib", "1+2"),
        inferred_purl("gomod", "github.com/example/lib", "v1"),
        inferred_purl("debian", "libc6", ""),
    ]

    assert [purl.text if purl else "" for purl in made] == [
        "pkg:npm/%40angular/core@1.0",
        "pkg:maven/org.example/lib@1%2B2",
        "pkg:golang/github.com/example/lib@v1",
        "pkg:deb/debian/libc6",
    ]
    assert inferred_purl("novel", "x", "1") is None
    assert inferred_purl("npm", "", "1") is None


@given(many, many, st.randoms(use_true_random=False))
def test_the_order_of_reports_and_rows_never_decides(one: list[Finding], other: list[Finding], chance: object) -> None:
    shuffled = [*other, *one]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]

    assert merge_reports([_report(one), _report(other)]) == merge_reports([_report(shuffled)])


@given(many)
def test_the_same_report_twice_says_nothing_new(found: list[Finding]) -> None:
    assert merge_reports([_report(found), _report(found)]) == merge_reports([_report(found)])


@given(many)
def test_every_key_is_there_once_and_in_order(found: list[Finding]) -> None:
    keys = [finding.key for finding in merge_reports([_report(found)]).findings]

    assert keys == sorted(set(keys))


@given(many)
def test_no_cve_of_a_component_disappears(found: list[Finding]) -> None:
    def named(group: Sequence[Finding]) -> set[tuple[str, str, str]]:
        return {
            (name, one.component.name, one.component.version)
            for one in group
            for name in (one.id, *one.aliases)
            if name.startswith("CVE-")
        }

    def in_short(group: set[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
        return {(name, package.rpartition("/")[2], version) for name, package, version in group}

    assert in_short(named(found)) <= in_short(named(merge_reports([_report(found)]).findings))


def test_a_real_report_merged_with_itself_is_itself() -> None:
    report = import_report(real_data("scans/anchore_grype/many_vulns_with_epss_values.json").read_bytes())

    merged = merge_reports([report, report])

    assert (merged.findings, merged.components, merged.claims) == (report.findings, report.components, report.claims)
