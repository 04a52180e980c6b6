import json

import pytest

from policies.evidence.reachability import ReachabilityIndex
from policies.importers.merge import merge_reports
from policies.importers.records import FixState, ImportedReport, ReachabilityState, SourceType
from policies.importers.refusals import FormatUnsupported, ImportRefused
from policies.importers.registry import import_report
from tests.policies.importers.reports import Json, imported, trivy_of

CONFIG = {
    "protocol_version": "v1.0.0",
    "scanner_name": "govulncheck",
    "scanner_version": "v1.1.3",
    "db_last_modified": "2031-01-01T00:00:00Z",
    "scan_level": "symbol",
    "scan_mode": "source",
}
ENTRY = {
    "id": "GO-2031-0001",
    "aliases": ["CVE-2031-1000", "GHSA-aaaa-bbbb-cccc"],
    "summary": "An example",
    "published": "2031-01-01T00:00:00Z",
    "affected": [
        {
            "package": {"ecosystem": "Go", "name": "example.com/a"},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.3.0"}]}],
        }
    ],
}
OURS = {
    "module": "example.com/shop",
    "package": "example.com/shop",
    "function": "main",
    "position": {"filename": "main.go", "line": 7},
}


def frame(**changes: object) -> Json:
    """Return the end of a trace in the vulnerable module."""
    return {"module": "example.com/a", "version": "v1.2.0"} | changes


def required() -> Json:
    return {"finding": {"osv": "GO-2031-0001", "fixed_version": "v1.3.0", "trace": [frame()]}}


def package_imported() -> Json:
    return {"finding": {"osv": "GO-2031-0001", "trace": [frame(package="example.com/a/b")]}}


def called(function: str = "Read", receiver: str = "") -> Json:
    last = frame(package="example.com/a/b", function=function, **({"receiver": receiver} if receiver else {}))
    return {"finding": {"osv": "GO-2031-0001", "trace": [last, OURS]}}


def stream(*messages: Json, level: str = "symbol", mode: str = "source") -> list[Json]:
    """Return a stream of a scan of that level, with the record of the vulnerability."""
    return [{"config": CONFIG | {"scan_level": level, "scan_mode": mode}}, {"osv": ENTRY}, *messages]


def lines(messages: list[Json]) -> bytes:
    """Return messages one a line."""
    return "".join(json.dumps(message) + "\n" for message in messages).encode()


def read(*messages: Json, level: str = "symbol", mode: str = "source") -> ImportedReport:
    return import_report(lines(stream(*messages, level=level, mode=mode)))


def test_a_called_symbol_is_reachable_with_its_ways_and_where_they_begin() -> None:
    report = read(required(), package_imported(), called(), called("Write", "*File"))

    (finding,), (fact,) = report.findings, report.reachability
    assert finding.key == "vulnerability|CVE-2031-1000|pkg:golang/example.com/a@1.2.0|"
    assert finding.aliases == ("GHSA-aaaa-bbbb-cccc", "GO-2031-0001")
    assert (finding.fix_state, finding.fixed_versions, finding.paths) == (FixState.FIXED, ("1.3.0",), ("main.go:7",))
    assert (fact.state, fact.call_paths) == (ReachabilityState.REACHABLE, 2)
    assert fact.symbols == ("example.com/a/b.File.Write", "example.com/a/b.Read")
    assert (report.source_type, report.tool_version) == (SourceType.SCAN, "v1.1.3")
    assert report.db_built_at is not None
    assert (report.subject.name, report.subject.purl) == ("example.com/shop", "pkg:golang/example.com/shop")


@pytest.mark.parametrize(
    "messages, level, state",
    [
        ([package_imported()], "symbol", ReachabilityState.UNREACHABLE),
        ([required()], "symbol", ReachabilityState.UNREACHABLE),
        ([package_imported()], "package", ReachabilityState.UNKNOWN),
        ([required()], "package", ReachabilityState.UNREACHABLE),
        ([required()], "module", ReachabilityState.UNKNOWN),
        ([required()], "", ReachabilityState.UNKNOWN),
        ([called()], "", ReachabilityState.REACHABLE),
    ],
)
def test_what_a_scan_did_not_look_for_is_unknown_and_what_it_did_not_find_unreachable(
    messages: list[Json], level: str, state: ReachabilityState
) -> None:
    report = read(*messages, level=level)

    assert report.reachability[0].state is state
    assert len(report.findings) == 1


@pytest.mark.parametrize("message, word", [(required(), "module required"), (package_imported(), "package imported")])
def test_a_finding_tells_how_near_our_code_comes(message: Json, word: str) -> None:
    report = read(message)

    assert report.findings[0].detail_of("reached") == word
    assert report.reachability[0].evidence == f"govulncheck: {word}"


def test_the_order_of_the_messages_decides_nothing() -> None:
    config, *rest = stream(required(), called(), package_imported())

    assert import_report(lines([config, *rest])) == import_report(lines([config, *rest[::-1]]))


def test_a_stream_is_read_one_a_line_as_printed_and_as_a_list() -> None:
    messages = stream(called())
    printed = "\n".join(json.dumps(message, indent=2) for message in messages).encode()

    assert import_report(lines(messages)) == import_report(printed) == imported(messages)


def test_a_scan_that_found_nothing_is_a_scan() -> None:
    report = imported([{"config": CONFIG}])

    assert (report.findings, report.source_type) == ((), SourceType.SCAN)
    assert not report.fidelity.is_partial
    assert import_report(json.dumps({"config": CONFIG}).encode()) == report


def test_a_record_of_a_module_nobody_uses_is_no_finding() -> None:
    report = read()

    assert report.findings == ()
    assert ("records that concern no module in use", 1) in [(one.what, one.count) for one in report.fidelity.dropped]


def test_a_finding_without_its_record_keeps_its_id() -> None:
    report = imported([{"config": CONFIG}, required()])

    assert [finding.id for finding in report.findings] == ["GO-2031-0001"]


def test_the_modules_of_a_build_are_its_components_and_its_root_the_subject() -> None:
    modules = [
        {"path": "example.com/shop"},
        {"path": "example.com/a", "version": "v1.2.0"},
        {"path": "stdlib", "version": "v1.20.1"},
    ]

    report = read({"SBOM": {"modules": modules, "roots": ["example.com/shop/cmd/one", "example.com/shop/cmd/two"]}})

    assert [one.key for one in report.components] == ["pkg:golang/example.com/a@1.2.0", "pkg:golang/stdlib@1.20.1"]
    assert report.subject.name == "example.com/shop"


def test_asking_the_database_alone_examines_no_code() -> None:
    assert read(mode="query").fidelity.partial_reasons == ("no code was examined, only the database was asked",)


def test_the_finding_of_another_scanner_learns_that_it_is_unreachable() -> None:
    trivy = trivy_of(
        VulnerabilityID="CVE-2031-1000",
        PkgName="example.com/a",
        PkgIdentifier={"PURL": "pkg:golang/example.com/a@1.2.0"},
    )
    report = read(required())

    (finding,) = merge_reports([imported(trivy), report]).findings
    facts = ReachabilityIndex(report.reachability).facts_of((finding.id, *finding.aliases), finding.component.purl)

    assert finding.sources == ("govulncheck", "trivy")
    assert facts == {"reachability.state": "unreachable", "reachability.detail": "static", "reachability.paths": 0}


def test_another_protocol_is_refused() -> None:
    with pytest.raises(FormatUnsupported, match="protocol v2"):
        imported([{"config": CONFIG | {"protocol_version": "v2.0.0"}}])


@pytest.mark.parametrize(
    "message, pointer",
    [
        ({"finding": {"osv": "GO-1", "trace": []}}, "finding/trace"),
        ({"finding": {"trace": [frame()]}}, "finding/osv"),
        ({"finding": {"osv": "GO-1", "trace": [{"version": "v1"}]}}, "finding/trace/0/module"),
        ({"osv": {}}, "osv/id"),
        ({"finding": 7}, "finding"),
    ],
)
def test_a_broken_message_is_refused_with_its_line(message: Json, pointer: str) -> None:
    with pytest.raises(ImportRefused) as refusal:
        read(required(), message)

    assert refusal.value.faults[0].pointer == f"/4/{pointer}"


def graphs(*vulnerabilities: Json) -> Json:
    """Return the object of a version before 1.0."""
    modules = [{"Path": "example.com/a", "Version": "v1.2.0"}, {"Path": "shop", "Version": ""}]
    return {"Calls": {}, "Imports": {}, "Requires": {}, "Vulns": list(vulnerabilities) or None, "Modules": modules}


def sink(**changes: object) -> Json:
    """Return a vulnerability as a sink of the graphs."""
    row: Json = {"OSV": ENTRY, "Symbol": "Read", "PkgPath": "example.com/a/b", "ModPath": "example.com/a"}
    return row | {"CallSink": 0, "ImportSink": 0, "RequireSink": 1} | changes


@pytest.mark.parametrize(
    "sinks, state",
    [
        ({"CallSink": 4, "ImportSink": 2}, ReachabilityState.REACHABLE),
        ({"ImportSink": 2}, ReachabilityState.UNKNOWN),
        ({}, ReachabilityState.UNKNOWN),
    ],
)
def test_a_sink_of_calls_in_the_older_graphs_is_reachable_and_nothing_there_is_unreachable(
    sinks: Json, state: ReachabilityState
) -> None:
    report = imported(graphs(sink(**sinks), sink(Symbol="Other")))

    assert [finding.key for finding in report.findings] == [
        "vulnerability|CVE-2031-1000|pkg:golang/example.com/a@1.2.0|"
    ]
    assert report.reachability[0].state is state
    assert report.subject.name == "shop"


def test_graphs_without_a_vulnerability_are_a_scan_that_found_nothing() -> None:
    report = imported(graphs())

    assert (report.findings, report.source_type) == ((), SourceType.SCAN)
    assert [component.key for component in report.components] == ["pkg:golang/example.com/a@1.2.0"]


def test_a_broken_sink_is_refused_with_its_place() -> None:
    with pytest.raises(ImportRefused) as refusal:
        imported(graphs(sink(ModPath=None)))

    assert refusal.value.faults[0].pointer == "/Vulns/0/ModPath"
