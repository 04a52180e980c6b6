"""What approvers see of the findings a scope covers: of the findings themselves, of feeds, analyses and statements."""

import json

import pytest

from exceptions.matching.scope import Scope
from exceptions.rules.levels import level_of
from exceptions.rules.vocabulary import Level
from policies.services.feeds import load_feed
from stellapolicy.kernel.actor import Actor
from tests.factories import NOON
from tests.policies.estate import GHSA, actor, covered, keep, scan, with_alias
from tests.reports import HARMLESS, KEV_CRITICAL, LOG4SHELL, digest_of, epss_day, kev_catalogue

__all__ = ["actor"]  # the fixture


def test_what_the_feeds_say_of_a_vulnerability_is_known_before_anybody_has_it(actor: Actor) -> None:
    load_feed(actor=actor, content=epss_day({LOG4SHELL: 0.97}, day="2026-03-02"), at=NOON)
    load_feed(actor=actor, content=kev_catalogue(LOG4SHELL, released_at="2026-03-02T00:00:00.000Z"), at=NOON)

    coverage = covered(Scope(vulnerabilities=(LOG4SHELL, "CVE-2020-3333")))

    other, log4shell = coverage.knowledge
    assert (log4shell.epss, log4shell.epss_date, log4shell.kev) == (97_000, "2026-03-02", True)
    assert (other.epss, other.epss_date, other.kev) == (None, None, False)
    assert {"feed_epss", "feed_kev", "snapshots"} == set(coverage.digests)


def test_a_feed_nobody_connected_says_neither_yes_nor_no(actor: Actor) -> None:
    scan(actor, "shop/api", KEV_CRITICAL)

    coverage = covered(Scope(vulnerabilities=(LOG4SHELL,)))

    assert {(row.kev, row.epss) for row in coverage.seen} == {(None, None)}


def test_what_the_feeds_say_leaves_the_level_to_the_severity_that_is_found(actor: Actor) -> None:
    keep(actor, "shop/api", with_alias("shop/api", GHSA, HARMLESS))

    coverage = covered(Scope(vulnerabilities=(GHSA,)))

    judged = level_of(coverage.seen, coverage.breadth, reachable_in_production=False, outside_production=False)
    assert judged.level is Level.A1


def reachable(purl: str) -> bytes:
    head = {"format": "stella-reachability@1", "tool": {"name": "probe"}, "analysed_at": "2026-03-02T11:00:00Z"}
    fact = {"vulnerability": LOG4SHELL, "purl": purl, "state": "reachable"}
    return b"\n".join(json.dumps(line).encode() for line in (head, fact))


def test_a_path_that_an_analysis_found_is_seen(actor: Actor) -> None:
    scan(actor, "shop/api", KEV_CRITICAL)
    keep(actor, "shop/api", reachable("pkg:npm/log4j@2.14.1"))

    coverage = covered(Scope(vulnerabilities=(LOG4SHELL,)))

    assert {row.reachability for row in coverage.seen if row.package} == {"reachable"}


def openvex(image: str, status: str, **said: str) -> bytes:
    product = {"@id": f"pkg:oci/{image}@{digest_of(image)}", "subcomponents": [{"@id": "pkg:npm/log4j@2.14.1"}]}
    statement = {"vulnerability": {"name": LOG4SHELL}, "products": [product], "status": status, **said}
    document = {"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.org/vex/1", "author": "Example"}
    said_at = {"timestamp": "2026-03-02T11:00:00Z", "version": 1}
    return json.dumps({**document, **said_at, "statements": [statement]}).encode()


@pytest.mark.parametrize(
    "status, said, seen",
    [
        ("affected", {"action_statement": "update"}, "affected"),
        ("not_affected", {"justification": "vulnerable_code_not_present"}, "none"),
    ],
)
def test_statements_are_seen_as_far_as_production_believes_them(
    actor: Actor, status: str, said: dict[str, str], seen: str
) -> None:
    scan(actor, "shop/api", KEV_CRITICAL)
    keep(actor, "shop/api", openvex("shop/api", status, **said))

    (row,) = [row for row in covered(Scope(vulnerabilities=(LOG4SHELL,))).seen if row.package]

    assert (row.vex, row.vex_trust > 0) == (seen, seen == "affected"), "an unsigned dismissal is not enough"
