"""The command, called as people and pipelines call it."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from policies.language.command_line import run

ROOT = Path(__file__).resolve().parents[3]
GOOD = """policy "base" syntax "stella-dsl@1" {
  rule exploited {
    when kev.listed
    then block
    because "known to be exploited"
  }

  release rule no_new_criticals {
    when release.count(severity.normalized == "critical" and delta.status == "new") > 0
    then block
    because "new critical since the last release"
  }

  test "an exploited vulnerability is blocked" {
    given {
      kev.listed = true
      severity.normalized = "critical"
      delta.status = "new"
    }
    expect status == "blocked"
    expect release.status == "blocked"
  }
}
"""
EXPLOITED = '{"kev.listed": true, "vuln.id": "CVE-2021-44228"}'
HARMLESS = '{"kev.listed": false, "severity.normalized": "low", "delta.status": "unchanged"}'


def stella(*arguments: str, given: str = "", at: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "policies.language", *arguments],
        input=given,
        capture_output=True,
        encoding="utf-8",
        cwd=at,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        check=False,
    )


@pytest.fixture
def good(tmp_path: Path) -> str:
    return written(tmp_path / "good.stella", GOOD)


@pytest.fixture
def bad(tmp_path: Path) -> str:
    return written(
        tmp_path / "bad.stella", GOOD.replace("then block", "then blok").replace("kev.listed\n", "kev.lsted\n")
    )


@pytest.fixture
def exploited(tmp_path: Path) -> str:
    return written(tmp_path / "exploited.json", EXPLOITED)


@pytest.fixture
def harmless(tmp_path: Path) -> str:
    return written(tmp_path / "harmless.json", HARMLESS)


def written(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


# --- check ------------------------------------------------------------------------------------------------------------


def test_check_of_a_good_pack_answers_0_with_its_digest(good: str) -> None:
    answer = stella("check", good)

    assert answer.returncode == 0
    assert answer.stdout.startswith("1 file, 2 rules, sha256:")


def test_check_shows_every_mistake_on_standard_error_and_answers_4(bad: str) -> None:
    answer = stella("check", bad)

    assert answer.returncode == 4
    assert answer.stdout == ""
    assert answer.stderr.count("error[E208]: `blok` is not an action") == 2


def test_check_in_json_answers_on_standard_output_only(bad: str) -> None:
    answer = stella("check", "--format", "json", bad)

    assert (answer.returncode, answer.stderr) == (4, "")
    assert {one["code"] for one in json.loads(answer.stdout)["diagnostics"]} >= {"E208"}


def test_the_files_of_a_folder_are_one_pack(tmp_path: Path, good: str) -> None:
    written(tmp_path / "other.stella", 'policy "other" syntax "stella-dsl@1" { settings { default_status = warned } }')

    answer = stella("check", str(Path(good).parent))

    assert answer.returncode == 0
    assert answer.stdout.startswith("2 files, 2 rules")


def test_a_file_that_is_not_utf_8_is_a_diagnostic_and_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "latin.stella").write_bytes(GOOD.replace("exploited", "\xe9", 1).encode("latin-1"))

    answer = stella("check", str(tmp_path / "latin.stella"))

    assert answer.returncode == 4
    assert "error[E109]" in answer.stderr


# --- fmt --------------------------------------------------------------------------------------------------------------


def test_fmt_writes_files_in_place_and_says_which(tmp_path: Path, good: str) -> None:
    ugly = written(tmp_path / "ugly.stella", "\ufeff" + GOOD.replace("\n  ", "\r\n "))

    answer = stella("fmt", good, ugly)

    assert (answer.returncode, answer.stdout) == (0, f"formatted {ugly}\n")
    assert Path(ugly).read_text(encoding="utf-8") == GOOD


def test_fmt_check_changes_nothing_and_answers_4(tmp_path: Path) -> None:
    ugly = written(tmp_path / "ugly.stella", GOOD.replace("  ", " "))
    before = Path(ugly).read_bytes()

    answer = stella("fmt", "--check", ugly)

    assert (answer.returncode, answer.stdout) == (4, f"would format {ugly}\n")
    assert Path(ugly).read_bytes() == before


def test_fmt_of_standard_input_goes_to_standard_output() -> None:
    answer = stella("fmt", "-", given=GOOD.replace("\n  ", "\n"))

    assert (answer.returncode, answer.stdout) == (0, GOOD)


def test_fmt_leaves_a_file_with_mistakes_alone(bad: str) -> None:
    before = Path(bad).read_bytes()

    answer = stella("fmt", bad)

    assert answer.returncode == 4
    assert "error[E208]" in answer.stderr
    assert Path(bad).read_bytes() == before


# --- eval -------------------------------------------------------------------------------------------------------------


def test_eval_answers_0_also_for_a_blocked_verdict(good: str, exploited: str) -> None:
    answer = stella("eval", "--facts", exploited, good)

    assert answer.returncode == 0
    assert answer.stdout.startswith("1 CVE-2021-44228: blocked by base/exploited: known to be exploited\n")


def test_eval_with_gate_answers_2_where_a_verdict_is_blocked_and_0_where_none_is(
    good: str, exploited: str, harmless: str
) -> None:
    assert stella("eval", "--gate", "--facts", exploited, good).returncode == 2
    assert stella("eval", "--gate", "--facts", harmless, good).returncode == 0


def test_eval_with_gate_answers_2_where_only_a_release_rule_blocks(tmp_path: Path, good: str) -> None:
    facts = '[{"kev.listed": false, "severity.normalized": "critical", "delta.status": "new"}]'

    answer = stella("eval", "--gate", "--facts", written(tmp_path / "new.json", facts), good)

    assert answer.returncode == 2
    assert "release: blocked by base/no_new_criticals: new critical since the last release\n" in answer.stdout


def test_eval_takes_a_list_of_findings_and_answers_in_json_in_their_order(tmp_path: Path, good: str) -> None:
    facts = written(tmp_path / "two.json", f"[{EXPLOITED}, {HARMLESS}]")

    answer = stella("eval", "--format", "json", "--facts", facts, good)

    assert [one["status"] for one in json.loads(answer.stdout)["verdicts"]] == ["blocked", "pass"]


def test_at_is_the_instant_of_the_run_where_a_finding_does_not_say_its_own(tmp_path: Path) -> None:
    rule = 'rule late { when run.at >= instant("2026-06-01T00:00:00Z") then block because "late" }'
    policy = written(tmp_path / "late.stella", f'policy "p" syntax "stella-dsl@1" {{ {rule} }}')
    facts = written(tmp_path / "at.json", '[{}, {"run.at": "2026-01-01T00:00:00Z"}]')

    answer = stella("eval", "--format", "json", "--at", "2026-07-01T00:00:00+02:00", "--facts", facts, policy)

    assert [one["status"] for one in json.loads(answer.stdout)["verdicts"]] == ["blocked", "pass"]


def test_facts_that_are_not_of_the_catalogue_are_diagnostics_with_their_pointer(tmp_path: Path, good: str) -> None:
    facts = written(tmp_path / "wrong.json", '[{}, {"kev.listed": "yes"}]')

    answer = stella("eval", "--gate", "--facts", facts, good)

    assert answer.returncode == 4
    assert "/1/kev.listed" in answer.stderr


# --- explain, test, ir, facts, codes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_explain_names_the_rule_and_the_value_it_was_judged_by(good: str, exploited: str, form: str) -> None:
    answer = stella("explain", "--format", form, "--facts", exploited, good)

    assert answer.returncode == 0
    assert "base/exploited" in answer.stdout
    assert "kev.listed" in answer.stdout


def test_explain_in_json_names_each_trace(good: str, exploited: str) -> None:
    answer = stella("explain", "--format", "json", "--facts", exploited, good)

    (trace,) = json.loads(answer.stdout)["traces"]
    assert trace["id"].startswith("rat:sha256:")


def test_test_answers_0_and_shows_what_is_covered(good: str) -> None:
    answer = stella("test", good)

    assert answer.returncode == 0
    assert "1 tests, 0 failed\nrules covered: 100 %, conditions covered: 50 %\n" in answer.stdout
    assert "  never false: base/exploited: kev.listed\n" in answer.stdout


def test_a_failed_test_answers_5_with_what_was_expected(tmp_path: Path) -> None:
    policy = written(tmp_path / "failing.stella", GOOD.replace('expect status == "blocked"', 'expect status == "pass"'))

    answer = stella("test", policy)

    assert answer.returncode == 5
    assert 'expected status == "pass"; status is "blocked"' in answer.stdout


def test_ir_gives_the_same_digest_for_the_same_meaning(tmp_path: Path, good: str) -> None:
    respaced = written(tmp_path / "respaced.stella", "// a comment\n" + GOOD.replace("\n  ", "\n"))

    plain, other = (json.loads(stella("ir", "--format", "json", name).stdout) for name in (good, respaced))

    assert plain == other
    assert plain["digest"].startswith("sha256:")


def test_facts_of_a_pack_are_those_it_reads(good: str) -> None:
    answer = stella("facts", "--format", "json", good)

    assert [one["path"] for one in json.loads(answer.stdout)["facts"]] == [
        "severity.normalized",
        "kev.listed",
        "delta.status",
    ]


def test_facts_without_a_pack_are_the_whole_catalogue() -> None:
    answer = stella("facts")

    assert answer.returncode == 0
    assert "reachability.state" in answer.stdout


@pytest.mark.parametrize("verb", ["check", "ir", "test", "facts"])
def test_every_verb_answers_4_to_a_pack_with_mistakes(verb: str, bad: str) -> None:
    assert stella(verb, bad).returncode == 4


@pytest.mark.parametrize("verb", ["eval", "explain"])
def test_every_verb_with_facts_answers_4_to_a_pack_with_mistakes(verb: str, bad: str, exploited: str) -> None:
    assert stella(verb, "--facts", exploited, bad).returncode == 4


# --- usage and accidents ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("chek", "x"),
        ("check",),
        ("check", "--format", "yaml", "x"),
        ("check", "there-is-no-such-file.stella"),
        ("eval", "x"),
        ("eval", "--facts", "there-is-no-such-file.json", "policies"),
        ("eval", "--at", "tomorrow", "--facts", "x", "x"),
        ("eval", "--at", "2026-01-01T00:00:00", "--facts", "x", "x"),
        ("check", "docs"),
    ],
    ids=" ".join,
)
def test_a_call_that_cannot_be_followed_answers_11(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(arguments)

    shown = capsys.readouterr()
    assert (code, shown.out) == (11, "")
    assert shown.err


def test_a_process_that_was_called_wrongly_ends_with_11() -> None:
    assert stella("chek").returncode == 11


@pytest.mark.parametrize(
    "content", ["{", "5", '["x"]', '{"a": 1, "a": 2}', '{"cvss.score": NaN}', "[" * 100_000, "9" * 10_000]
)
def test_a_facts_file_that_is_not_json_of_findings_answers_11(tmp_path: Path, good: str, content: str) -> None:
    assert run(("eval", "--facts", written(tmp_path / "facts.json", content), good)) == 11


def test_help_answers_0() -> None:
    assert stella("--help").returncode == 0
    assert stella("eval", "--help").returncode == 0


def test_an_answer_that_cannot_be_written_answers_10() -> None:
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "policies.language", "codes"],
            stdout=full,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            check=False,
        )

    assert ended.returncode == 10


def test_the_language_is_used_without_django(good: str) -> None:
    program = f"""
        import sys
        from policies.language.__main__ import main
        main(["check", {good!r}])
        print("django" in sys.modules)
    """

    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, encoding="utf-8", cwd=ROOT, check=True
    )

    assert ended.stdout.endswith("False\n")
