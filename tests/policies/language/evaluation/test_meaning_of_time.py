"""What time and statements do: deferrals, ignoring until, and required VEX."""

from datetime import UTC, datetime, timedelta

import pytest

from policies.language.types import FactValue
from policies.language.verdict import Obligation, ObligationKind, RequiredVex, Status, VerdictCode
from tests.policies.language.evaluation.compiling import judged

NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
DEFER = 'rule r { when kev.listed then defer until date("2027-01-01") because "a fix is planned" }'
IGNORE = 'rule r { when kev.listed then ignore until date("2027-01-01") because "noise" }'
REQUIRE = """rule r {
  when kev.listed
  then requireVex { vendors = ["RedHat"] justifications = ["component_not_present"] }
  because "ask the vendor"
}"""
STATEMENT: dict[str, FactValue] = {
    "status": "not_affected",
    "source": "redhat",
    "justification": "component_not_present",
}


@pytest.mark.parametrize(
    "moment,status,code",
    [
        (NEW_YEAR - MICROSECOND, Status.DEFERRED, None),
        (NEW_YEAR, Status.BLOCKED, VerdictCode.DEFERRAL_OVER),
        (NEW_YEAR + MICROSECOND, Status.BLOCKED, VerdictCode.DEFERRAL_OVER),
        (NEW_YEAR.astimezone(tz=None), Status.BLOCKED, VerdictCode.DEFERRAL_OVER),
    ],
)
def test_a_deferral_is_over_at_its_very_instant(moment: datetime, status: Status, code: VerdictCode | None) -> None:
    verdict = judged(DEFER, kev__listed=True, run__at=moment)

    assert (verdict.status, verdict.code) == (status, code)


def test_a_running_deferral_says_until_when() -> None:
    verdict = judged(DEFER, kev__listed=True, run__at=NEW_YEAR - MICROSECOND)

    assert verdict.obligations == (Obligation(ObligationKind.RESOLVE_BEFORE, "2027-01-01T00:00:00Z"),)


def test_a_deferral_whose_instant_is_unknown_might_be_over() -> None:
    verdict = judged("rule r { when kev.listed then defer until exception.expires_at }", kev__listed=True)

    assert (verdict.status, verdict.worst, verdict.undecided) == (Status.DEFERRED, Status.BLOCKED, True)
    assert verdict.unknown_facts == ("exception.expires_at", "run.at")


def test_a_block_for_another_reason_is_not_called_the_end_of_a_deferral() -> None:
    body = DEFER + " rule q { when kev.listed then block }"

    assert judged(body, kev__listed=True, run__at=NEW_YEAR).code is None


@pytest.mark.parametrize("moment,status", [(NEW_YEAR - MICROSECOND, Status.IGNORED), (NEW_YEAR, Status.PASS)])
def test_ignoring_stops_at_its_very_instant(moment: datetime, status: Status) -> None:
    assert judged(IGNORE, kev__listed=True, run__at=moment).status is status


def test_ignoring_without_knowing_the_time_does_not_happen() -> None:
    assert judged(IGNORE, kev__listed=True).status is Status.PASS


@pytest.mark.parametrize(
    "statements,status",
    [
        ((), Status.REQUIRES_VEX),
        ((STATEMENT,), Status.PASS),
        (({**STATEMENT, "source": "REDHAT"},), Status.PASS),
        (({**STATEMENT, "source": "debian"},), Status.REQUIRES_VEX),
        (({**STATEMENT, "justification": "inline_mitigations_already_exist"},), Status.REQUIRES_VEX),
        (({**STATEMENT, "source": "debian"}, STATEMENT), Status.PASS),
    ],
)
def test_vex_is_required_while_no_listed_vendor_has_given_a_listed_justification(
    statements: tuple[dict[str, FactValue], ...], status: Status
) -> None:
    assert judged(REQUIRE, kev__listed=True, vex__statements=statements).status is status


def test_required_vex_is_named_and_owed() -> None:
    verdict = judged(REQUIRE, kev__listed=True, vex__statements=())

    assert verdict.required_vex == (RequiredVex(("redhat",), ("component_not_present",)),)
    assert verdict.obligations == (Obligation(ObligationKind.PROVIDE_VEX, "redhat"),)


def test_statements_nobody_delivered_may_hold_the_required_one_or_not() -> None:
    body = REQUIRE + " rule later priority 200 { when kev.listed then block }"

    verdict = judged(body, kev__listed=True)

    assert (verdict.status, verdict.undecided) == (Status.BLOCKED, False)
    assert judged(REQUIRE, kev__listed=True).worst is Status.REQUIRES_VEX
    assert judged(REQUIRE, kev__listed=True).unknown_facts == ("vex.statements",)
