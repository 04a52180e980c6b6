"""Rows of fact snapshots for the tests: one to say what differs from, and generated ones."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from exceptions.rules.facts import SeenFacts
from stellapolicy.kernel.severity import Severity

LOG4SHELL = "CVE-2021-44228"
LOG4J = "pkg:maven/org.apache.logging.log4j/log4j-core"
LODASH = "pkg:npm/lodash"
QUIET = SeenFacts(
    LOG4SHELL,
    LOG4J,
    severity="high",
    cvss=75,
    cvss_vector="CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N",
    epss=10_000,
    epss_date="2026-03-02",
    kev=False,
    fix=False,
    reachability="unreachable",
    vex="not_affected",
    vex_trust=7_000,
    versions=("2.14.1",),
    artifacts=3,
)


def row(**said: Any) -> SeenFacts:
    """Return a quiet row with what is said of it."""
    return replace(QUIET, **said)


rows = st.builds(
    SeenFacts,
    vulnerability=st.sampled_from([LOG4SHELL, "CVE-2020-8203", "GHSA-jfh8-c2jp-5v3q"]),
    package=st.sampled_from(["", LOG4J, LODASH]),
    severity=st.sampled_from([severity.value for severity in Severity]),
    cvss=st.none() | st.integers(0, 100),
    cvss_vector=st.sampled_from(["", "CVSS:3.1/AV:N", "CVSS:4.0/AV:N"]),
    epss=st.none() | st.integers(0, 100_000),
    epss_date=st.none() | st.sampled_from(["2026-03-01", "2026-03-02"]),
    kev=st.none() | st.booleans(),
    fix=st.none() | st.booleans(),
    reachability=st.sampled_from(["reachable", "unknown", "unreachable"]),
    vex=st.sampled_from(["affected", "under_investigation", "none", "not_affected", "fixed"]),
    vex_trust=st.integers(0, 10_000),
    versions=st.sets(st.sampled_from(["1.0", "1.1", "2.0"])).map(lambda versions: tuple(sorted(versions))),
    artifacts=st.integers(0, 40),
)
