"""Small reports of our own making, in the shapes of the scanners; every test changes what it is about."""

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from policies.importers.records import Finding, ImportedReport
from policies.importers.registry import import_report

Json: TypeAlias = dict[str, Any]


def written(report: object) -> bytes:
    """Return a report as the bytes somebody would upload."""
    return json.dumps(report).encode()


def imported(report: object) -> ImportedReport:
    """Return what an import makes of a report."""
    return import_report(written(report))


def only_finding(report: object) -> Finding:
    """Return the one finding of a report."""
    (finding,) = imported(report).findings
    return finding


def trivy_row(**changes: object) -> Json:
    """Return a vulnerability row as Trivy writes it."""
    row: Json = {
        "VulnerabilityID": "CVE-2031-1000",
        "PkgName": "libexample",
        "PkgIdentifier": {"PURL": "pkg:deb/debian/libexample@1.0-1?arch=amd64&distro=debian-12"},
        "InstalledVersion": "1.0-1",
        "FixedVersion": "1.0-2",
        "Status": "fixed",
        "Severity": "HIGH",
        "SeveritySource": "nvd",
        "DataSource": {"ID": "debian"},
        "VendorSeverity": {"nvd": 3},
        "CVSS": {"nvd": {"V3Vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", "V3Score": 7.5}},
        "Title": "An example",
    }
    return row | changes


def trivy_result(**changes: object) -> Json:
    """Return a result of the operating system's packages with one vulnerability."""
    row: Json = {"Target": "shop (debian 12.4)", "Class": "os-pkgs", "Type": "debian", "Vulnerabilities": [trivy_row()]}
    return row | changes


def trivy_report(*results: Mapping[str, object], **changes: object) -> Json:
    """Return a whole Trivy report about one image."""
    report: Json = {
        "SchemaVersion": 2,
        "CreatedAt": "2031-01-02T03:04:05.678901234Z",
        "ArtifactName": "registry.example/shop:1",
        "ArtifactType": "container_image",
        "Metadata": {
            "ImageID": f"sha256:{'1' * 64}",
            "RepoTags": ["registry.example/shop:1"],
            "RepoDigests": [f"registry.example/shop@sha256:{'2' * 64}"],
            "ImageConfig": {"config": {"Labels": {"team": "shop"}}},
        },
        "Results": list(results) or [trivy_result()],
    }
    return report | changes


def trivy_of(**changes: object) -> Json:
    """Return a Trivy report whose one vulnerability row is changed."""
    return trivy_report(trivy_result(Vulnerabilities=[trivy_row(**changes)]))


def grype_match(**changes: object) -> Json:
    """Return a match as Grype writes it."""
    row: Json = {
        "vulnerability": {
            "id": "CVE-2031-1000",
            "namespace": "debian:distro:debian:12",
            "severity": "Negligible",
            "dataSource": "https://security-tracker.debian.org/tracker/CVE-2031-1000",
            "cvss": [],
            "fix": {"versions": ["1.0-2"], "state": "fixed"},
        },
        "relatedVulnerabilities": [
            {
                "id": "CVE-2031-1000",
                "namespace": "nvd:cpe",
                "severity": "High",
                "cvss": [
                    {
                        "source": "nvd@nist.gov",
                        "type": "Primary",
                        "version": "3.1",
                        "vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
                        "metrics": {"baseScore": 7.5},
                    }
                ],
            }
        ],
        "artifact": {
            "name": "libexample",
            "version": "1.0-1",
            "type": "deb",
            "purl": "pkg:deb/debian/libexample@1.0-1?arch=amd64&distro=debian-12&upstream=example",
            "locations": [{"path": "/var/lib/dpkg/status"}],
            "licenses": ["MIT"],
        },
    }
    return row | changes


def grype_report(*matches: Mapping[str, object], **changes: object) -> Json:
    """Return a whole Grype report about one image."""
    report: Json = {
        "matches": list(matches) or [grype_match()],
        "source": {
            "type": "image",
            "target": {
                "userInput": "registry.example/shop:1",
                "imageID": f"sha256:{'1' * 64}",
                "manifestDigest": f"sha256:{'2' * 64}",
                "tags": ["registry.example/shop:1"],
                "repoDigests": [f"registry.example/shop@sha256:{'2' * 64}"],
            },
        },
        "distro": {"name": "debian", "version": "12"},
        "descriptor": {
            "name": "grype",
            "version": "0.94.0",
            "timestamp": "2031-01-02T03:04:05Z",
            "db": {"status": {"built": "2031-01-01T00:00:00Z"}},
            "configuration": {"ignore": []},
        },
    }
    return report | changes


def grype_of(**vulnerability: object) -> Json:
    """Return a Grype report whose one vulnerability is changed and has no related ones."""
    match = grype_match(relatedVulnerabilities=[])
    return grype_report(match | {"vulnerability": match["vulnerability"] | vulnerability})


def cyclonedx_component(**changes: object) -> Json:
    """Return a component of a CycloneDX inventory."""
    row: Json = {
        "bom-ref": "example",
        "type": "library",
        "name": "example",
        "version": "1.0",
        "purl": "pkg:npm/example@1.0",
        "licenses": [{"license": {"id": "MIT"}}],
    }
    return row | changes


def cyclonedx_vulnerability(**changes: object) -> Json:
    """Return a vulnerability of the example component, rated by NVD."""
    row: Json = {
        "id": "CVE-2031-1000",
        "source": {"name": "NVD"},
        "ratings": [
            {
                "source": {"name": "NVD"},
                "score": 9.8,
                "severity": "critical",
                "method": "CVSSv31",
                "vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
            }
        ],
        "affects": [{"ref": "example"}],
    }
    return row | changes


def cyclonedx_bom(**changes: object) -> Json:
    """Return a CycloneDX document: a product, one component, no vulnerability."""
    bom: Json = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": "urn:uuid:3E671687-395b-41f5-a30f-a58921a69b79",
        "version": 2,
        "metadata": {
            "timestamp": "2031-01-02T03:04:05Z",
            "tools": {"components": [{"type": "application", "name": "maker", "version": "1.2"}]},
            "component": {"bom-ref": "shop", "type": "application", "name": "shop", "version": "1"},
        },
        "components": [cyclonedx_component()],
    }
    return bom | changes
