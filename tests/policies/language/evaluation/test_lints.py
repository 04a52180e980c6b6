"""Lints keep silent where nothing is wrong; the golden files show where they speak."""

import pytest

from tests.policies.language.evaluation.compiling import pack


def lints(rules: str) -> set[str]:
    """Return the codes of warnings, coverage left out."""
    found = pack(rules)
    assert found.program is not None, found.diagnostics
    return {diagnostic.code for diagnostic in found.diagnostics} - {"W503"}


@pytest.mark.parametrize(
    "rule",
    [
        'rule r { when kev.listed then block because "why" }',
        'rule r { when epss.score >= 0.5 and epss.score < 0.9 then block because "why" }',
        'rule r { when epss.score == 0 or cvss.score == 10 then block because "why" }',
        'rule r { when not exists(epss.score) or epss.score > 0.5 then block because "why" }',
        'rule r { when coalesce(epss.score, 0) > 0.5 then block because "why" }',
        'rule r { when not license.satisfies(["MIT"]) then block because "why" }',
        'rule r { when vex.status != "fixed" then block because "why" }',
        'rule r { when exists(component.scope) and component.scope != "dev" then block because "why" }',
        'rule r { when days_since(vuln.published) > 30 and days_since(vuln.published) < 60 then block because "why" }',
        'rule r { when severity.normalized in ["high", "critical"] then block because "why" }',
        'rule r { when not (kev.listed) and exists(kev.listed) then warn because "why" }',
    ],
)
def test_an_ordinary_rule_has_nothing_to_be_said_against_it(rule: str) -> None:
    assert lints(rule) == set()


@pytest.mark.parametrize(
    "condition",
    [
        'severity.normalized == "high" and severity.normalized == "low"',
        'severity.normalized > "high" and severity.normalized < "critical"',
        'finding.kind == "secret" and finding.kind in ["licence", "malware"]',
        'component.name == "a" and component.name != "a"',
        "kev.listed and not kev.listed",
        "exists(epss.score) and not exists(epss.score)",
        "not exists(epss.score) and epss.score > 0.5",
        "(epss.score > 0.9 or epss.score < 0.1) and epss.score == 0.5",
        "days_since(vuln.published) > 60 and days_since(vuln.published) < 30",
        "vex.count() < 0",
        'license.satisfies(["MIT"]) and not license.satisfies(["MIT"])',
        'vuln.published > date("2026-01-01") and vuln.published < date("2025-01-01")',
    ],
)
def test_a_condition_that_contradicts_itself_is_found(condition: str) -> None:
    assert "W502" in lints(f'rule r {{ when {condition} then block because "why" }}')


def hides(permissive: str, blocking: str = 'severity.normalized == "critical"') -> bool:
    return "W509" in lints(f"""
      rule lets_pass priority 10 {{ {permissive} because "why" }}
      rule blocks {{ when {blocking} then block because "why" }}
    """)


@pytest.mark.parametrize(
    "permissive",
    [
        'when epss.score < 0.1 then status := "pass"',
        'when component.scope == "dev" then status := "guarded_pass"',
        'when component.scope == "dev" or vex.status == "fixed" then ignore',
        'when not kev.listed then status := "pass"',
        'when starts_with(component.name, "log4j") then status := "pass"',
        'when coalesce(epss.score, 0) < 0.1 then status := "pass"',
    ],
)
def test_a_rule_that_can_hide_a_block_is_shown_with_an_example(permissive: str) -> None:
    assert hides(permissive)


@pytest.mark.parametrize(
    "permissive",
    [
        'when vex.status == "not_affected" then ignore',
        'when reachability.state == "unreachable" and epss.score < 0.1 then ignore',
        'when exception.applied then status := "guarded_pass"',
        'when severity.normalized == "low" then status := "pass"',
        "when epss.score < 0.1 then warn",
        "when epss.score < 0.1 then block",
        'when epss.score < 0.1 then ignore until date("2026-01-01")',
    ],
)
def test_a_rule_that_rests_on_evidence_or_cannot_meet_the_block_is_not(permissive: str) -> None:
    assert not hides(permissive)


def test_a_very_large_pack_is_linted_within_bounds() -> None:
    rules = [f'rule a{n} priority 10 {{ when epss.score < 0.1 then status := "pass" because "x" }}' for n in range(60)]
    rules += [f'rule b{n} {{ when vuln.id == "CVE-2024-{n}" then block because "x" }}' for n in range(60)]

    assert "W509" in lints("\n".join(rules))


def test_conditions_of_too_many_cases_are_left_alone() -> None:
    wide = " and ".join(f"(epss.score > 0.{n} or cvss.score > {n})" for n in range(1, 9))

    assert lints(f'rule r {{ when {wide} then block because "x" }}') == set()
