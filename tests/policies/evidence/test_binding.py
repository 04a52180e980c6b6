"""A report is about the artifact it names by digest."""

import pytest

from policies.evidence.binding import Binding, bind
from policies.importers.records import ReportSubject
from tests.reports import digest_of

OURS, OTHER = digest_of("ours"), digest_of("other")


@pytest.mark.parametrize(
    "subject",
    [
        ReportSubject(digests=(f"registry.example/shop@{OURS}",)),
        ReportSubject(digests=(OTHER, OURS)),
        ReportSubject(image_id=OURS),
        ReportSubject(digests=(OTHER,), image_id=OURS),
    ],
)
def test_a_report_that_states_the_digest_in_any_place_is_about_the_artifact(subject: ReportSubject) -> None:
    assert bind(subject, OURS) is Binding.SAME


@pytest.mark.parametrize("subject", [ReportSubject(digests=(OTHER,)), ReportSubject(name="shop:1", image_id=OTHER)])
def test_a_report_that_states_other_digests_is_about_something_else(subject: ReportSubject) -> None:
    assert bind(subject, OURS) is Binding.DIFFERENT


@pytest.mark.parametrize("subject", [ReportSubject(), ReportSubject(name="shop:1", tags=("shop:1",))])
def test_a_name_alone_binds_nothing(subject: ReportSubject) -> None:
    assert bind(subject, OURS) is Binding.UNSTATED
