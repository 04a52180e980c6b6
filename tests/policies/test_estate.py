"""What a scope covers in the present evidence of every artifact."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from exceptions import ports
from exceptions.matching.scope import PackageScope, Scope
from exceptions.ports import Selection
from exceptions.rules.vocabulary import ExceptionType
from policies.estate.reader import PresentEstate
from policies.estate.wanted import Wanted
from policies.evidence.excepting import names_of
from policies.importers.records import ImportedReport
from policies.importers.registry import import_report
from policies.models import PackBinding, PackRevision, PolicyPack, Snapshot
from policies.selectors import findings_of
from policies.services.evidence import ArtifactReference, Upload, receive_evidence
from policies.services.feeds import load_feed
from policies.services.packs import PackFile, draft_revision
from stellapolicy.kernel.actor import Actor
from stellapolicy.tenancy.models import Environment
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, ServiceFactory, TenantFactory, almighty
from tests.policies.estate import GHSA, actor, covered, found, keep, names, scan, with_alias
from tests.real_data import real_data
from tests.reports import HARMLESS, KEV_CRITICAL, LOG4SHELL, Vuln, digest_of, epss_day, many

__all__ = ["actor"]  # the fixture

OLD, NEW = Vuln("CVE-2020-1111", "lodash", "4.17.20"), Vuln("CVE-2020-1111", "lodash", "5.0.1")
HOUSE = """policy "house" syntax "stella-dsl@1" {
  rule likely {
    when finding.kind == "vulnerability" and epss.score >= 0.5
    then block
    because "more likely than not to be exploited"
  }
}
"""


def test_a_scope_that_names_a_cve_covers_it_in_every_artifact(actor: Actor) -> None:
    scan(actor, "shop/web", KEV_CRITICAL)
    scan(actor, "shop/api", KEV_CRITICAL, HARMLESS)
    scan(actor, "shop/quiet", HARMLESS)

    coverage = covered(Scope(vulnerabilities=(LOG4SHELL,)))

    assert found(coverage) == [("shop/api", LOG4SHELL), ("shop/web", LOG4SHELL)]
    assert coverage.complete
    (row,) = [row for row in coverage.seen if row.package]
    assert (row.package, row.versions, row.artifacts) == ("pkg:npm/log4j", ("2.14.1",), 2)
    assert (row.severity, row.cvss, row.fix) == ("critical", 100, True)


def test_a_scope_that_names_a_ghsa_covers_a_finding_known_by_its_cve(actor: Actor) -> None:
    keep(actor, "shop/api", with_alias("shop/api", GHSA, KEV_CRITICAL))
    scan(actor, "shop/web", HARMLESS)

    coverage = covered(Scope(vulnerabilities=(GHSA,)))

    assert found(coverage) == [("shop/api", LOG4SHELL)]
    assert [row.vulnerability for row in coverage.seen] == [LOG4SHELL, LOG4SHELL], "the feeds' word goes by its name"


def test_a_scope_that_names_a_cve_covers_a_finding_that_has_it_as_an_alias(actor: Actor) -> None:
    keep(actor, "shop/api", with_alias("shop/api", "CVE-2021-99999", KEV_CRITICAL))

    coverage = covered(Scope(vulnerabilities=("CVE-2021-99999",)))

    assert found(coverage) == [("shop/api", LOG4SHELL)]


@pytest.mark.parametrize(
    "package",
    [
        PackageScope("pkg:npm/lodash", "vers:npm/>=4.0.0|<5.0.0"),
        PackageScope("pkg:npm/lodash@4.17.20"),
        PackageScope("pkg:npm/lod?sh@4.*"),
        PackageScope("pkg:*/lodash@4.17.20"),
    ],
)
def test_versions_outside_the_range_are_not_covered(actor: Actor, package: PackageScope) -> None:
    scan(actor, "shop/api", OLD, NEW, Vuln("CVE-2020-1111", "lodash-es", "4.17.20"))

    coverage = covered(Scope(packages=(package,)), ExceptionType.COMPONENT)

    assert [(one.seen.package, one.seen.versions) for one in coverage.findings] == [("pkg:npm/lodash", ("4.17.20",))]


def test_what_is_found_twice_in_an_artifact_counts_it_once(actor: Actor) -> None:
    scan(actor, "shop/api", OLD, NEW)
    scan(actor, "shop/web", OLD)

    coverage = covered(Scope(vulnerabilities=("CVE-2020-1111",)))

    assert len(coverage.findings) == 3
    assert [(row.package, row.artifacts) for row in coverage.seen if row.package] == [("pkg:npm/lodash", 2)]


@pytest.mark.parametrize(
    "place",
    [
        {"digests": (digest_of("shop/api"),)},
        {"artifacts": ("shop/a*",)},
        {"labels": (("stage", "edge"),)},
        {"services": ("payments",)},
    ],
)
def test_a_scope_holds_in_its_place_alone(actor: Actor, place: dict[str, Any]) -> None:
    ServiceFactory(slug="payments", repositories=["shop/api"])
    scan(actor, "shop/api", KEV_CRITICAL, stage="edge")
    scan(actor, "shop/web", KEV_CRITICAL, stage="core")

    by_name = covered(Scope(vulnerabilities=(LOG4SHELL,), **place))
    by_package = covered(Scope(packages=(PackageScope("pkg:npm/log4j"),), **place))

    assert names(by_name) == names(by_package) == ["shop/api"]
    assert [one.service for one in by_name.artifacts] == ["payments"]


def test_a_scope_of_one_environment_covers_every_artifact_that_may_go_there(actor: Actor) -> None:
    scan(actor, "shop/api", KEV_CRITICAL)

    coverage = covered(Scope(vulnerabilities=(LOG4SHELL,), environments=("staging",)))

    assert names(coverage) == ["shop/api"]


def test_a_scope_of_a_rule_covers_what_the_rule_decides_and_nothing_else(actor: Actor) -> None:
    scan(actor, "shop/api", KEV_CRITICAL, HARMLESS)

    decided = covered(Scope(rules=("baseline/fixable_critical",)), ExceptionType.POLICY)
    other = covered(Scope(rules=("baseline/unfixed_critical",)), ExceptionType.POLICY)
    both = covered(Scope(vulnerabilities=(HARMLESS.id,), rules=("baseline/*",)), ExceptionType.POLICY)

    assert found(decided) == [("shop/api", LOG4SHELL)]
    assert other.findings == both.findings == ()


def in_force(author: Actor, environment: str) -> PackRevision:
    pack = PolicyPack.objects.create(name="house", title="House", created_at=NOON)
    revision = draft_revision(actor=author, pack="house", files=[PackFile("house.stella", HOUSE)], at=NOON)
    revision.install()
    revision.save()
    PackBinding.objects.create(pack=pack, environment=Environment.objects.get(slug=environment), created_at=NOON)
    return revision


def test_a_rule_is_looked_for_where_its_policy_is_in_force(actor: Actor) -> None:
    revision = in_force(actor, "staging")
    load_feed(actor=actor, content=epss_day({HARMLESS.id: 0.7}, day="2026-03-02"), at=NOON)
    scan(actor, "shop/api", HARMLESS)

    everywhere = covered(Scope(rules=("house/likely",)), ExceptionType.POLICY)
    there = covered(Scope(rules=("house/likely",), environments=("staging",)), ExceptionType.POLICY)
    elsewhere = covered(Scope(rules=("house/likely",), environments=("production",)), ExceptionType.POLICY)

    assert found(everywhere) == found(there) == [("shop/api", HARMLESS.id)]
    assert elsewhere.findings == ()
    assert PresentEstate().programs()["staging"] == revision.digest


def test_unknown_is_a_severity_nobody_states_or_a_verdict_that_misses_a_fact(actor: Actor) -> None:
    in_force(actor, "staging")
    unrated = Vuln("CVE-2020-2222", "left", severity="UNKNOWN")
    load_feed(actor=actor, content=epss_day({OLD.id: 0.1}, day="2026-03-02"), at=NOON)
    scan(actor, "shop/api", OLD, HARMLESS, unrated)
    anything = (PackageScope("pkg:npm/lodash"), PackageScope("pkg:npm/quiet"), PackageScope("pkg:npm/left"))

    production = covered(Scope(packages=anything, environments=("production",)), ExceptionType.UNKNOWN)
    staging = covered(Scope(packages=anything, environments=("staging",)), ExceptionType.UNKNOWN)

    assert found(production) == [("shop/api", "CVE-2020-2222")]
    assert sorted(found(staging)) == [("shop/api", HARMLESS.id), ("shop/api", "CVE-2020-2222")], "EPSS is not known"
    assert production.unknowns == 1


def test_only_the_latest_snapshot_counts(actor: Actor) -> None:
    scan(actor, "shop/api", KEV_CRITICAL, hours=30)
    scan(actor, "shop/api", HARMLESS)

    assert covered(Scope(vulnerabilities=(LOG4SHELL,))).findings == ()
    assert names(covered(Scope(vulnerabilities=(HARMLESS.id,)))) == ["shop/api"]


def test_rows_of_another_tenant_are_never_covered(db: None) -> None:
    ours, theirs = TenantFactory(), TenantFactory()
    for tenant, image in ((ours, "shop/api"), (theirs, "rival/api")):
        with tenant_scope(tenant.pk):
            scan(almighty(tenant), image, KEV_CRITICAL)

    with tenant_scope(ours.pk):
        coverage = covered(Scope(vulnerabilities=(LOG4SHELL,)))
        touched = ports.estate().touched_by([digest_of("rival/api")])

    assert names(coverage) == ["shop/api"]
    assert touched == frozenset()


def selections(count: int) -> list[Selection]:
    scopes = [
        Scope(vulnerabilities=("CVE-2019-00001",)),
        Scope(packages=(PackageScope("pkg:npm/library-*"),)),
        Scope(vulnerabilities=("CVE-2019-00001", GHSA), rules=("baseline/*",), environments=("production",)),
        Scope(rules=("baseline/*",)),
    ]
    return [Selection(str(number), scopes[number % 4], ExceptionType.POLICY) for number in range(count)]


def queries_of(asked: Sequence[Selection]) -> int:
    with CaptureQueriesContext(connection) as queries:
        ports.estate().covered_each(asked, at=NOON)
    return len(queries)


def test_two_hundred_scopes_and_two_thousand_findings_take_the_same_queries_as_a_few(actor: Actor) -> None:
    scan(actor, "shop/api", *many(10))
    ports.estate().covered_each(selections(4), at=NOON)
    few = [queries_of(selections(4)), queries_of(selections(200))]

    scan(actor, "shop/web", *many(2_000))
    scan(actor, "shop/job", *many(500))

    assert few == [8, 8]
    assert queries_of(selections(200)) == 8
    assert queries_of([Selection("", Scope(vulnerabilities=(LOG4SHELL,)), ExceptionType.VULNERABILITY)]) == 5


def test_beyond_the_limit_no_coverage_claims_to_be_complete(actor: Actor) -> None:
    scan(actor, "shop/api", *many(30))
    everything = Selection("all", Scope(packages=(PackageScope("pkg:npm/library-*"),)), ExceptionType.COMPONENT)
    one = Selection("one", Scope(vulnerabilities=("CVE-2019-00001",)), ExceptionType.VULNERABILITY)

    enough = ports.estate().covered_each([everything, one], at=NOON, limit=30)
    short = ports.estate().covered_each([everything, one], at=NOON, limit=29)

    assert (enough["all"].complete, len(enough["all"].findings)) == (True, 30)
    assert (short["all"].complete, short["one"].complete) == (False, False)
    assert len(short["all"].findings) == 29


def test_no_scope_covers_nothing_and_nothing_is_asked(actor: Actor) -> None:
    with CaptureQueriesContext(connection) as queries:
        coverages = ports.estate().covered_each([], at=NOON)

    assert coverages == {}
    assert len(queries) == 0


def test_a_report_touches_every_name_of_what_it_finds(actor: Actor) -> None:
    scan(actor, "shop/api", HARMLESS, hours=30)
    keep(actor, "shop/api", with_alias("shop/api", GHSA, KEV_CRITICAL))
    scan(actor, "shop/web", OLD)

    assert ports.estate().touched_by([digest_of("shop/api")]) == {LOG4SHELL, GHSA}
    assert ports.estate().touched_by([]) == frozenset()


def test_the_author_of_a_rule_is_the_person_who_wrote_the_revision_in_force(actor: Actor) -> None:
    ada = Actor(tenant_id=actor.tenant_id, subject="user:ada", scopes=actor.scopes)
    in_force(ada, "staging")

    estate = ports.estate()

    assert estate.authors_of(["house/likely"]) == estate.authors_of(["*/lik*"]) == {"user:ada"}
    assert estate.authors_of(["baseline/*"]) == frozenset(), "what ships with us is nobody's"
    assert estate.authors_of([]) == frozenset()


REAL = (
    "scans/trivy-golden/alpine-39.json",
    "scans/trivy-golden/gomod.json",
    "scans/trivy-golden/npm.json",
    "scans/trivy-golden/secrets.json",
    "scans/trivy-golden/spring4shell-jre8.json",
    "scans/trivy/issue_9333.json",
    "scans/cyclonedx/log4j.json",
    "scans/cyclonedx/valid-vulnerability-1.6.json",
    "scans/anchore_grype/many_vulns4.json",
    "scans/anchore_grype/many_vulns_with_epss_values.json",
)


def keep_real(actor: Actor, path: str) -> None:
    content = real_data(path).read_bytes()
    read = import_report(content)
    assert isinstance(read, ImportedReport)
    stated = [*read.subject.digests, read.subject.image_id]
    digest = next((one.rpartition("@")[2] for one in stated if one), digest_of(path))
    receive_evidence(actor=actor, artifact=ArtifactReference(digest, ""), uploads=[Upload(path, content)], at=NOON)


def test_nothing_of_real_reports_is_left_out_before_the_matcher_is_asked(actor: Actor) -> None:
    for path in REAL:
        keep_real(actor, path)
    stored = {(one.artifact.digest, row.key): row for one in Snapshot.objects.all() for row in findings_of(one)}

    for (digest, key), row in stored.items():
        package = row.purl.partition("?")[0].partition("@")[0]
        scopes = [Scope(vulnerabilities=(names_of(row)[-1],))]
        if package:
            scopes += [Scope(packages=(PackageScope(one),)) for one in (package, f"{package[:-1]}*")]
        asked = [Selection(str(number), scope, ExceptionType.POLICY) for number, scope in enumerate(scopes)]
        coverages = ports.estate().covered_each(asked, at=NOON)
        for coverage in coverages.values():
            assert (digest, key) in {(one.artifact.digest, one.key) for one in coverage.findings}, (key, row.purl)
    assert len(stored) >= 50


def test_a_pattern_is_left_to_the_matcher_from_its_first_doubtful_character() -> None:
    scopes = [Scope(packages=(PackageScope("pkg:npm/@babel/tra*"), PackageScope("pkg:deb/debian/lib_*")))]

    wanted = Wanted.by(scopes)

    assert wanted.patterns == ("pkg:deb/debian/lib\\_%", "pkg:npm/%")
