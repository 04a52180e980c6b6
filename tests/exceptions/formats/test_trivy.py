"""Both files in which Trivy ignores findings."""

import pytest

from exceptions.formats.values import LossKind
from exceptions.rules.vocabulary import ExceptionType, Reason
from tests.exceptions.formats.opened import asked, entry, losses, opened, read, refused, scope
from tests.real_data import real_data


@pytest.mark.parametrize(
    "identifier,type_",
    [
        ("CVE-2018-14618", ExceptionType.VULNERABILITY),
        ("GHSA-jfh8-c2jp-5v3q", ExceptionType.VULNERABILITY),
        ("TEMP-0290435-0B57B5", ExceptionType.VULNERABILITY),
        ("DSA-5283-1", ExceptionType.VULNERABILITY),
        ("RUSTSEC-2021-0003", ExceptionType.VULNERABILITY),
        ("AVD-DS-0002", ExceptionType.POLICY),
        ("KSV001", ExceptionType.POLICY),
        ("generic-unwanted-rule", ExceptionType.POLICY),
    ],
)
def test_a_plain_id_is_a_vulnerability_by_its_form_and_else_a_rule(identifier: str, type_: ExceptionType) -> None:
    draft = asked(read(identifier), identifier)

    assert (draft.type, draft.scope) == (type_, scope(identifier))


def test_a_comment_above_an_id_is_its_reason_and_one_beside_it_wins() -> None:
    file = opened("plain.trivyignore")

    assert asked(file, "CVE-2022-40897").rationale.startswith("No impact. ")
    assert asked(file, "generic-unwanted-rule").rationale.startswith("a fixture of the tests")


def test_a_blank_line_ends_what_a_comment_is_about() -> None:
    assert "no reason is given" in asked(opened("plain.trivyignore"), "AVD-DS-0002").rationale


def test_a_comment_that_stands_above_several_ids_is_told_as_a_guess() -> None:
    file = read("# No impact\nCVE-2018-14618\nCVE-2019-1543\n")

    assert asked(file, "CVE-2019-1543").rationale.startswith("No impact. ")
    assert "comment" in losses(entry(file, "CVE-2019-1543"), LossKind.GUESSED)
    assert "comment" not in losses(entry(file, "CVE-2018-14618"), LossKind.GUESSED)


def test_every_unreadable_day_is_told_at_its_line() -> None:
    faults = refused("CVE-2018-14618 exp:tomorrow\nCVE-2019-1543\nCVE-2019-1544 exp:2026-02-30\n")

    assert [(fault.pointer, fault.code) for fault in faults] == [
        ("line 1", "import.instant"),
        ("line 3", "import.instant"),
    ]


def test_a_word_that_is_no_id_is_refused_at_its_line() -> None:
    faults = refused("hello\nCVE-2018-14618\nWorld exp:2026-09-01\n")

    assert [(fault.pointer, fault.code) for fault in faults] == [
        ("line 1", "import.identifier"),
        ("line 3", "import.identifier"),
    ]
    assert "'hello' is a word and no id" in faults[0].message


def test_words_that_mean_nothing_are_told() -> None:
    file = read("CVE-2018-14618 please exp:2026-09-01")

    assert "please" in losses(entry(file, "CVE-2018-14618"), LossKind.DROPPED)["line"]


def test_the_lists_of_the_yaml_are_of_their_kinds() -> None:
    file = opened("ignored.trivyignore.yaml")

    assert [(one.asked.type, one.asked.reason) for one in file.entries if one.asked] == [
        (ExceptionType.VULNERABILITY, Reason.ACCEPTED_RISK),
        (ExceptionType.VULNERABILITY, Reason.ACCEPTED_RISK),
        (ExceptionType.VULNERABILITY, Reason.ACCEPTED_RISK),
        (ExceptionType.POLICY, Reason.ACCEPTED_RISK),
        (ExceptionType.POLICY, Reason.ACCEPTED_RISK),
        (ExceptionType.COMPONENT, Reason.LICENSE_WAIVER),
    ]


def test_paths_are_told_as_lost_and_the_rationale_keeps_them() -> None:
    file = opened("ignored.trivyignore.yaml")

    widened = losses(entry(file, "aws-access-key-id"), LossKind.WIDENED)
    assert "foo/bar/aws.secret" in widened["paths"]
    assert asked(file, "aws-access-key-id").rationale.endswith("There it held for the paths foo/bar/aws.secret alone.")


def test_packages_of_the_yaml_bind_the_scope() -> None:
    file = opened("ignored.trivyignore.yaml")

    draft = asked(file, "CVE-2023-3817")
    assert draft.scope == scope("CVE-2023-3817", packages=("pkg:deb/debian/libssl1.1@1.1.1n-0",))
    assert draft.expires_at.isoformat() == "2026-09-01T00:00:00+00:00"
    assert entry(file, "CVE-2023-3446").skipped


def test_an_entry_of_paths_alone_names_nothing_and_the_others_go_on() -> None:
    file = read("vulnerabilities:\n  - paths: [app]\n  - id: CVE-2021-44228\n")

    [fault] = file.entries[0].faults
    assert (fault.code, fault.pointer) == ("scope.too_open", "line 2")
    assert "the paths app alone says too little" in fault.message
    assert file.entries[1].asked


def test_every_mistake_of_the_yaml_is_told_at_its_line() -> None:
    faults = refused(
        "vulnerabilities:\n"
        "  - id: [CVE-2021-44228]\n"
        "  - id: CVE-2021-44228\n"
        "    expired_at: soon\n"
        "  - id: CVE-2021-44228\n"
        "    purls: [not a purl]\n"
        "secrets: none\n"
    )

    assert {(fault.pointer, fault.code) for fault in faults} >= {
        ("line 2", "import.type"),
        ("line 4", "import.instant"),
        ("line 5", "scope.package"),
        ("line 7", "import.type"),
    }


def test_the_real_file_of_trivy_is_read_to_its_end() -> None:
    file = read(real_data("scans/trivy-golden/trivyignore.yaml").read_bytes())

    assert len(file.entries) == 19
    assert [one.title for one in file.entries if one.skipped] == ["CVE-2019-0005", "CVE-2019-0006"]
    assert asked(file, "CVE-2019-0007").scope == scope(
        "CVE-2019-0007",
        packages=("pkg:golang/github.com/aquasecurity/aaa@9.9.9", "pkg:golang/github.com/aquasecurity/bar"),
    )
