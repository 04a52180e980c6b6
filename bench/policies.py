"""The policy every contender decides by, in our language; each peer has it in its own."""

from policies.language.compilation import compile_pack
from policies.language.program import Program
from policies.language.source import Source

TWELVE_RULES = """policy "bench" syntax "stella-dsl@1" {
  rule dismissed priority 10 { when vex.status in ["not_affected", "fixed"] then ignore because "dismissed" }
  rule exploited { when severity.normalized >= "high" and kev.listed then block because "exploited" }
  rule likely {
    when severity.normalized == "critical" and advisory.fix_available and epss.score >= 0.6
    then block
    because "likely"
  }
  rule critical { when severity.normalized == "critical" then warn because "critical" }
  rule fixable { when severity.normalized == "high" and advisory.fix_available then warn because "fixable" }
  rule reachable { when cvss.score >= 7.0 and reachability.state == "reachable" then block because "reachable" }
  rule predicted { when epss.score >= 0.9 then warn because "predicted" }
  rule malware { when finding.kind == "malware" then block because "malware" }
  rule secret { when finding.kind == "secret" and severity.normalized >= "high" then block because "secret" }
  rule development { when component.scope == "dev" and severity.normalized == "medium" then warn because "dev" }
  rule old { when age.days > 90 and severity.normalized >= "medium" then warn because "old" }
  rule exposed { when env.exposure == "internet" and cvss.score >= 9.0 then block because "exposed" }
}
"""


def twelve_rules() -> Program:
    """Return the program every contender is measured against."""
    return _program(TWELVE_RULES)


def indexed_rules(count: int) -> Program:
    """Return a program of so many rules, each about one vulnerability."""
    rules = "\n".join(
        f'  rule r{number} {{ when vuln.id == "CVE-2024-{number:04}" and severity.normalized >= "high" '
        f'then block because "r{number}" }}'
        for number in range(count)
    )
    return _program(f'policy "indexed" syntax "stella-dsl@1" {{\n{rules}\n}}\n')


def _program(text: str) -> Program:
    result = compile_pack([Source("bench.stella", text)])
    if result.program is None:
        raise ValueError("the policy of the bench does not compile")
    return result.program
