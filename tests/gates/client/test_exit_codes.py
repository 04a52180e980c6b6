"""Every exit code of the client, against a server on the loopback."""

import subprocess
from itertools import combinations, product
from typing import Any

import pytest

from gates.checks.exit_codes import Decision, ExitStyle, FailOn, GateMode, Ruling, exit_code
from gates.client import stellagate
from tests.gates.client.running import CLIENT, PYTHON, check, decision, environment, run
from tests.gates.client.scripted_server import EVALUATIONS, JOBS, Answer, serving

JOB = f"{JOBS}/7"
NOWHERE = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    "body, arguments, expected",
    [
        (decision("pass"), [], 0),
        (decision("warn"), [], 0),
        (decision("block"), [], 2),
        (decision("warn"), ["--fail-on", "warn"], 3),
        (decision("pass", with_exceptions=True), [], 0),
        (decision("pass", with_exceptions=True), ["--fail-on", "exceptions"], 4),
        (decision("block", evidence_only=True), [], 2),
        (decision("block", evidence_only=True), ["--strict"], 12),
        (decision("block", bypassed=True), [], 0),
        (decision("block", bypassed=True), ["--fail-on", "bypass"], 14),
        (decision("block", mode="observe"), ["--fail-on", "warn", "--strict"], 0),
        (decision("warn"), ["--exit-codes=classic"], 1),
        (decision("block"), ["--exit-codes=classic"], 2),
    ],
)
def test_a_decision_ends_with_the_code_of_the_table(body: dict[str, Any], arguments: list[str], expected: int) -> None:
    with serving({EVALUATIONS: [Answer(body=body)]}) as server:
        ended = check(server.url, *arguments)

    assert ended.returncode == expected, ended.stderr


def test_the_client_and_the_server_agree_on_every_ruling() -> None:
    fail_ons = [chosen for size in range(4) for chosen in combinations(FailOn, size)]
    for verdict, mode, flags, fail_on, strict, style in product(
        Decision, GateMode, product((False, True), repeat=3), fail_ons, (False, True), ExitStyle
    ):
        ruling = Ruling(verdict, mode, *flags)
        body = {
            "decision": verdict.value,
            "mode": mode.value,
            "with_exceptions": ruling.with_exceptions,
            "bypassed": ruling.is_bypassed,
            "evidence_only": ruling.is_evidence_only,
        }
        ours = exit_code(ruling, fail_on=fail_on, strict=strict, style=style)
        assert stellagate.exit_code(body, fail_on=fail_on, strict=strict, style=style.value) == ours, body


@pytest.mark.parametrize("status", [400, 404, 409, 413, 422])
def test_a_refusal_of_the_callers_input_is_a_usage_error(status: int) -> None:
    problem = {
        "title": "The file was not imported",
        "detail": "one of the reports is broken",
        "code": "evidence.json_invalid",
        "errors": [{"pointer": "/reports/0", "code": "evidence.json_invalid", "message": "line 3, column 7"}],
    }
    with serving({EVALUATIONS: [Answer(status, problem)]}) as server:
        ended = check(server.url)

    assert ended.returncode == 11
    assert (
        f"The file was not imported: one of the reports is broken [evidence.json_invalid, HTTP {status}]"
        in ended.stderr
    )
    assert "/reports/0: line 3, column 7 [evidence.json_invalid]" in ended.stderr
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_of_the_token_is_the_callers_mistake_since_asking_again_does_not_help(status: int) -> None:
    with serving(
        {EVALUATIONS: [Answer(status, {"title": "No", "detail": "the token has no scope gate:evaluate"})]}
    ) as server:
        ended = check(server.url)

    assert ended.returncode == 11
    assert "gate:evaluate" in ended.stderr
    assert f"HTTP {status}" in ended.stderr


def test_a_server_that_cannot_be_reached_is_ten() -> None:
    ended = check(NOWHERE, "--timeout", "1")

    assert ended.returncode == 10
    assert f"cannot reach {NOWHERE}" in ended.stderr


def test_a_server_that_keeps_failing_is_ten() -> None:
    with serving({EVALUATIONS: [Answer(503, b"<html>no</html>")]}) as server:
        ended = check(server.url, "--timeout", "2")

    assert ended.returncode == 10
    assert "the server answers Service Unavailable [no code, HTTP 503]" in ended.stderr
    assert len(server.asked) > 1


def test_a_server_that_recovers_is_asked_again_with_the_same_key() -> None:
    with serving({EVALUATIONS: [Answer(502, b""), Answer(body=decision("block"))]}) as server:
        ended = check(server.url)

    first, second = server.asked
    assert ended.returncode == 2
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    assert first.content == second.content


def test_two_runs_are_two_questions() -> None:
    """A pipeline that is run again after a dismissal wants a new answer, not the one it got before."""
    with serving({EVALUATIONS: [Answer(body=decision())]}) as server:
        check(server.url)
        check(server.url)

    first, second = server.asked
    assert first.headers["Idempotency-Key"] != second.headers["Idempotency-Key"]


def test_an_answer_that_does_not_come_in_time_is_thirteen() -> None:
    with serving({EVALUATIONS: [Answer(body=decision(), after_seconds=3)]}) as server:
        ended = check(server.url, "--timeout", "0.5")

    assert ended.returncode == 13


@pytest.mark.parametrize(
    "body",
    [
        b"<html>a portal</html>",
        {"decision": "perhaps", "mode": "enforce"},
        {"decision": "pass"},
        {"decision": ["pass"]},
        {},
        [],
        decision("pass", environment=5, checks=7, findings=[3], links=[]) | {"decision": None},
    ],
)
def test_an_answer_that_holds_no_decision_never_passes(body: object) -> None:
    script = {EVALUATIONS: [Answer(body=body)], "/api/v1/gates/decisions/perhaps": [Answer(body={"decision": "pass"})]}
    with serving(script) as server:
        ended = check(server.url, "--timeout", "3")

    assert ended.returncode == 10
    assert ended.stderr


def test_a_redirect_is_not_followed_so_that_the_token_stays_where_it_belongs() -> None:
    with serving({EVALUATIONS: [Answer(body=decision())]}) as elsewhere:
        moved = Answer(307, b"", {"Location": f"{elsewhere.url}{EVALUATIONS}"})
        with serving({EVALUATIONS: [moved]}) as server:
            ended = check(server.url)

    assert ended.returncode == 10
    assert "307" in ended.stderr
    assert not elsewhere.asked


def _job(status: str, **members: Any) -> Answer:
    return Answer(202 if status == "queued" else 200, {"id": "7", "status": status, "status_url": JOB, **members})


def test_a_queued_question_waits_for_the_decision_of_its_job() -> None:
    body = decision("block")
    script = {
        JOBS: [_job("queued", decision=None)],
        JOB: [_job("running", decision=None), _job("succeeded", decision=body["id"])],
        body["links"]["self"]: [Answer(body=body)],
    }
    with serving(script) as server:
        ended = check(server.url, "--queue")

    assert ended.returncode == 2
    assert ended.stdout.startswith("BLOCK: registry.example/shop to production.")
    assert [request.path for request in server.asked] == [JOBS, JOB, JOB, body["links"]["self"]]


def test_a_job_may_carry_its_decision_whole() -> None:
    with serving({JOBS: [_job("queued")], JOB: [_job("succeeded", decision=decision("pass"))]}) as server:
        ended = check(server.url, "--queue")

    assert ended.returncode == 0


@pytest.mark.parametrize("status", ["failed", "dead_letter", "cancelled"])
def test_a_job_that_ends_without_a_decision_is_ten(status: str) -> None:
    failure = {"code": "snapshot.tampered", "detail": "the evidence was changed"}
    with serving({JOBS: [_job("queued")], JOB: [_job(status, failure=failure)]}) as server:
        ended = check(server.url, "--queue")

    assert ended.returncode == 10
    assert status in ended.stderr
    assert "the evidence was changed" in ended.stderr


def test_a_job_that_never_ends_is_thirteen() -> None:
    with serving({JOBS: [_job("queued")], JOB: [_job("running")]}) as server:
        ended = check(server.url, "--queue", "--timeout", "1.5")

    assert ended.returncode == 13
    assert "running" in ended.stderr


def test_a_status_address_on_another_host_is_asked_of_the_named_server() -> None:
    link = f"https://internal.example{JOB}"
    queued = Answer(202, {"status": "queued", "status_url": link})
    with serving({JOBS: [queued], JOB: [_job("succeeded", decision=decision("pass"))]}) as server:
        ended = check(server.url, "--queue")

    assert ended.returncode == 0


def test_an_evaluation_that_takes_longer_becomes_a_job() -> None:
    with serving({EVALUATIONS: [_job("queued")], JOB: [_job("succeeded", decision=decision("block"))]}) as server:
        ended = check(server.url)

    assert ended.returncode == 2


def test_without_waiting_the_question_is_put_and_nothing_is_decided() -> None:
    with serving({JOBS: [_job("queued", decision=None)]}) as server:
        ended = check(server.url, "--queue", "--no-wait")

    assert ended.returncode == 0
    assert ended.stdout == f"submitted, not decided: {JOB}\n"
    assert server.asked[0].json["wait"] is False


def test_a_reader_that_went_away_does_not_change_the_code() -> None:
    with serving({EVALUATIONS: [Answer(body=decision("block"), after_seconds=0.3)]}) as server:
        process = subprocess.Popen(
            [PYTHON, CLIENT, "check", "--environment", "production", "--artifact", "sha256:" + "0" * 64],
            env=environment(server.url),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdout is not None
        process.stdout.close()
        code = process.wait(timeout=30)

    assert code == 2


def test_help_is_no_error() -> None:
    assert run(NOWHERE, "check", "--help").returncode == 0
