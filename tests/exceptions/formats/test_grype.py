"""Grype's ignore rules."""

import pytest

from exceptions.formats.values import LossKind
from exceptions.rules.vocabulary import ExceptionType, Reason
from tests.exceptions.formats.opened import asked, entry, losses, opened, read, scope


def test_a_rule_is_an_accepted_risk_of_its_vulnerability_in_its_package() -> None:
    draft = asked(opened("rules.grype.yaml"), "CVE-2008-4318")

    assert (draft.type, draft.reason) == (ExceptionType.VULNERABILITY, Reason.ACCEPTED_RISK)
    assert draft.scope == scope("CVE-2008-4318", packages=("pkg:npm/libcurl@1.10",))


def test_what_binds_a_rule_to_a_match_is_lost_and_said() -> None:
    file = opened("rules.grype.yaml")

    assert set(losses(entry(file, "CVE-2008-4318"), LossKind.WIDENED)) == {"fix-state", "package.location"}
    said = asked(file, "CVE-2008-4318").rationale
    assert "There it held for matches whose fix is unknown, files at /usr/local/lib/node_modules/** alone." in said


@pytest.mark.parametrize(
    "package,pattern",
    [
        ("{name: lodash, type: npm}", "pkg:npm/lodash"),
        ("{name: '@angular/core', type: npm, version: 1.10}", "pkg:npm/%40angular/core@1.10"),
        ("{name: Django, type: python}", "pkg:pypi/django"),
        (
            "{name: github.com/gin-gonic/gin, type: go-module, version: v1.9.0}",
            "pkg:golang/github.com/gin-gonic/gin@1.9.0",
        ),
        ("{name: openssl, type: deb}", "pkg:deb/*/openssl"),
        ("{name: libstdc++6, type: deb}", "pkg:deb/*/libstdc++6"),
        ("{name: log4j-core, type: java-archive, version: 2.14.1}", "pkg:maven/*/log4j-core@2.14.1"),
        ("{name: log4j-core}", "pkg:*/log4j-core"),
        ("{name: 'linux-.*-headers-.*', type: deb}", "pkg:deb/*/linux-*-headers-*"),
        ("{name: '^python3\\.11.*$', type: deb}", "pkg:deb/*/python3.11*"),
    ],
)
def test_a_package_becomes_a_pattern(package: str, pattern: str) -> None:
    file = read(f"ignore:\n  - vulnerability: CVE-2021-44228\n    package: {package}\n")

    assert asked(file, "CVE-2021-44228").scope == scope("CVE-2021-44228", packages=(pattern,))


@pytest.mark.parametrize("name", ["lib(ssl|crypto)", "[a-z]+", ".*", "lib.{3}"])
def test_a_regular_expression_that_no_glob_says_is_refused_whatever_else_the_rule_names(name: str) -> None:
    file = read(f"ignore:\n  - vulnerability: CVE-2021-44228\n    package: {{name: '{name}'}}\n")

    [fault] = file.entries[0].faults
    assert (fault.code, fault.pointer) == ("import.regular_expression", "line 2")


def test_a_namespace_or_a_type_that_is_not_said_widens() -> None:
    file = opened("rules.grype.yaml")

    assert "namespace" in losses(entry(file, "libstdc++6"), LossKind.WIDENED)["package.name"]
    assert "no type is given" in losses(entry(file, "log4j-core"), LossKind.WIDENED)["package.type"]
    assert not losses(entry(file, "@angular/core"), LossKind.WIDENED)


def test_a_rule_without_vulnerability_and_name_cannot_be_scoped() -> None:
    file = opened("rules.grype.yaml")

    refused = [(one.place, one.faults[0].code) for one in file.entries if one.faults]
    assert refused == [
        ("line 12", "scope.too_open"),
        ("line 17", "import.regular_expression"),
        ("line 28", "scope.too_open"),
    ]


def test_other_settings_and_unknown_members_are_told() -> None:
    file = read("output: table\nignore:\n  - vulnerability: CVE-2021-44228\n    expires: 2026-09-01\n")

    assert {note.member for note in file.notes} == {"include-aliases", "output"}
    assert "expires" in losses(entry(file, "CVE-2021-44228"), LossKind.DROPPED)
