"""Several files, one program: what they share, where they disagree, and what an unread file leaves open."""

from dataclasses import replace

from policies.language.compilation import compile_pack
from policies.language.limits import STANDARD
from policies.language.source import Source
from policies.language.verdict import Status
from tests.policies.language.evaluation.compiling import codes, pack, program, source


def test_rules_are_named_by_their_policy() -> None:
    found = program("rule r { when kev.listed then warn }", "rule r { when kev.listed then block }")

    assert [rule.name for rule in found.rules] == ["p/r", "p1/r"]
    assert found.evaluate({"kev.listed": True}).rule == "p1/r"


def test_settings_of_one_file_hold_for_all() -> None:
    found = program("settings { on_unknown = block }", "rule r { when kev.listed then block }")

    assert found.evaluate({}).status is Status.BLOCKED


def test_settings_that_agree_are_fine_and_those_that_differ_are_not() -> None:
    same, other = "settings { on_unknown = block }", "settings { on_unknown = warn }"

    assert "E309" not in codes(same, same)
    assert "E309" in codes(same, other)


def test_profiles_and_signals_are_shared() -> None:
    found = program(
        "profile p { scalar floor := 0.5 } declare { signals.risk = number }",
        "rule r { when signals.risk > profile.p.floor then block }",
    )

    assert found.evaluate({"signals.risk": 0.6}).status is Status.BLOCKED


def test_two_policies_of_one_name_are_refused() -> None:
    twice = [Source(name, 'policy "p" syntax "stella-dsl@1" { }') for name in ("a.stella", "b.stella")]

    assert [diagnostic.code for diagnostic in compile_pack(twice).diagnostics] == ["E307"]


def test_a_file_that_cannot_be_read_makes_no_name_of_another_unknown() -> None:
    broken = Source("broken.stella", "polcy")
    reading = source("rule r { when signals.risk > profile.p.floor and epss.scor > 1 then block }")

    found = compile_pack([broken, reading])

    assert [diagnostic.code for diagnostic in found.diagnostics] == ["E203", "E301"]


def test_mistakes_of_form_and_of_meaning_are_reported_together() -> None:
    found = codes("rule a { when kev.listed than block } rule b { when epss.scor > 1 then block }")

    assert {"E301"} < set(found)


def test_no_file_at_all_is_no_pack() -> None:
    assert compile_pack([]).program is None


def test_an_empty_policy_is_a_program_that_lets_everything_pass() -> None:
    assert program("").evaluate({}).status is Status.PASS


def test_a_group_that_a_source_delivers_can_be_read() -> None:
    guarded = source("rule r { when guard.ai.unsafe.count > 0 then block }")

    assert compile_pack([guarded]).program is None
    assert compile_pack([guarded], groups=frozenset({"extra"})).program is not None


def test_a_limit_asked_for_is_kept() -> None:
    found = compile_pack(
        [source("rule r { when not (not (not (kev.listed))) then block }")], limits=replace(STANDARD, depth=2)
    )

    assert [diagnostic.code for diagnostic in found.diagnostics] == ["E403"]


def test_the_same_pack_compiled_twice_is_one_program() -> None:
    body = "rule r { when kev.listed then block }"

    assert pack(body).program is pack(body).program
