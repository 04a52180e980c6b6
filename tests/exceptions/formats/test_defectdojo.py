"""DefectDojo's risk acceptances."""

import json
from typing import Any

import pytest

from exceptions.formats.values import LossKind
from exceptions.rules.vocabulary import Reason
from tests.exceptions.formats.opened import asked, entry, losses, opened, read, refused, scope


def acceptance(**said: Any) -> str:
    finding = {"cve": "CVE-2020-8203", "component_name": "lodash", "component_version": "4.17.20"}
    return json.dumps([{"name": "one", "decision": "A", "accepted_findings": [finding], **said}])


def test_an_acceptance_becomes_one_draft_for_each_package() -> None:
    file = opened("acceptances.defectdojo.json")

    drafts = [one.asked for one in file.entries if one.title == "Log4j until the replacement" and one.asked]
    assert [draft.scope for draft in drafts] == [
        scope(
            "CVE-2021-44228",
            "CVE-2021-45046",
            "GHSA-jfh8-c2jp-5v3q",
            packages=("pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1",),
        ),
        scope("CVE-2020-8203", packages=("pkg:*/lodash@4.17.20",)),
    ]
    assert {draft.expires_at.isoformat() for draft in drafts} == {"2026-03-20T00:00:00+00:00"}


def test_who_accepted_it_there_counts_for_nothing_here_and_is_told() -> None:
    file = opened("acceptances.defectdojo.json")

    dropped = losses(file.entries[0], LossKind.DROPPED)
    assert dropped["accepted_by"] == "what another tool approved is proposed here, and decided here"
    assert "owner" in dropped


def test_findings_named_by_number_cannot_be_scoped() -> None:
    [fault] = entry(opened("acceptances.defectdojo.json"), "By number").faults

    assert (fault.code, fault.pointer) == ("import.findings_missing", "/results/1")


@pytest.mark.parametrize(
    "letter,reason",
    [
        ("A", Reason.ACCEPTED_RISK),
        ("V", Reason.ACCEPTED_RISK),
        ("M", Reason.COMPENSATING_CONTROL),
        ("F", Reason.SCHEDULED_FIX),
        ("T", Reason.ACCEPTED_RISK),
    ],
)
def test_the_decision_is_the_reason(letter: str, reason: Reason) -> None:
    assert asked(read(acceptance(decision=letter)), "one").reason is reason


def test_a_mitigation_names_its_control_by_a_guess() -> None:
    file = opened("acceptances.defectdojo.json")

    assert asked(file, "Behind the firewall").controls == (
        "A rule of the firewall drops every request that carries such a payload.",
    )
    assert "controls" in losses(entry(file, "Behind the firewall"), LossKind.GUESSED)


def test_a_component_without_its_type_is_any_package_of_that_name_and_says_so() -> None:
    file = read(acceptance())

    assert asked(file, "one").scope == scope("CVE-2020-8203", packages=("pkg:*/lodash@4.17.20",))
    assert "any type is meant" in losses(entry(file, "one"), LossKind.WIDENED)["component_name"]


def test_a_finding_that_names_nothing_is_refused_and_the_others_go_on() -> None:
    file = read(acceptance(accepted_findings=[{"title": "something"}, {"cve": "CVE-2020-8203"}]))

    assert [(one.place, bool(one.asked)) for one in file.entries] == [("/0/accepted_findings/0", False), ("/0", True)]


def test_a_page_of_several_says_that_it_is_one() -> None:
    page = json.dumps({"next": "https://dojo.example/?page=2", "results": json.loads(acceptance())})

    assert [note.member for note in read(page).notes] == ["next"]


def test_every_mistake_is_told_at_its_pointer() -> None:
    faults = refused(acceptance(decision="X", expiration_date="soon", accepted_findings=[{"cve": 7}]))

    assert {(fault.pointer, fault.code) for fault in faults} == {
        ("/0/decision", "import.decision"),
        ("/0/expiration_date", "import.instant"),
        ("/0/accepted_findings/0/cve", "import.type"),
    }
