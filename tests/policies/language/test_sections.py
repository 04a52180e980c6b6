"""Sections, rules, actions and tests as trees, and what their mistakes are called."""

from pathlib import Path as FilePath

import pytest

from policies.language import tree
from policies.language.parser import parse
from policies.language.source import Source
from policies.language.tree import Name, Number, Path, Text
from tests.policies.language.reading import codes, mistakes, policy, read, rule, section, sections

A = Path(("a",))
EVERYTHING = FilePath(__file__).with_name("fixtures") / "everything.stella"


def test_a_file_with_every_construct_has_no_mistake() -> None:
    result = parse(Source.of_bytes("everything.stella", EVERYTHING.read_bytes()))

    assert result.diagnostics == ()
    assert result.file is not None
    assert [type(part).__name__ for part in result.file.sections] == [
        "Metadata",
        "Settings",
        "Declare",
        "Profile",
        "Rule",
        "Rule",
        "Rule",
        "Rule",
        "PolicyTest",
    ]


def test_entries_take_an_equals_sign_or_a_colon() -> None:
    assert section('metadata { a.b = "x"; c: 5;; }') == tree.Metadata(
        (tree.Entry(Path(("a", "b")), Text("x")), tree.Entry(Path(("c",)), Number("5")))
    )


def test_a_bare_word_in_settings_is_a_string() -> None:
    assert section("settings { on_unknown = block }") == section('settings { on_unknown = "block" }')


def test_a_declaration_gives_a_signal_its_type() -> None:
    assert section("declare { signals.x = list<string> }") == tree.Declare(
        (tree.Declaration(Path(("signals", "x")), tree.SignalType.STRINGS),)
    )


def test_the_rows_of_a_map_keep_their_signs() -> None:
    assert section('profile p { map m { source "a" => +1 source "b" => -0.5 source "c" => 2 } }') == tree.Profile(
        Name("p"),
        (
            tree.SourceMap(
                Name("m"),
                (
                    tree.MapRow(Text("a"), Number("+1")),
                    tree.MapRow(Text("b"), Number("-0.5")),
                    tree.MapRow(Text("c"), Number("2")),
                ),
            ),
        ),
    )


def test_the_word_scalar_may_be_left_out_and_may_be_a_name() -> None:
    assert section("profile p { scalar x := a }") == section("profile p { x := a }")
    assert section("profile p { scalar := a; map := a; env := a }") == tree.Profile(
        Name("p"), tuple(tree.Scalar(Name(word), A) for word in ("scalar", "map", "env"))
    )


def test_a_rule_without_a_priority_keeps_that_it_has_none() -> None:
    assert rule("rule r { when a then block }").priority is None
    assert rule("rule r priority 100 { when a then block }").priority == 100


def test_a_release_rule_says_so() -> None:
    assert rule("release rule r { when a then block }").release
    assert not rule("rule release { when a then block }").release


def test_a_rule_has_actions_for_both_outcomes_and_a_reason() -> None:
    read_rule = rule('rule r { when a; then block; warn; else ignore; because "x"; }')

    assert read_rule.actions == (tree.Block(), tree.Warn())
    assert read_rule.otherwise == (tree.Ignore(),)
    assert read_rule.because == Text("x")


@pytest.mark.parametrize("verb", ["block", "warn", "ignore", "defer", "escalate", "annotate", "because", "message"])
def test_a_word_of_the_language_before_a_point_or_an_assignment_is_a_path(verb: str) -> None:
    read_rule = rule(f"rule r {{ when a then {verb} := a {verb}.x := a }}")

    assert read_rule.actions == (tree.Assign(Path((verb,)), A), tree.Assign(Path((verb, "x")), A))


def test_optional_parts_of_an_action_are_not_taken_from_the_next_one() -> None:
    read_rule = rule("rule r { when a then ignore until := a escalate to := a warn message := a }")

    assert read_rule.actions == (
        tree.Ignore(),
        tree.Assign(Path(("until",)), A),
        tree.Escalate(),
        tree.Assign(Path(("to",)), A),
        tree.Warn(),
        tree.Assign(Path(("message",)), A),
    )


def test_records_stand_in_given_and_metadata_also_within_lists() -> None:
    test = section('test "t" { given { a = [{ b = 1 c = [null] }] } expect a expect a }')

    fields = (tree.Field(Name("b"), Number("1")), tree.Field(Name("c"), tree.ListLiteral((tree.Null(),))))
    assert test == tree.PolicyTest(Text("t"), (tree.Entry(A, tree.ListLiteral((tree.Record(fields),))),), (A, A))


def test_every_section_goes_on_after_semicolons() -> None:
    assert len(sections("metadata { };; settings { };")) == 2


def test_the_words_of_the_language_are_free_names() -> None:
    assert rule("rule policy { when rule.test and given(expect) then block }").name == Name("policy")


@pytest.mark.parametrize("version", ["stella-dsl@1", "stella-dsl@1.0"])
def test_both_spellings_of_the_version_are_read(version: str) -> None:
    assert parse(Source("p", f'policy "p" syntax "{version}" {{ }}')).diagnostics == ()


def test_a_file_holds_exactly_one_policy() -> None:
    result = parse(Source("p", policy("") + policy("")))

    assert codes(result) == ["E205"]
    assert result.diagnostics[0].hint == "a file holds one policy; write another one in a file of its own"


def test_carriage_returns_and_a_byte_order_mark_change_nothing() -> None:
    plain = EVERYTHING.read_text(encoding="utf-8")

    windows = parse(Source.of_bytes("p", b"\xef\xbb\xbf" + plain.replace("\n", "\r\n").encode()))

    assert windows.diagnostics == ()
    assert windows.file == parse(Source("p", plain)).file


# --- recovery ---------------------------------------------------------------------------------------------------------


def test_the_mistakes_of_every_section_are_reported_at_once() -> None:
    found = mistakes("""
        settings { strict := true; on_unknown = }
        declare { signals.a = boolean }
        profile p { map m { sorce "x" => 1 } floor = 5 }
        rule a { when x = 1 then blok because 5 }
        rule b { then block }
        test "t" { given { kev.listed = } }
    """)

    assert found == ["E211", "E201", "E216", "E201", "E211", "E211", "E208", "E201", "E209", "E215", "E201"]


def test_a_brace_that_is_not_closed_does_not_swallow_the_next_rule() -> None:
    result = read("rule a { when x then block\nrule b { when y then blok }")

    assert codes(result) == ["E206", "E208"]


def test_a_mistake_inside_nested_braces_does_not_close_the_rule_around_them() -> None:
    result = read("rule a { when x then requireVex { vendor = [] } warn } rule b { when y then block }")

    assert codes(result) == ["E201"]
    assert result.file is not None
    assert [part.name.text for part in result.file.sections if isinstance(part, tree.Rule)] == ["a", "b"]


def test_sections_with_misspelt_words_are_each_reported() -> None:
    result = read("seting { } rul r { when a then block } tset { } rule b { when y then block }")

    assert [diagnostic.hint for diagnostic in result.diagnostics] == [
        "did you mean `settings`?",
        "did you mean `rule`?",
        "did you mean `test`?",
    ]


def test_a_rule_whose_clauses_stand_in_another_order_is_read_and_reported() -> None:
    result = read('rule r { because "x" then block when a }')

    assert codes(result) == ["E201", "E201"]
    assert result.file is not None
    assert len(result.file.sections) == 1


def test_requested_vex_needs_both_lists() -> None:
    assert mistakes('rule r { when a then requireVex { vendors = ["x"] } }') == ["E201"]
    assert mistakes('rule r { when a then requireVex { justifications = ["x"] vendors = [] } }') == ["E201"]


def test_a_deferral_needs_an_end_and_an_ignore_does_not() -> None:
    assert mistakes("rule r { when a then defer }") == ["E222"]
    assert mistakes("rule r { when a then ignore }") == []


@pytest.mark.parametrize("priority", ["-1", "1.5", "x", "1d", "12345678901"])
def test_a_priority_is_a_whole_number(priority: str) -> None:
    assert mistakes(f"rule r priority {priority} {{ when a then block }}") == ["E220"]


@pytest.mark.parametrize(
    "moment",
    [
        'date("2026-13-01")',
        'date("20260101")',
        'date("2026-W01-1")',
        "date(a)",
        "date()",
        'date("2026-01-01", 5)',
        'instant("2026-01-01T00:00:00")',
        'instant("2026-01-01")',
        'instant("2026-01-01T24:00:00Z")',
        'instant("0001-01-01T00:00:00+01:00")',
    ],
)
def test_a_moment_that_does_not_exist_is_refused(moment: str) -> None:
    assert "E217" in mistakes(f"rule r {{ when a > {moment} then block }}")
