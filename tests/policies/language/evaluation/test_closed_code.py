"""Nothing an author writes becomes code: names are the compiler's, texts are constants, builtins are out of reach."""

import ast
import builtins
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.language.compiler.unit import Unit
from policies.language.facts import CATALOGUE, FactsRefused
from policies.language.verdict import Status
from tests.policies.language.evaluation.compiling import pack, program
from tests.policies.language.evaluation.programs import programs
from tests.policies.language.evaluation.test_agreement import compiled

HOSTILE = (
    "__import__('os').system('x')",
    '"); import os; ("',
    "${jndi:ldap://x}",
    "\\u0022 or True",
    "f.__class__.__mro__",
    "{f.__globals__}",
    "%s%n",
    "None",
    "U",
    "\U0001f4a9",
)


class _Watch:
    """Keeps every module that is compiled."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.modules: list[ast.Module] = []
        original = Unit.compiled

        def watched(unit: Unit) -> Any:
            self.modules.append(ast.Module(list(unit.functions), []))
            return original(unit)

        monkeypatch.setattr(Unit, "compiled", watched)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_string_is_only_ever_compared(text: str) -> None:
    written = text.replace("\\", "\\\\").replace('"', '\\"')
    body = f"""
      rule named {{ when component.name == "{written}" then block annotate n := "{written}" because "{written}" }}
      rule listed {{ when component.name in ["{written}", "x"] then warn message "{written}" }}
      rule globbed {{ when matches_any(component.name, ["{written}*"]) then escalate to "{written}" }}
    """

    verdict = program(body).evaluate({"component.name": text})

    assert verdict.status is Status.BLOCKED
    assert verdict.because == text
    assert verdict.annotations == (("n", text),)
    assert verdict.messages == (text,)


@pytest.mark.parametrize("name", ["__class__", "__builtins__", "decide", "get", "U", "exec", "_0", "lambda_", "f", "k"])
def test_a_name_of_python_is_a_name_like_any_other(name: str) -> None:
    body = f"""
      declare {{ signals.{name} = bool }}
      profile {name} {{ map {name} {{ source "nvd" => 1 }} scalar of_{name} := 2 }}
      rule {name} {{
        when signals.{name} and profile.{name}.of_{name} > profile.{name}.{name}[advisory.source]
        then block annotate {name}.{name} := signals.{name}
      }}
    """

    verdict = program(body).evaluate({f"signals.{name}": True, "advisory.source": "nvd"})

    assert (verdict.status, verdict.rule) == (Status.BLOCKED, f"p/{name}")


@settings(max_examples=60, deadline=None)
@given(programs)
def test_generated_code_uses_no_name_but_its_own(source: str) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        watch = _Watch(monkeypatch)
        found, _ = compiled(source.replace('policy "p"', f'policy "p{abs(hash(source))}"'))
        found.explain({})
        found.evaluate({})

    for module in watch.modules:
        for node in ast.walk(module):
            assert not isinstance(node, ast.Import | ast.ImportFrom | ast.Global | ast.Lambda | ast.Await | ast.Yield)
            if isinstance(node, ast.Attribute):
                assert node.attr == "get"
            if isinstance(node, ast.Name):
                assert not hasattr(builtins, node.id)
                assert not node.id.startswith("__")


def test_generated_code_cannot_reach_a_builtin() -> None:
    unit = Unit({})
    unit.functions.append(ast.parse("def t1(f):\n    return open('/etc/passwd')").body[0])  # type: ignore[arg-type]

    with pytest.raises(NameError):
        unit.compiled()["t1"]({})


@settings(max_examples=50, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([*sorted(CATALOGUE), "signals.x", "other"]),
        st.sampled_from([None, 5, "x", True, (), [], {}, ("x",), 1.5, float("nan"), float("inf"), b"x"]),
        max_size=8,
    )
)
def test_facts_of_wrong_types_are_refused_or_judged_and_never_crash(finding: dict[str, Any]) -> None:
    found = program("""
      rule a { when epss.score > 0.5 or kev.listed then block }
      rule b { when vuln.published < run.at or "CWE-79" in vuln.cwes then warn }
      rule c { when vex.any(trust > 0.5) or starts_with(component.name, "x") then warn }
      rule d { when severity.normalized >= "low" then warn }
    """)

    try:
        judged_as = found.evaluate(finding).status
    except FactsRefused:
        judged_as = None

    assert judged_as is None or judged_as in Status


def test_a_rule_of_very_many_parts_compiles_and_runs() -> None:
    parts = " or ".join(f'vuln.id == "CVE-2024-{number}"' for number in range(4_000))

    found = pack(f"rule r {{ when {parts} then block }}")

    assert found.program is not None
    assert found.program.evaluate({"vuln.id": "CVE-2024-3999"}).status is Status.BLOCKED


def test_nesting_up_to_the_limit_compiles_and_beyond_it_is_reported() -> None:
    def nested(depth: int) -> str:
        return f"rule r {{ when {'not (' * depth}kev.listed{')' * depth} then block }}"

    assert pack(nested(60)).program is not None
    assert "E403" in [diagnostic.code for diagnostic in pack(nested(100)).diagnostics]


def test_profiles_that_double_at_every_step_meet_the_limit_and_not_the_memory() -> None:
    doubling = "\n".join(
        f"scalar s{number} := profile.p.s{number - 1} + profile.p.s{number - 1}" for number in range(1, 40)
    )

    found = pack(f"profile p {{ scalar s0 := 1\n{doubling} }} rule r {{ when profile.p.s39 > 1 then block }}")

    assert {diagnostic.code for diagnostic in found.diagnostics if diagnostic.is_error} == {"E404"}
