"""The findings every contender judges: seeded, so that each run measures the same."""

import random
from collections.abc import Mapping, Sequence
from typing import Final

from policies.language.types import Facts, FactValue

_SEED: Final = 20260615
_KINDS: Final = ("vulnerability", "secret", "malware", "licence")
_SEVERITIES: Final = ("critical", "high", "medium", "low", "none")
_ALWAYS_KNOWN: Final = frozenset({"finding.kind", "vex.status"})


def complete(count: int) -> list[Facts]:
    """Return findings of which everything the policy reads is known, in the proportions of a usual estate."""
    chance = random.Random(_SEED)
    return [_finding(chance) for _ in range(count)]


def with_gaps(count: int) -> list[Facts]:
    """Return findings of which one fact in seven is unknown."""
    chance = random.Random(_SEED)
    return [
        {path: value for path, value in _finding(chance).items() if path in _ALWAYS_KNOWN or chance.random() > 1 / 7}
        for _ in range(count)
    ]


def named(count: int, names: int) -> list[Facts]:
    """Return findings of so many different vulnerabilities, for rules that name one each."""
    chance = random.Random(_SEED)
    return [{**_finding(chance), "vuln.id": f"CVE-2024-{chance.randrange(names):04}"} for _ in range(count)]


def _finding(chance: random.Random) -> dict[str, FactValue]:
    return {
        "finding.kind": chance.choices(_KINDS, [90, 5, 1, 4])[0],
        "severity.normalized": chance.choices(_SEVERITIES, [5, 20, 40, 30, 5])[0],
        "kev.listed": chance.random() < 0.02,
        "advisory.fix_available": chance.random() < 0.6,
        "epss.score": round(chance.random() ** 4, 5),
        "cvss.score": round(chance.random() * 10, 1),
        "vex.status": chance.choices(("none", "not_affected", "fixed", "affected"), [80, 8, 2, 10])[0],
        "reachability.state": chance.choice(("unknown", "reachable", "unreachable")),
        "component.scope": chance.choice(("dev", "runtime")),
        "age.days": float(chance.randrange(200)),
        "env.exposure": chance.choice(("internet", "internal")),
    }


def underscored(findings: Sequence[Facts]) -> list[dict[str, object]]:
    """Return findings under names that engines with dotted paths of their own can read: `epss_score`."""
    return [_underscored(finding) for finding in findings]


def _underscored(finding: Mapping[str, object]) -> dict[str, object]:
    return {path.replace(".", "_"): value for path, value in finding.items()}
