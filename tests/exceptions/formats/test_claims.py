"""What exceptions are said to be in VEX: never more than was agreed to."""

from typing import Any

import pytest
from hypothesis import given, settings

from exceptions.formats.claims import Status, status_of
from exceptions.formats.forgiven import Covered, Forgiven, Issue, artifact_purl
from exceptions.matching.scope import PackageScope, Scope
from exceptions.rules.vocabulary import Effect, ExceptionType, Reason, State
from stellapolicy.kernel.severity import Severity
from tests.exceptions.formats.written import (
    API,
    API_PURL,
    IN_API,
    IN_OTHER,
    ISSUE,
    LODASH_EVERYWHERE,
    OF_API,
    UNREACHABLE,
    WHY,
    claims,
    forgiven,
    issues,
    many,
    seen,
    unclaimed,
)
from tests.exceptions.matching.wording import CVE, DAY, DIGEST, LODASH, NOON, OTHER_DIGEST, standing

FACTS = {Reason.FALSE_POSITIVE, Reason.VENDOR_NOT_AFFECTED}


@pytest.mark.parametrize("reason", Reason)
def test_only_a_false_positive_and_the_word_of_a_vendor_are_not_affected(reason: Reason) -> None:
    [claim] = claims(forgiven(reason))

    assert claim.status is (Status.NOT_AFFECTED if reason in FACTS else Status.AFFECTED)


@given(many, issues)
@settings(deadline=None)
def test_whatever_is_in_force_a_dismissal_rests_on_a_fact_that_stands(exceptions: list[Forgiven], issue: Issue) -> None:
    by_number = {one.standing.id: one for one in exceptions}

    for claim in claims(*exceptions, issue=issue):
        one = by_number[claim.exception]
        if claim.status is Status.NOT_AFFECTED:
            assert one.standing.reason in FACTS
            assert one.standing.effect is Effect.SUPPRESS
            assert one.standing.state is not State.REVALIDATION_REQUIRED
            assert not one.standing.scope.environments
            assert not one.standing.scope.rules


@given(many, issues)
@settings(deadline=None)
def test_of_each_product_one_thing_is_said(exceptions: list[Forgiven], issue: Issue) -> None:
    subjects = [claim.subject for claim in claims(*exceptions, issue=issue)]

    assert len(subjects) == len(set(subjects))


@given(many, issues)
@settings(deadline=None)
def test_no_claim_speaks_of_an_artifact_its_exception_does_not_cover(exceptions: list[Forgiven], issue: Issue) -> None:
    by_number = {one.standing.id: one for one in exceptions}

    for claim in claims(*exceptions, issue=issue):
        one = by_number[claim.exception]
        there = {artifact_purl(row.artifact_name, row.artifact_digest) for row in one.covered}
        scope = one.standing.scope
        bound = scope.digests or scope.services or scope.environments or issue.artifact
        assert claim.artifact in there if claim.artifact else not bound


@pytest.mark.parametrize(
    "stated,status",
    [
        ({}, Status.NOT_AFFECTED),
        ({"effect": Effect.DEFER_VENDOR}, Status.UNDER_INVESTIGATION),
        ({"state": State.REVALIDATION_REQUIRED, "grace_until": NOON + DAY}, Status.UNDER_INVESTIGATION),
    ],
)
def test_a_fact_that_waits_or_is_in_doubt_is_under_investigation(stated: dict[str, Any], status: Status) -> None:
    fact = standing(**{"reason": Reason.FALSE_POSITIVE, "effect": Effect.SUPPRESS, **stated})

    assert status_of(fact) is status


def test_an_exception_of_an_artifact_speaks_of_the_package_in_it() -> None:
    [claim] = claims(forgiven(covered=[IN_API]))

    assert claim.subject == (CVE, API_PURL, LODASH)


def test_an_exception_of_a_package_everywhere_speaks_of_the_package() -> None:
    found = claims(forgiven(scope=LODASH_EVERYWHERE, covered=[IN_API, IN_OTHER]))

    assert [claim.subject for claim in found] == [(CVE, "", LODASH)]


@given(many, issues)
@settings(deadline=None)
def test_nothing_is_said_of_a_package_everywhere_where_something_may_be_worse_than_agreed_to(
    exceptions: list[Forgiven], issue: Issue
) -> None:
    by_number = {one.standing.id: one for one in exceptions}

    for claim in claims(*exceptions, issue=issue):
        one = by_number[claim.exception]
        if not claim.artifact:
            assert not one.has_worse
            assert one.is_complete or one.standing.bears(Severity.CRITICAL)


def test_what_is_worse_than_agreed_to_narrows_the_claim_to_the_artifacts_and_is_listed() -> None:
    one = forgiven(scope=LODASH_EVERYWHERE, covered=[IN_API], has_worse=True, ceiling=Severity.LOW)

    assert [claim.subject for claim in claims(one)] == [(CVE, API_PURL, LODASH)]
    assert [(loss.about, loss.member) for loss in unclaimed(one)] == [("EXC-2026-0001", "severity")]
    assert "worse than low were never agreed to" in unclaimed(one)[0].message


def test_what_was_not_looked_at_may_be_worse_and_is_not_spoken_of() -> None:
    one = forgiven(scope=LODASH_EVERYWHERE, covered=[IN_API], complete=False, ceiling=Severity.LOW)

    assert [claim.subject for claim in claims(one)] == [(CVE, API_PURL, LODASH)]


def test_a_package_that_is_nowhere_yet_can_be_spoken_of_all_the_same() -> None:
    assert [claim.subject for claim in claims(forgiven(scope=LODASH_EVERYWHERE, covered=[]))] == [(CVE, "", LODASH)]


@pytest.mark.parametrize(
    "package", [PackageScope("pkg:npm/lodash*"), PackageScope("pkg:npm/lodash", "vers:npm/<5.0.0")]
)
def test_a_pattern_or_a_range_is_said_as_the_packages_that_are_there(package: PackageScope) -> None:
    scope = Scope(vulnerabilities=(CVE,), packages=(package,))

    assert [claim.subject for claim in claims(forgiven(scope=scope))] == [(CVE, "", LODASH)]
    assert claims(forgiven(scope=scope, covered=[])) == []


def test_a_document_about_one_artifact_says_nothing_of_others() -> None:
    found = claims(forgiven(scope=LODASH_EVERYWHERE, covered=[IN_API, IN_OTHER]), issue=OF_API)

    assert [claim.subject for claim in found] == [(CVE, API_PURL, LODASH)]


@pytest.mark.parametrize(
    "scope,member",
    [
        (Scope(vulnerabilities=(CVE,), environments=("staging",)), "scope.environments"),
        (Scope(vulnerabilities=(CVE,), rules=("baseline/*",)), "scope.rules"),
    ],
)
def test_a_fact_of_some_environments_or_of_a_rule_dismisses_nothing_everywhere(scope: Scope, member: str) -> None:
    one = forgiven(scope=scope)

    assert claims(one) == []
    assert [(loss.about, loss.member) for loss in unclaimed(one)] == [("EXC-2026-0001", member)]


def test_an_accepted_risk_in_one_environment_is_affected_and_says_where() -> None:
    one = forgiven(Reason.ACCEPTED_RISK, scope=Scope(vulnerabilities=(CVE,), environments=("staging",)))

    [claim] = claims(one)
    assert claim.status is Status.AFFECTED
    assert "In staging alone." in claim.statement
    assert [loss.member for loss in unclaimed(one)] == ["scope.environments"]


def test_an_artifact_without_a_name_has_no_package_url_and_is_listed() -> None:
    one = forgiven(covered=[Covered(CVE, LODASH, DIGEST, "")])

    assert claims(one) == []
    assert {loss.member for loss in unclaimed(one)} == {"products", "scope"}


def test_an_exception_that_covers_nothing_is_listed() -> None:
    [loss] = unclaimed(forgiven(covered=[]))

    assert "no vulnerability in a product" in loss.message


def test_what_was_not_looked_at_is_said() -> None:
    assert [loss.member for loss in unclaimed(forgiven(complete=False))] == ["scope"]


def test_a_check_or_a_licence_is_no_vulnerability_of_a_package() -> None:
    scope = Scope(vulnerabilities=("AVD-DS-0002", "GPL-3.0"), packages=LODASH_EVERYWHERE.packages)

    assert claims(forgiven(scope=scope, covered=[], type=ExceptionType.POLICY)) == []
    assert claims(forgiven(scope=scope, covered=[], type=ExceptionType.COMPONENT)) == []


@pytest.mark.parametrize(
    "saw,today,known",
    [
        ("unreachable", UNREACHABLE, True),
        ("unknown", UNREACHABLE, False),
        ("unreachable", IN_API, False),
    ],
)
def test_a_justification_is_known_where_then_and_now_nothing_reaches_the_code(
    saw: str, today: Covered, *, known: bool
) -> None:
    [claim] = claims(forgiven(seen=seen(reachability=saw), covered=[today]))

    assert claim.unreachable is known


def test_an_accepted_risk_is_justified_by_nothing() -> None:
    [claim] = claims(forgiven(Reason.ACCEPTED_RISK, seen=seen(reachability="unreachable"), covered=[UNREACHABLE]))

    assert not claim.unreachable


def test_the_statement_says_why_what_is_done_and_until_when() -> None:
    one = forgiven(Reason.COMPENSATING_CONTROL, controls=("waf-rule-1042",))

    [claim] = claims(one)
    assert claim.statement == (
        f"Compensating control: {WHY} Controls: waf-rule-1042. Agreed to until 2026-06-16T12:00:00Z (EXC-2026-0001)."
    )


def test_of_two_that_contradict_the_more_cautious_is_said_and_the_other_listed() -> None:
    fact = forgiven(id="EXC-2026-0001")
    risk = forgiven(Reason.ACCEPTED_RISK, id="EXC-2026-0002")

    [claim] = claims(fact, risk)
    assert (claim.exception, claim.status) == ("EXC-2026-0002", Status.AFFECTED)
    assert [loss.about for loss in unclaimed(fact, risk)] == ["EXC-2026-0001"]


def test_a_package_is_not_dismissed_everywhere_while_one_artifact_has_it_affected() -> None:
    fact = forgiven(id="EXC-2026-0001", scope=LODASH_EVERYWHERE)
    risk = forgiven(Reason.ACCEPTED_RISK, id="EXC-2026-0002", scope=Scope(vulnerabilities=(CVE,), digests=(DIGEST,)))

    assert [claim.exception for claim in claims(fact, risk)] == ["EXC-2026-0002"]
    assert [loss.about for loss in unclaimed(fact, risk)] == ["EXC-2026-0001"]


def test_of_equals_the_more_specific_is_said() -> None:
    wide = forgiven(id="EXC-2026-0001", scope=Scope(vulnerabilities=(CVE,), services=("checkout",)))
    narrow = forgiven(id="EXC-2026-0002")

    assert [claim.exception for claim in claims(wide, narrow)] == ["EXC-2026-0002"]


@pytest.mark.parametrize(
    "name,digest,purl",
    [
        (API, DIGEST, API_PURL),
        ("Library/NGINX", OTHER_DIGEST, f"pkg:oci/nginx@{OTHER_DIGEST}?repository_url=library/nginx"),
        ("", DIGEST, ""),
        ("nginx", "", ""),
        ("nginx", "sha512:1", ""),
    ],
)
def test_an_image_is_known_by_its_digest(name: str, digest: str, purl: str) -> None:
    assert artifact_purl(name, digest) == purl


def test_the_order_in_which_exceptions_come_changes_nothing() -> None:
    rows = [forgiven(id=f"EXC-2026-000{number}", covered=[IN_API, IN_OTHER]) for number in range(1, 5)]

    assert claims(*rows) == claims(*reversed(rows))
    assert ISSUE != OF_API
