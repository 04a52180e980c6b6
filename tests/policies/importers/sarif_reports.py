"""Small SARIF reports of our own making, as the tools write them."""

from policies.importers.records import Finding
from tests.policies.importers.reports import Json, only_finding

IMAGE = f"registry.example/shop@sha256:{'2' * 64}"


def sarif_rule(**changes: object) -> Json:
    """Return a rule of a tool that looks at code."""
    row: Json = {
        "id": "py/injection",
        "name": "Injection",
        "shortDescription": {"text": "Text of a stranger becomes a command"},
        "helpUri": "https://rules.example/injection",
        "properties": {"tags": ["security", "external/cwe/cwe-078"], "precision": "high"},
    }
    return row | changes


def sarif_result(**changes: object) -> Json:
    """Return a result at one line of one file."""
    row: Json = {
        "ruleId": "py/injection",
        "message": {"text": "The command is built from the request."},
        "locations": [spot("src/shop.py", 12)],
    }
    return row | changes


def spot(uri: str, line: int, *names: str) -> Json:
    """Return a place in a file, and the names of it."""
    place: Json = {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": line}}}
    if names:
        place["logicalLocations"] = [{"fullyQualifiedName": name} for name in names]
    return place


def sarif_run(*results: Json, tool: str = "CodeSeer", rules: list[Json] | None = None, **changes: object) -> Json:
    """Return one run of a tool."""
    run: Json = {
        "tool": {"driver": {"name": tool, "version": "1.2", "rules": [sarif_rule()] if rules is None else rules}},
        "results": list(results),
    }
    return run | changes


def sarif_report(*runs: Json, **changes: object) -> Json:
    """Return a whole SARIF file; without runs given, of one run with one result."""
    return {"version": "2.1.0", "runs": list(runs) or [sarif_run(sarif_result())]} | changes


def sarif_of(rule: Json | None = None, tool: str = "CodeSeer", **changes: object) -> Json:
    """Return a file whose one result, and whose rule, are changed."""
    return sarif_report(sarif_run(sarif_result(**changes), tool=tool, rules=[sarif_rule(**(rule or {}))]))


def only_result(rule: Json | None = None, tool: str = "CodeSeer", **changes: object) -> Finding:
    """Return the one finding of such a file."""
    return only_finding(sarif_of(rule, tool, **changes))


def trivy_sarif(name: str = "libexample", version: str = "1.0-1", identifier: str = "CVE-2031-1000") -> Json:
    """Return a vulnerable package as Trivy writes it."""
    lines = [
        f"Package: {name}",
        f"Installed Version: {version}",
        f"Vulnerability {identifier}",
        "Severity: HIGH",
        "Fixed Version: 1.0-2",
        f"Link: [{identifier}](https://avd.example/{identifier})",
    ]
    rule = {
        "id": identifier,
        "name": "OsPackageVulnerability",
        "shortDescription": {"text": "An example"},
        "defaultConfiguration": {"level": "error"},
        "properties": {"security-severity": "8.0", "tags": ["vulnerability", "security", "HIGH"]},
    }
    result = sarif_result(ruleId=identifier, message={"text": "\n".join(lines)}, locations=[spot("library/shop", 1)])
    return sarif_report(
        sarif_run(result, tool="Trivy", rules=[rule], properties={"imageName": IMAGE, "repoDigests": [IMAGE]})
    )


def grype_sarif(version: str = "1.0-1") -> Json:
    """Return a vulnerable package as Grype writes it; the rule's help speaks of version 1.0-1 whatever the result."""
    lines = [
        "Vulnerability CVE-2031-1000",
        "Severity: negligible",
        "Package: libexample",
        "Version: 1.0-1",
        "Fix Version: 1.0-2",
        "Type: deb",
        "Location: /var/lib/dpkg/status",
        "Data Namespace: debian:distro:debian:12",
        "Link: [CVE-2031-1000](https://security-tracker.example/CVE-2031-1000)",
    ]
    rule = {"id": "CVE-2031-1000-libexample", "help": {"text": "\n".join(lines)}}
    place = spot("image//var/lib/dpkg/status", 1)
    place["logicalLocations"] = [
        {"name": "/var/lib/dpkg/status", "fullyQualifiedName": f"{IMAGE}@sha256:{'3' * 64}:/var/lib/dpkg/status"}
    ]
    message = f"A negligible vulnerability in deb package: libexample, version {version} was found at: /var/lib"
    result = sarif_result(ruleId="CVE-2031-1000-libexample", message={"text": message}, locations=[place])
    return sarif_report(sarif_run(result, tool="Grype", rules=[rule]))


def snyk_sarif(text: str = "(CVE-2031-1000) example/libexample@1.0-1", manager: str = "deb") -> Json:
    """Return a vulnerable package as Snyk writes it."""
    rule = {
        "id": "SNYK-DEBIAN12-EXAMPLE-1",
        "shortDescription": {"text": "Low severity - Example vulnerability in example"},
        "fullDescription": {"text": text},
        "properties": {"tags": ["security", "CWE-400", manager]},
    }
    place = spot(f"shop@sha256_{'2' * 64}", 1)
    result = sarif_result(ruleId="SNYK-DEBIAN12-EXAMPLE-1", level="note", locations=[place])
    return sarif_report(sarif_run(result, tool="Snyk Container", rules=[rule]))
