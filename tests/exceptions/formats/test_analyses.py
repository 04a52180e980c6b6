"""Dependency-Track's findings and CycloneDX VEX: what an analysis decides."""

import pytest

from exceptions.formats.decisions import Decision, Undecided, decision_of
from exceptions.formats.values import LossKind
from exceptions.rules.vocabulary import Reason
from tests.exceptions.formats.opened import asked, entry, losses, opened, read, refused, scope


@pytest.mark.parametrize(
    "state,response,suppressed,reason",
    [
        ("FALSE_POSITIVE", "", False, Reason.FALSE_POSITIVE),
        ("NOT_AFFECTED", "", True, Reason.VENDOR_NOT_AFFECTED),
        ("NOT_SET", "", True, Reason.ACCEPTED_RISK),
        ("", "", True, Reason.ACCEPTED_RISK),
        ("EXPLOITABLE", "", True, None),
        ("EXPLOITABLE", "WILL_NOT_FIX", True, Reason.ACCEPTED_RISK),
        ("IN_TRIAGE", "", True, None),
        ("EXPLOITABLE", "WILL_NOT_FIX", False, Reason.ACCEPTED_RISK),
        ("EXPLOITABLE", "UPDATE", False, Reason.SCHEDULED_FIX),
        ("exploitable", "workaround_available", False, Reason.ACCEPTED_RISK),
        ("EXPLOITABLE", "", False, None),
        ("IN_TRIAGE", "", False, None),
        ("RESOLVED", "", True, None),
        ("NOT_SET", "", False, None),
    ],
)
def test_an_analysis_is_a_reason_only_where_it_decides(
    state: str, response: str, *, suppressed: bool, reason: Reason | None
) -> None:
    decision = decision_of(state, responses=(response,), suppressed=suppressed)

    assert (decision.reason if isinstance(decision, Decision) else None) is reason
    assert isinstance(decision, Decision | Undecided)


def test_what_is_suppressed_and_said_to_be_exploitable_is_skipped_for_its_contradiction() -> None:
    decision = decision_of("EXPLOITABLE", suppressed=True)

    assert decision == Undecided(
        "it is suppressed, and its state says otherwise: it is known to be there, and nothing forgives it"
    )


def test_a_state_nobody_knows_refuses_the_file_at_its_pointer() -> None:
    faults = refused('{"meta": {}, "project": {}, "findings": [{"analysis": {"state": "PERHAPS"}}]}')

    assert [(fault.pointer, fault.code) for fault in faults] == [("/findings/0/analysis/state", "import.state")]


def test_findings_become_one_draft_each_in_their_package() -> None:
    file = opened("findings.fpf.json")

    assert file.format == "dependency_track"
    assert [(one.title, one.asked.reason) for one in file.entries if one.asked] == [
        ("CVE-2020-8203", Reason.FALSE_POSITIVE),
        ("CVE-2021-23337", Reason.VENDOR_NOT_AFFECTED),
        ("CVE-2021-44906", Reason.ACCEPTED_RISK),
    ]
    assert asked(file, "CVE-2020-8203").scope == scope("CVE-2020-8203", packages=("pkg:npm/lodash@4.17.20",))


def test_findings_that_need_no_exception_are_skipped_and_counted() -> None:
    file = opened("findings.fpf.json")

    assert {one.title: one.skipped for one in file.entries if one.skipped} == {
        "CVE-2020-7598": "it is fixed, which needs no exception",
        "CVE-2020-7599": "it is known to be there, and nothing forgives it",
    }
    assert [(note.member, note.message) for note in file.notes] == [
        ("findings", "nobody analysed or suppressed these: 1")
    ]


def test_the_project_is_lost_and_said_to_whoever_decides() -> None:
    file = opened("findings.fpf.json")

    assert "shop 1.0.0" in losses(entry(file, "CVE-2020-8203"), LossKind.WIDENED)["project"]
    assert asked(file, "CVE-2020-8203").rationale.endswith("There it held for the project shop 1.0.0 alone.")


def test_whose_word_a_not_affected_is_counts_as_a_guess() -> None:
    file = opened("findings.fpf.json")

    assert "not who found that out" in losses(entry(file, "CVE-2021-23337"), LossKind.GUESSED)["reason"]
    assert "analysis.justification" in losses(entry(file, "CVE-2021-23337"), LossKind.DROPPED)


def test_references_of_cyclonedx_are_looked_up_at_any_depth() -> None:
    draft = asked(opened("project.vex.json"), "CVE-2020-8203")

    assert draft.scope == scope("CVE-2020-8203", packages=("pkg:npm/lodash.merge@4.6.0", "pkg:npm/lodash@4.17.20"))


def test_a_link_into_another_document_names_its_package() -> None:
    draft = asked(opened("project.vex.json"), "CVE-2021-44906")

    assert (draft.reason, draft.scope) == (
        Reason.SCHEDULED_FIX,
        scope("CVE-2021-44906", packages=("pkg:npm/minimist@1.2.5",)),
    )


def test_the_product_alone_binds_nothing_here_and_is_said() -> None:
    file = opened("project.vex.json")

    assert asked(file, "CVE-2021-23337").scope == scope("CVE-2021-23337")
    assert "shop 1.0.0" in losses(entry(file, "CVE-2021-23337"), LossKind.WIDENED)["metadata.component"]


def test_what_is_not_described_is_dropped_beside_packages_and_widens_alone() -> None:
    row = '{"id": "CVE-2020-8203", "analysis": {"state": "false_positive"}, "affects": %s}'
    alone, beside = '[{"ref": "elsewhere"}]', '[{"ref": "elsewhere"}, {"ref": "pkg:npm/lodash@4.17.20"}]'
    document = '{"bomFormat": "CycloneDX", "vulnerabilities": [%s]}'

    [widened] = read(document % (row % alone)).entries
    [dropped] = read(document % (row % beside)).entries

    assert "elsewhere" in losses(widened, LossKind.WIDENED)["affects"]
    assert "elsewhere" in losses(dropped, LossKind.DROPPED)["affects"]


def test_an_unreadable_package_url_refuses_the_file_at_its_pointer() -> None:
    faults = refused(
        '{"bomFormat": "CycloneDX", "components": [{"bom-ref": "a", "purl": "pkg:"}], "vulnerabilities": '
        '[{"id": "CVE-2020-8203", "analysis": {"state": "false_positive"}, "affects": [{"ref": "a"}]}]}'
    )

    assert [(fault.pointer, fault.code) for fault in faults] == [("/components/0/purl", "import.purl")]
