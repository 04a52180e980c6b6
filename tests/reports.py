"""Small Trivy reports of our own, dated and bound as a test wishes."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from stellapolicy.kernel.clock import rfc3339

LOG4SHELL = "CVE-2021-44228"


@dataclass(frozen=True, slots=True)
class Vuln:
    """One row of a report."""

    id: str
    package: str = "demo-library"
    version: str = "1.0.0"
    fixed: str = ""
    severity: str = "MEDIUM"
    score: float | None = None

    def row(self) -> dict[str, Any]:
        row: dict[str, Any] = {
            "VulnerabilityID": self.id,
            "PkgName": self.package,
            "PkgIdentifier": {"PURL": f"pkg:npm/{self.package}@{self.version}"},
            "InstalledVersion": self.version,
            "FixedVersion": self.fixed,
            "Status": "fixed" if self.fixed else "affected",
            "SeveritySource": "ghsa",
            "Severity": self.severity,
            "Title": f"{self.id} in {self.package}",
        }
        if self.score is not None:
            vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
            row["CVSS"] = {"ghsa": {"V3Vector": vector, "V3Score": self.score}}
        return row


KEV_CRITICAL = Vuln(LOG4SHELL, "log4j", "2.14.1", "2.15.0", "CRITICAL", 10.0)
HARMLESS = Vuln("CVE-2020-00001", "quiet", "1.0.0", "", "LOW", 3.1)


def digest_of(name: str) -> str:
    """Return a digest for an image of that name."""
    return "sha256:" + hashlib.sha256(name.encode()).hexdigest()


def trivy(
    image: str,
    vulns: Sequence[Vuln] = (),
    *,
    scanned_at: datetime,
    hidden: Sequence[Vuln] = (),
    states_digest: bool = True,
) -> bytes:
    """Return a Trivy report about an image, `hidden` being what a `.trivyignore` took away."""
    result: dict[str, Any] = {
        "Target": "package-lock.json",
        "Class": "lang-pkgs",
        "Type": "npm",
        "Vulnerabilities": [vuln.row() for vuln in vulns],
    }
    if hidden:
        result["ExperimentalModifiedFindings"] = [
            {
                "Type": "vulnerability",
                "Status": "ignored",
                "Statement": "we do not like to see it",
                "Source": ".trivyignore",
                "Finding": vuln.row(),
            }
            for vuln in hidden
        ]
    metadata = {"RepoDigests": [f"{image}@{digest_of(image)}"]} if states_digest else {}
    return json.dumps(
        {
            "SchemaVersion": 2,
            "CreatedAt": rfc3339(scanned_at),
            "ArtifactName": f"{image}:1",
            "ArtifactType": "container_image",
            "Metadata": metadata,
            "Results": [result],
        }
    ).encode()


def many(count: int) -> list[Vuln]:
    """Return so many different findings of mixed severity, none critical, none with a fix."""
    severities = ("LOW", "MEDIUM", "HIGH", "LOW")
    return [
        Vuln(f"CVE-2019-{number:05d}", f"library-{number % 997}", f"1.{number}", "", severities[number % 4], 5.0)
        for number in range(1, count + 1)
    ]


def epss_day(rows: dict[str, float], *, day: str) -> bytes:
    """Return an EPSS file of that day (ISO date)."""
    lines = [f"#model_version:v2025.03.14,score_date:{day}T00:00:00Z", "cve,epss,percentile"]
    return "\n".join([*lines, *(f"{cve},{score},0.5" for cve, score in sorted(rows.items()))]).encode() + b"\n"


def kev_catalogue(*cves: str, released_at: str, due_date: str = "2021-12-24") -> bytes:
    """Return a KEV catalogue that lists exactly these."""
    return json.dumps(
        {
            "title": "a catalogue",
            "catalogVersion": released_at[:10],
            "dateReleased": released_at,
            "count": len(cves),
            "vulnerabilities": [
                {
                    "cveID": cve,
                    "vendorProject": "Vendor",
                    "product": "Product",
                    "vulnerabilityName": f"{cve} is exploited",
                    "dateAdded": "2021-12-10",
                    "shortDescription": "It is exploited.",
                    "requiredAction": "Update.",
                    "dueDate": due_date,
                    "knownRansomwareCampaignUse": "Known",
                    "notes": "",
                    "cwes": [],
                }
                for cve in cves
            ],
        }
    ).encode()
