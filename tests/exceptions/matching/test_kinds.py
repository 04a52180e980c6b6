"""Type and effect decide which kinds of finding an exception may cover at all."""

import pytest

from exceptions.matching.index import ExceptionIndex
from exceptions.matching.scope import Scope
from exceptions.rules.vocabulary import Effect, ExceptionType
from tests.exceptions.matching.wording import CVE, HERE, finding, packages, standing

KINDS = ("vulnerability", "component", "licence", "secret", "malware", "misconfiguration")
LODASH = packages("pkg:npm/lodash")


def covered(scope: Scope, exception_type: ExceptionType, effect: Effect = Effect.DEFER) -> list[str]:
    index = ExceptionIndex([standing(scope, type=exception_type, effect=effect)])
    return [kind for kind in KINDS if index.in_scope(finding(kind=kind), HERE)]


@pytest.mark.parametrize(
    "exception_type,kinds",
    [
        (ExceptionType.VULNERABILITY, ["vulnerability"]),
        (ExceptionType.COMPONENT, ["vulnerability", "component", "licence"]),
        (ExceptionType.POLICY, ["vulnerability", "component", "licence", "misconfiguration"]),
        (ExceptionType.UNKNOWN, []),
    ],
)
def test_by_a_package_each_type_covers_its_kinds_and_never_secrets_or_malware(
    exception_type: ExceptionType, kinds: list[str]
) -> None:
    assert covered(LODASH, exception_type) == kinds


def test_by_the_rule_a_policy_exception_covers_every_kind() -> None:
    assert covered(Scope(rules=("baseline/*",)), ExceptionType.POLICY) == list(KINDS)


@pytest.mark.parametrize("exception_type", [ExceptionType.VULNERABILITY, ExceptionType.COMPONENT])
def test_by_the_rule_no_other_type_covers_secrets_or_malware(exception_type: ExceptionType) -> None:
    assert not {"secret", "malware"} & set(covered(Scope(rules=("baseline/*",)), exception_type))


@pytest.mark.parametrize("exception_type", [ExceptionType.VULNERABILITY, ExceptionType.COMPONENT, ExceptionType.POLICY])
def test_secrets_and_malware_are_covered_by_naming_them(exception_type: ExceptionType) -> None:
    assert {"secret", "malware"} <= set(covered(Scope(vulnerabilities=(CVE,)), exception_type))


def test_one_that_names_other_ids_covers_no_secret_and_no_malware() -> None:
    assert covered(Scope(vulnerabilities=("CVE-1999-0001",), rules=("baseline/*",)), ExceptionType.POLICY) == []


@pytest.mark.parametrize("exception_type", ExceptionType)
def test_a_licence_is_all_that_suppressing_a_licence_covers(exception_type: ExceptionType) -> None:
    found = covered(Scope(vulnerabilities=(CVE,)), exception_type, Effect.SUPPRESS_LICENSE)

    assert found == (["licence"] if exception_type in (ExceptionType.COMPONENT, ExceptionType.POLICY) else [])


@pytest.mark.parametrize(
    "severity,undecided,covers",
    [("unknown", False, True), ("high", True, True), ("unknown", True, True), ("high", False, False)],
)
def test_an_exception_for_the_unknown_covers_what_is_unknown(
    severity: str,
    undecided: bool,  # noqa: FBT001
    covers: bool,  # noqa: FBT001
) -> None:
    index = ExceptionIndex([standing(LODASH, type=ExceptionType.UNKNOWN)])

    assert bool(index.in_scope(finding(severity=severity, undecided=undecided), HERE)) is covers


def test_an_exception_for_the_unknown_covers_a_secret_only_by_name() -> None:
    unknown = finding(kind="secret", severity="unknown")

    by_rule = ExceptionIndex([standing(Scope(rules=("baseline/*",)), type=ExceptionType.UNKNOWN)])
    by_name = ExceptionIndex([standing(Scope(vulnerabilities=(CVE,)), type=ExceptionType.UNKNOWN)])

    assert by_rule.in_scope(unknown, HERE) == ()
    assert by_name.in_scope(unknown, HERE)
